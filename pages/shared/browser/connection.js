/**
 * A note while the lab cannot be reached: what is safe and what to do.
 *
 * Streamlit tells whether it is connected on its outermost element, and greys what cannot be used without a
 * word. Its own dialog comes up seconds later, lies over the whole page, and is closed here before it is
 * seen; the page beneath stays of use then.
 */

/** On the html element for as long as the lab is out of reach. */
const CLASS = "lab-unreachable";
/** A connection that is back sooner is not worth a word. */
const SECONDS = 1;

/**
 * @typedef {object} Words
 * @property {string} title what has happened
 * @property {string} offline why, where the browser knows of no network
 * @property {string} silent why, where it has one
 * @property {string} safe what is not lost
 * @property {string} next what to do, where there is a network
 * @property {string} look what to do, where there is none
 */

/**
 * The note's lines.
 * @param {Words} words
 * @param {boolean} online whether the browser has a network
 * @returns {string[]}
 */
function noteLines(words, online) {
    const [why, advice] = online ? [words.silent, words.next] : [words.offline, words.look];
    return [`${words.title} ${why}`, words.safe, advice];
}

/** Close Streamlit's own dialog about the connection. */
function closeDialog() {
    if (document.documentElement.classList.contains(CLASS)) {
        document.querySelector("[data-testid=stDialog] button[aria-label=Close]")?.click();
    }
}

/** @param {string} css rules that stay until the tab is closed, whatever becomes of the page */
function addStyle(css) {
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
}

/** @returns {HTMLElement} the note, empty and not in the document yet */
function makeNote() {
    const note = Object.assign(document.createElement("div"), { className: "lab-connection" });
    note.setAttribute("role", "alert");
    return note;
}

/**
 * Once for each tab.
 * @param {{ data: { words: Words, style: string } }} component
 */
export default function tellWhenLost({ data: { words, style } }) {
    if (document.labConnection) return;
    const app = document.querySelector("[data-testid=stApp]");
    addStyle(style);
    const note = makeNote();
    const fillNote = () => {
        const { color, backgroundColor, fontFamily } = getComputedStyle(app);
        Object.assign(note.style, { color, backgroundColor, fontFamily });
        const lines = noteLines(words, navigator.onLine);
        note.replaceChildren(
            ...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })),
        );
    };
    let timer = 0;
    const followConnection = () => {
        const isLost = app.dataset.testConnectionState !== "CONNECTED";
        document.documentElement.classList.toggle(CLASS, isLost);
        if (!isLost) {
            clearTimeout(timer);
            timer = 0;
            note.remove();
        } else if (!timer) {
            timer = setTimeout(() => {
                fillNote();
                document.body.append(note);
            }, 1000 * SECONDS);
        }
    };
    const observers = [new MutationObserver(followConnection), new MutationObserver(closeDialog)];
    observers[0].observe(app, { attributeFilter: ["data-test-connection-state"] });
    observers[1].observe(document.body, { childList: true, subtree: true });
    for (const change of ["online", "offline"]) {
        window.addEventListener(change, () => {
            if (note.isConnected) fillNote();
        });
    }
    document.labConnection = { note, observers };
    followConnection();
}
