/**
 * The presenter's keys.
 *
 * Page Down and Page Up turn the page wherever the focus is: a clicker has no other keys, and must not move a
 * slider. An arrow belongs to a slider or a choice that was reached by keyboard; what a mouse or a finger has
 * touched lets go of the focus. Letters belong to whatever text is being written. They go by what the key
 * says, and where that is no Latin letter by where it lies, so that a keyboard set to another script presents
 * as well.
 *
 * While a page gives way to the next, no page can be told anything: what is pressed then waits in a line that
 * outlives them.
 */

/** What the keys ask for, by their names. */
const WORDS = {
    PageDown: "next",
    ArrowRight: "next",
    PageUp: "back",
    ArrowLeft: "back",
    b: "black",
    ".": "black",
    d: "dials",
    r: "room",
    s: "script",
    u: "undo",
    v: "vote",
    "?": "list",
};
const NAMES_BY_PLACE = {
    KeyB: "b", Period: ".", KeyD: "d", KeyR: "r", KeyS: "s", KeyU: "u", KeyV: "v",
};
/** Keys that a browser calls so say nothing of what they are. */
const NAMELESS = new Set(["Process", "Unidentified"]);
/** What text is written into, and what arrows move. */
const WRITTEN =
    "textarea, select, [contenteditable=true], [role=combobox], [role=textbox], [role=searchbox], " +
    "input:not([type=range], [type=radio], [type=checkbox], [type=button], [type=submit], [type=file])";
const MOVED =
    `${WRITTEN}, input, [role=slider], [role=radiogroup], [role=tablist], [role=listbox], [role=menu], ` +
    "[role=grid]";
const OPEN = "dialog, [role=listbox], [role=menu]";
/** Milliseconds that a word may take: to another page, or to this one drawn anew, which says the rest. Longer
 *  for as long as the server is seen to be at work; between two looks at that. */
const PATIENCE = 5000;
const LOOK = 200;
const AT_REST = new Set(["notRunning", "compilationError"]);

/**
 * A line of words that wait to be said.
 * @typedef {{ words: string[], timer: number, listening: AbortController | null }} Line
 */

/**
 * Name of the key that was pressed; undefined for one that has none.
 * @param {{ key: string, code: string, shiftKey: boolean }} event
 * @returns {string | undefined}
 */
function nameOfKey({ key, code, shiftKey }) {
    const said = key.normalize("NFKC");
    if (/^[A-Z][A-Za-z0-9]+$/.test(said) && !NAMELESS.has(said)) return said;
    if (/^[ -~]$|^\p{Script=Latin}$/u.test(said)) return said.toLowerCase();
    return code === "Slash" && shiftKey ? "?" : NAMES_BY_PLACE[code];
}

/** Whether an element is, or lies in, one of a kind: a CSS selector. */
function isWithin(element, kind) {
    return Boolean(element?.closest?.(kind));
}

/** Whether a key belongs to what has the focus rather than to the presenter. */
function isTaken(name, element) {
    return !name.startsWith("Page") && isWithin(element, name.startsWith("Arrow") ? MOVED : WRITTEN);
}

/** Open a dialog over everything, in the browser alone: the page beneath stays as it is, and goes on. */
function openDialog(name, label, ...content) {
    const dialog = Object.assign(document.createElement("dialog"), { className: name });
    dialog.setAttribute("aria-label", label);
    dialog.append(...content);
    dialog.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
}

/** Close a dialog. @returns {boolean} whether it was open */
function closeDialog(name) {
    const dialog = document.querySelector(`dialog.${name}`);
    dialog?.close();
    return Boolean(dialog);
}

/**
 * Open the list of keys in the app's own type and colours.
 * @param {[string, string][]} rows a key and what it does
 * @param {string} title
 */
function openList(rows, title, app) {
    const table = document.createElement("table");
    for (const cells of rows) {
        const row = table.insertRow();
        for (const text of cells) row.insertCell().textContent = text;
    }
    const { color, backgroundColor, fontFamily } = getComputedStyle(app);
    Object.assign(openDialog("lab-keys", title, table).style, { color, backgroundColor, fontFamily });
}

/** Take the focus from what a mouse or a finger has touched, unless it takes text or something is open. */
function letFocusGo() {
    setTimeout(() => {
        const element = document.activeElement;
        if (!isWithin(element, WRITTEN) && !isWithin(element, OPEN)) element?.blur();
    });
}

/**
 * @param {object} component
 * @param {object} component.data
 * @param {string} component.data.page its name
 * @param {Record<string, boolean>} component.data.leads which words lead somewhere on this page
 * @param {[string, string][]} component.data.list the keys and what they do
 * @param {string} component.data.title of that list
 * @param {string} component.data.black what a screen reader says of the black screen
 * @param {(name: string, value: string) => void} component.setTriggerValue
 * @returns {() => void} lets the keys go, unless another page takes them over
 */
export default function listenToKeys({ data: { page, leads, list, title, black }, setTriggerValue }) {
    /** @type {Line} */
    const line = (document.labPresenter ??= { words: [], timer: 0, listening: null });
    const app = document.querySelector("[data-testid=stApp]");

    const pause = (milliseconds, then) => {
        clearTimeout(line.timer);
        line.timer = setTimeout(() => {
            line.timer = 0;
            then();
        }, milliseconds);
    };
    const isAtWork = () => {
        const { testConnectionState, testScriptState } = app.dataset;
        return testConnectionState === "CONNECTED" && !AT_REST.has(testScriptState);
    };
    const beginWait = () => {
        const began = performance.now();
        return () => performance.now() - began < PATIENCE || isAtWork();
    };
    const waitWhile = (isWaiting, then) => {
        pause(LOOK, () => (isWaiting() ? waitWhile(isWaiting, then) : then()));
    };
    const mayOpen = beginWait();
    const sayWords = () => {
        while (line.words.length && !line.timer) {
            const by = { next: 1, back: -1 }[line.words[0]];
            const isStillToCome = document.labBeats?.page !== page && mayOpen();
            if (by && isStillToCome) return pause(LOOK, sayWords);
            const said = line.words.shift();
            if (said === "room" && document.labRoom) {
                document.labRoom.toggle();
                continue;
            }
            const isVote = by === 1 || said === "vote";
            if (isVote && document.labRoom?.leadOn(by === 1)) continue; // to the next vote, or the answer
            if (by && document.labBeats?.step(by)) continue; // to another beat of this lesson
            if (leads[said]) {
                setTriggerValue("said", said);
                waitWhile(beginWait(), sayWords);
            }
        }
    };
    const obeyKey = (event) => {
        const name = event.isComposing ? undefined : nameOfKey(event);
        const said = WORDS[name];
        if (!said || event.ctrlKey || event.metaKey || event.altKey) return;
        if (isTaken(name, event.composedPath()[0])) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        if (event.repeat || closeDialog("lab-black")) return;
        const wasListed = closeDialog("lab-keys");
        if (said === "black") {
            openDialog("lab-black", black);
        } else if (said === "list") {
            if (!wasListed) openList(list, title, app);
        } else if (app.dataset.testConnectionState === "CONNECTED") {
            document.activeElement?.blur(); // a number half typed counts
            line.words.push(said);
            sayWords();
        }
    };

    line.listening?.abort();
    const listening = (line.listening = new AbortController());
    const listen = (name, then) =>
        window.addEventListener(name, then, { capture: true, signal: listening.signal });
    listen("keydown", obeyKey);
    listen("pointerup", letFocusGo);
    // A label gives its choice the focus; a key's click has no detail.
    listen("click", ({ detail }) => {
        if (detail) letFocusGo();
    });
    clearTimeout(line.timer);
    line.timer = 0;
    sayWords();
    return () => {
        if (line.listening !== listening) return;
        waitWhile(beginWait(), () => {
            listening.abort();
            line.words = [];
            closeDialog("lab-black");
            closeDialog("lab-keys");
        });
    };
}
