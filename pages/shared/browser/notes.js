/**
 * The speaker's notes, over the whole window: those on the beat that the presenter's window shows.
 *
 * The presenter's window says on a channel which beat that is, whenever it changes and when it is asked. A
 * clicker whose keys arrive here turns the presenter's page.
 */

/** The channel's name, as `beats.js` has it. */
const CHANNEL = "autoencoder_lab_beats";
const KEYS = new Set(["PageDown", "PageUp", "ArrowRight", "ArrowLeft", "b", "B", "."]);
const SECOND = 1000;

/**
 * What the presenter's window says of itself.
 * @typedef {object} Shown
 * @property {string} page its name
 * @property {string} name the beat's, empty on a page without beats
 * @property {string} title the beat's
 * @property {string} next the next beat's title, empty at the last
 * @property {number} at which beat, from 1
 * @property {number} count of how many
 * @property {number} began when presenting began, in milliseconds
 */

/** A time span in words: 4:05 or 1:04:05. @param {number} milliseconds @returns {string} */
function spanInWords(milliseconds) {
    const seconds = Math.max(Math.floor(milliseconds / SECOND), 0);
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

/** An element in another, of a class that the style knows. */
function addElement(parent, tag, className) {
    return parent.appendChild(Object.assign(document.createElement(tag), { className }));
}

/** A value under its label. @returns {HTMLElement} where the value goes */
function addFigure(parent, label) {
    const place = addElement(parent, "p", "lab-notes-figure");
    addElement(place, "span", "lab-notes-label").textContent = label;
    return addElement(place, "span", "lab-notes-value");
}

/**
 * @param {object} component
 * @param {object} component.data
 * @param {Record<string, Record<string, string>>} component.data.notes by page and beat
 * @param {Record<string, string>} component.data.names of the lessons, by page
 * @param {string[]} component.data.path pages in the order of the story
 * @param {Record<string, string>} component.data.words
 * @returns {() => void} takes the notes away
 */
export default function showNotes({ data: { notes, names, path, words } }) {
    const sheet = document.createElement("article");
    sheet.className = "lab-notes";
    const app = document.querySelector("[data-testid=stApp]");
    const { color, backgroundColor, fontFamily } = getComputedStyle(app);
    Object.assign(sheet.style, { color, backgroundColor, fontFamily });
    const where = addElement(sheet, "p", "lab-notes-where");
    const title = addElement(sheet, "h1", "lab-notes-title");
    const note = addElement(sheet, "p", "lab-notes-text");
    note.setAttribute("aria-live", "polite");
    const foot = addElement(sheet, "footer", "lab-notes-foot");
    const next = addFigure(foot, words.next);
    const since = addFigure(foot, words.since);
    const clock = addFigure(foot, words.clock);
    document.body.append(sheet);
    document.title = words.title;

    /** @type {Shown | null} */
    let shown = null;
    const tick = () => {
        const now = new Date();
        clock.textContent = now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
        since.textContent = shown ? spanInWords(now - shown.began) : "–";
    };
    const nextInWords = ({ page, next: following }) => {
        if (following) return following;
        const place = path.indexOf(page);
        return place < 0 ? "–" : (names[path[place + 1]] ?? words.last);
    };
    const show = () => {
        const step = shown?.count > 1 ? ` · ${shown.at} / ${shown.count}` : "";
        where.textContent = shown ? `${names[shown.page] ?? shown.page}${step}` : "";
        title.textContent = shown ? shown.title : words.title;
        note.textContent = shown ? (notes[shown.page]?.[shown.name] ?? words.none) : words.waiting;
        next.textContent = shown ? nextInWords(shown) : "–";
        sheet.scrollTo(0, 0);
        tick();
    };

    const channel = new BroadcastChannel(CHANNEL);
    const listening = new AbortController();
    const { signal } = listening;
    const hear = ({ data: said }) => {
        if (!said.shown) return;
        shown = said.shown;
        show();
    };
    channel.addEventListener("message", hear, { signal });
    const passOn = (event) => {
        if (!KEYS.has(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        if (!event.repeat) channel.postMessage({ pressed: { key: event.key, code: event.code } });
    };
    addEventListener("keydown", passOn, { signal, capture: true });
    show();
    const timer = setInterval(tick, SECOND);
    channel.postMessage({ asks: true });
    return () => {
        clearInterval(timer);
        listening.abort();
        channel.close();
        sheet.remove();
    };
}
