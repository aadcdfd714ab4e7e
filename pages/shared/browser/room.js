/**
 * The room on the presenter's screen: its code and who has voted in a corner, large on demand; the digits
 * that phones have drawn; and what leads a question on from vote to vote.
 *
 * It tells the room where the presenter is and what is asked there, as the page and its address show it, and
 * hears the room over a connection of its own: no page is run for a vote that comes in.
 */

/** Milliseconds: between two looks at the page; before a lost connection is tried again, and at most. */
const LOOK = 150;
const SOON = 300;
const LATEST = 1500;
/** Until what the room is told must have been answered. */
const ANSWER = 10_000;
/** How long the room outlives the page that showed it, until the next one does. */
const PATIENCE = 5000;
const RECENT = 5;
/** Pixels: up to this width the bar of the pages has no place for the room, whatever stands in it. */
const NARROW = 900;
const NAMES = "[data-testid=stTopNavLink], [data-testid=stTopNavSection]";
const SIDE = 28;

/**
 * What the room tells the screen.
 * @typedef {object} Now
 * @property {{ number: number, text: string, options: string[], stage: string, right?: number } | null}
 *     question the one, with the place of its right option once phones were told
 * @property {string} mark of that question
 * @property {number} phones how many have joined
 * @property {Record<string, number>} voted how many have, by stage
 * @property {number[]} drawn numbers of the digits in sight
 * @property {boolean} digits whether the lessons show them
 */

/** Where the lab lies: Streamlit's own script tells, whatever stands before the path. */
function findBase() {
    const script = document.querySelector('script[src*="static/js/"]');
    return script.src.slice(0, script.src.indexOf("static/js/"));
}

/** An element in another. @returns {HTMLElement} */
function add(parent, tag, className, text = "") {
    return parent.appendChild(Object.assign(document.createElement(tag), { className, textContent: text }));
}

/**
 * The questions of the step that is on the screen, in order; each with the place of its right option, as soon
 * as the screen shows that.
 */
function findAsked() {
    return [...document.querySelectorAll(".lab-asked")]
        .map((element) => {
            const { card, mark, text, options, answered } = element.dataset;
            const place = element.closest(`.st-key-question_${card}`);
            const shown = place?.querySelector(`.lab-right[data-mark="${CSS.escape(mark)}"]`);
            const right = shown ? Number(shown.dataset.right) : undefined;
            return { card, mark, text, options, isAnswered: answered === "1", right, place };
        })
        .filter(({ place }) => place?.checkVisibility());
}

/** A digit of 784 greys as a picture. @param {string} greys in base64 @returns {HTMLCanvasElement} */
function drawDigit(greys) {
    const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    const picture = new ImageData(SIDE, SIDE);
    Uint8Array.from(atob(greys), (letter) => letter.codePointAt(0)).forEach((grey, i) =>
        picture.data.set([grey, grey, grey, 255], 4 * i),
    );
    canvas.getContext("2d").putImageData(picture, 0, 0);
    return canvas;
}

/** Put a text on the clipboard, also where only pages under https may by themselves. */
async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        const field = Object.assign(document.createElement("textarea"), { value: text });
        (document.querySelector("dialog[open]") ?? document.body).append(field);
        field.select();
        document.execCommand("copy");
        field.remove();
    }
}

function openDialog(className, label) {
    const dialog = Object.assign(document.createElement("dialog"), { className });
    dialog.setAttribute("aria-label", label);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
}

/** Say below a dialog's buttons what could not be done. @param {Error} problem */
function tellProblem(dialog, { message }) {
    const foot = dialog.querySelector(".lab-room-foot");
    const place = foot.querySelector("[role=alert]") ?? add(foot, "p", "lab-room-problem");
    place.setAttribute("role", "alert");
    place.textContent = message;
}

/** A button in a dialog, which says what went wrong in what it does. */
function addButton(parent, text, then, className = "") {
    const button = Object.assign(add(parent, "button", className, text), { type: "button" });
    button.addEventListener("click", async () => {
        try {
            await then(button);
        } catch (problem) {
            tellProblem(button.closest("dialog"), problem);
        }
    });
    return button;
}

/** The corner. @param {Record<string, string>} words */
function createCorner(words) {
    const corner = Object.assign(document.createElement("aside"), { className: "lab-room" });
    corner.setAttribute("aria-label", words.title);
    const join = add(corner, "button", "lab-room-join");
    Object.assign(join, { type: "button", title: words.large });
    const qr = add(join, "span", "lab-room-qr");
    const code = add(join, "span", "lab-room-code");
    const said = add(corner, "div", "lab-room-said");
    const stage = add(said, "p", "lab-room-stage");
    const count = add(said, "p", "lab-room-count");
    count.setAttribute("role", "status");
    const hint = add(said, "p", "lab-room-hint");
    const drawn = Object.assign(add(corner, "button", "lab-room-drawn"), { type: "button" });
    drawn.hidden = true;
    return { corner, join, qr, code, stage, count, hint, drawn };
}

/**
 * All that is seen of the room: the corner, and the two dialogs that open from it.
 * @param {{ code: string, now: Now | null, data: any }} room
 * @param {Record<string, any>} words
 * @param {{ post: Function, save: Function, end: Function, tell: Function }} actions what is done with it
 */
function createView(room, words, { post, save, end, tell }) {
    const view = createCorner(words);
    const greys = new Map();
    /** @type {HTMLDialogElement | null} */
    let dialog = null;
    let fitted = "";

    const closeDialog = () => {
        const wasOpen = Boolean(dialog?.open);
        dialog?.close();
        dialog = null;
        return wasOpen;
    };
    const createTile = (number) => {
        const tile = addButton(dialog.querySelector(".lab-room-tiles"), "", async () => {
            await post("digits", { away: number });
            tile.remove();
            if (room.now.digits) tell("digits");
        });
        tile.title = words.away;
        tile.dataset.number = String(number);
        tile.setAttribute("aria-label", `${words.away} (${number})`);
        tile.append(drawDigit(greys.get(number)));
        return tile;
    };
    const showTiles = () => {
        const { drawn = [], digits } = room.now ?? {};
        const known = drawn.filter((number) => greys.has(number));
        view.drawn.hidden = !known.length;
        const recent = known.slice(-RECENT).map((number) => drawDigit(greys.get(number)));
        const count = document.createElement("span");
        count.textContent = words.drawn.replace("{count}", known.length);
        view.drawn.replaceChildren(...recent, count);
        view.drawn.dataset.count = String(known.length);
        const place = dialog?.querySelector(".lab-room-tiles");
        if (!place) return;
        for (const tile of place.querySelectorAll("[data-number]")) {
            if (!drawn.includes(Number(tile.dataset.number))) tile.remove();
        }
        for (const number of known) {
            if (!place.querySelector(`[data-number="${number}"]`)) place.prepend(createTile(number));
        }
        dialog.querySelector(".lab-room-empty").hidden = place.children.length > 0;
        dialog.querySelector(".lab-room-use").textContent = digits ? words.unuse : words.use;
    };
    /** Stand in the bar of the pages where no name is covered, in full or small; else in the lower corner. */
    const fit = () => {
        const { corner } = view;
        const isAsking = corner.classList.contains("lab-room-asks");
        const ends = [...document.querySelectorAll(NAMES)].map((name) => name.getBoundingClientRect().right);
        const edge = Math.max(0, ...ends);
        const now = [edge, innerWidth, isAsking, corner.textContent].join("|");
        if (now === fitted) return;
        fitted = now;
        const isFree = () => corner.getBoundingClientRect().left >= edge;
        corner.classList.toggle("lab-room-rests", !isAsking);
        corner.classList.toggle("lab-room-in-bar", !isAsking && innerWidth > NARROW);
        corner.classList.remove("lab-room-small");
        if (!isAsking && (innerWidth <= NARROW || !isFree())) corner.classList.add("lab-room-small");
        if (!isFree()) corner.classList.remove("lab-room-in-bar");
    };
    const show = () => {
        const { question, phones, voted } = room.now;
        const stage = question?.stage ?? "";
        const isAsked = findAsked().some(({ mark }) => mark === room.now.mark);
        const isOpen = isAsked && (stage === "first" || stage === "second");
        const here = phones === 1 ? words.phone : words.phones.replace("{phones}", phones);
        view.corner.classList.toggle("lab-room-asks", isOpen);
        view.stage.textContent = isAsked ? (words[stage] ?? "") : "";
        view.count.textContent = isOpen
            ? words.voted.replace("{voted}", voted[stage]).replace("{phones}", phones)
            : here;
        const next = stage === "first" && !voted.first ? "nobody" : stage;
        view.hint.textContent = isOpen ? words[`${next}_hint`] : "";
        const large = dialog?.querySelector(".lab-room-here");
        if (large) large.textContent = here;
        showTiles();
        fit();
    };
    const closeRoom = async (button) => {
        if (button.dataset.sure) {
            await post("close", {});
            return end("closed");
        }
        button.dataset.sure = "1";
        button.textContent = words.sure;
    };
    const openLarge = () => {
        closeDialog();
        dialog = openDialog("lab-room-large", words.title);
        const { qr, address, note, keep } = room.data;
        add(dialog, "div", "lab-room-qr").innerHTML = qr;
        const side = add(dialog, "div", "lab-room-side");
        add(side, "p", "lab-room-how", words.how);
        add(side, "p", "lab-room-address", address);
        add(side, "p", "lab-room-code", room.code);
        if (note) add(side, "p", "lab-room-note", note);
        add(side, "p", "lab-room-here").setAttribute("role", "status");
        const foot = add(dialog, "div", "lab-room-foot");
        addButton(foot, words.back, closeDialog, "lab-room-main").autofocus = true;
        addButton(foot, words.keep, (button) => {
            copyText(keep);
            button.textContent = words.kept;
        });
        for (const [name, text] of words.files) addButton(foot, text, () => save(name));
        addButton(foot, words.close, closeRoom);
        if (room.now) show();
    };
    const useDigits = async () => {
        await post("digits", { use: !room.now.digits });
        closeDialog();
        tell("digits");
    };
    const openTiles = () => {
        closeDialog();
        dialog = openDialog("lab-room-digits", words.digits);
        add(dialog, "h2", "", words.digits);
        add(dialog, "p", "lab-room-empty", words.empty);
        add(dialog, "div", "lab-room-tiles");
        const foot = add(dialog, "div", "lab-room-foot");
        addButton(foot, words.back, closeDialog, "lab-room-main").autofocus = true;
        addButton(foot, words.use, useDigits, "lab-room-use");
        showTiles();
    };
    view.join.addEventListener("click", openLarge);
    view.drawn.addEventListener("click", openTiles);
    return {
        show,
        fit,
        closeDialog,
        openLarge,
        say: (words_) => (view.hint.textContent = words_),
        showLost: (isLost) => view.corner.classList.toggle("lab-room-lost", isLost),
        newest: () => Math.max(0, ...greys.keys()),
        addDigits(found) {
            for (const [number, each] of Object.entries(found)) greys.set(Number(number), each);
            showTiles();
        },
        place({ qr }) {
            view.code.textContent = room.code;
            view.qr.innerHTML = qr;
            if (!view.corner.isConnected) document.body.append(view.corner);
        },
        remove() {
            closeDialog();
            view.corner.remove();
        },
    };
}

/** Tell the events of a connection, one after the other, until it ends. */
async function readEvents(answer, hear) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- one part comes after the other
        const { done, value } = await reader.read();
        if (done) return;
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        for (const part of parts) {
            const [name, data] = [/^event: (.*)$/m, /^data: (.*)$/m].map((line) => line.exec(part)?.[1]);
            if (data) hear({ name, data });
        }
    }
}

function startRoom({ code, secret, words }) {
    const headers = { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" };
    const address = `${findBase()}room/${code}/`;
    /** @type {{ code: string, now: Now | null }} */
    const room = { code, now: null, data: null, tell: () => {} };
    let [told, asked, isBusy, pause, isOver, leaving] = ["", null, false, SOON, false, 0];
    /** Marks of questions whose answer the screen has shown. */
    const answered = new Set();
    const hearing = new AbortController();

    const ask = async (what, request) => {
        try {
            return await fetch(address + what, { headers, ...request });
        } catch {
            throw new Error(words.silent);
        }
    };
    const post = async (what, content) => {
        const body = JSON.stringify(content);
        const answer = await ask(what, { method: "POST", body, signal: AbortSignal.timeout?.(ANSWER) });
        if (!answer.ok) throw new Error((await answer.json()).problem);
    };
    const save = async (name) => {
        const answer = await ask(name, {});
        if (!answer.ok) throw new Error((await answer.json()).problem);
        const link = document.createElement("a");
        link.href = URL.createObjectURL(await answer.blob());
        link.download = `room-${code}-${name}`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), PATIENCE);
    };
    const end = (word) => {
        if (isOver) return;
        isOver = true;
        hearing.abort();
        view.remove();
        if (document.labRoom === room) document.labRoom = null;
        if (word) room.tell(word);
    };
    const view = createView(room, words, { post, save, end, tell: (word) => room.tell(word) });

    // What the room tells

    const fetchDigits = async (after) => {
        const answer = await fetch(`${address}drawn?after=${after}`, { headers });
        if (answer.ok) view.addDigits(await answer.json());
    };
    const hear = ({ name, data }) => {
        if (name === "over") return end("closed");
        room.now = JSON.parse(data);
        pause = SOON;
        view.showLost(false);
        view.show();
        const newest = view.newest();
        if (room.now.drawn.some((number) => number > newest)) fetchDigits(newest);
    };
    const listen = async () => {
        try {
            const answer = await fetch(`${address}screen`, { headers, signal: hearing.signal });
            if (answer.status === 404) return end("closed");
            if (answer.ok) await readEvents(answer, hear);
        } catch {
            // cut off, or nobody answers
        }
        if (isOver) return;
        view.showLost(true);
        told = ""; // a lab that was started anew may not know
        setTimeout(listen, pause);
        pause = Math.min(2 * pause, LATEST);
    };

    // What the room is told

    const choose = (all) => {
        const kept = all.find(({ mark }) => mark === asked?.mark);
        asked = kept ?? all.find(({ isAnswered }) => !isAnswered) ?? all.at(-1) ?? null;
        return asked;
    };
    const look = async () => {
        const { page, pages } = room.data;
        const beat = document.labBeats?.page === page ? (document.labBeats.name ?? "") : "";
        const titled = [...document.querySelectorAll(".lab-beat")].find(({ dataset }) => {
            return beat ? dataset.name === beat : true;
        });
        const at = choose(findAsked());
        const question = at && { mark: at.mark, text: at.text, options: JSON.parse(at.options) };
        const title = [pages[page] ?? "", titled?.dataset.title ?? ""].filter(Boolean).join(" · ");
        const name = beat || (titled?.dataset.name ?? "");
        const place = { page, beat: name, title: title.slice(0, 80), link: location.search.slice(0, 1500) };
        const now = JSON.stringify({ place, question });
        try {
            if (now !== told) {
                await post("steer", { place, question });
                told = now;
            }
            const { question: shown, mark } = room.now ?? {};
            if (!at || !shown || mark !== at.mark || isBusy) return;
            if (!at.isAnswered) {
                if (!answered.delete(mark) || shown.stage !== "revealed") return;
                await post("stage", { mark, stage: "first" }); // it is asked again on the screen
                shown.stage = "first";
                return view.show();
            }
            answered.add(mark);
            const isToldRight = at.right === undefined || at.right === shown.right;
            if (shown.stage !== "revealed" || !isToldRight) {
                await post("stage", { mark, stage: "revealed", right: at.right });
                shown.right = at.right;
            }
        } catch (problem) {
            console.info("The room could not be told.", problem);
        }
    };
    let shownFor = "";
    const keepLooking = async () => {
        if (isOver) return;
        view.fit();
        if (room.data.isAtPage()) await look();
        const onScreen = findAsked().map(({ mark }) => mark).join();
        if (room.now && onScreen !== shownFor) view.show(); // the step has changed: what is asked, or nothing
        shownFor = onScreen;
        setTimeout(keepLooking, LOOK);
    };
    const leadTo = async ({ card, mark }, stage) => {
        isBusy = true;
        try {
            await post("stage", { mark, stage });
            room.now.question.stage = stage;
            view.show();
            if (stage === "revealed") document.querySelector(`.st-key-${card}_reveal button`)?.click();
        } catch (problem) {
            view.say(String(problem.message));
        }
        setTimeout(() => (isBusy = false), SOON);
    };

    /**
     * Lead the question on: to its second vote, then to its answer.
     * @param {boolean} isByPage by the key for the next step: it leads there where nobody has voted
     * @returns {boolean} whether the key has done something here
     */
    room.leadOn = (isByPage) => {
        if (view.closeDialog() || isBusy) return true;
        const all = findAsked();
        const at = choose(all);
        const { question, mark, voted } = room.now ?? {};
        if (!at || !question || mark !== at.mark) return false;
        if (isByPage && question.stage === "first" && !voted.first) return false;
        if (question.stage !== "revealed") {
            leadTo(at, question.stage === "first" ? "second" : "revealed");
            return true;
        }
        const following = all[all.indexOf(at) + 1];
        if (isByPage && following && !following.isAnswered) {
            asked = following;
            return true;
        }
        if (isByPage || at.isAnswered) return false;
        leadTo(at, "first"); // asked again
        return true;
    };
    room.toggle = () => {
        if (!view.closeDialog()) view.openLarge();
    };
    room.use = (data, tell) => {
        clearTimeout(leaving);
        const isFirst = !room.data;
        Object.assign(room, { data, tell });
        view.place(data);
        if (!isFirst) return;
        listen();
        keepLooking();
        if (data.isNew) view.openLarge();
    };
    room.leaveSoon = () => {
        leaving = setTimeout(() => end(""), PATIENCE);
    };
    return room;
}

/**
 * @param {object} component
 * @param {object} component.data
 * @param {string} component.data.code the room's
 * @param {string} component.data.secret by which it is steered
 * @param {string} component.data.address for phones, as it is typed
 * @param {string} component.data.note on that address, where phones cannot reach it
 * @param {string} component.data.qr SVG
 * @param {string} component.data.keep the address to come back with
 * @param {boolean} component.data.isNew whether it was just opened
 * @param {string} component.data.page name of the page
 * @param {Record<string, string>} component.data.pages names of the lessons, by page
 * @param {Record<string, string>} component.data.words
 * @param {(name: string, value: string) => void} component.setTriggerValue
 * @returns {() => void} takes the room away, unless another page shows it
 */
export default function showRoom({ data, setTriggerValue }) {
    if (document.labRoom?.code !== data.code) {
        document.labRoom?.leaveSoon();
        document.labRoom = startRoom(data);
    }
    const room = document.labRoom;
    let isHere = true;
    const isAtPage = () => isHere;
    room.use({ ...data, isAtPage }, (word) => setTriggerValue("said", word));
    return () => {
        isHere = false;
        room.leaveSoon();
    };
}
