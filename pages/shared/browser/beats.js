/**
 * The beats of a lesson, one after the other.
 *
 * A reader has them all below each other, and is told which one is at the top of the screen. While presenting
 * there is one at a time. The address names the beat that one has stepped to, so that a link opens it.
 */

/** Pixels at the top of the screen that Streamlit's own bar covers, and a little room. */
const BAR = 72;
/** On this channel the notes, in another window of this browser, hear which beat a presenter is at. */
const CHANNEL = "autoencoder_lab_beats";
const BEGAN = "lab-presenting-since";
/** Whether who presents in this tab has been told of the keys. */
const TOLD = "lab-keys-told";
/** Pixels from the top below which a beat that was stepped to has not come up to it: the page ends before. */
const LOW = 100;
/** Milliseconds for which it is marked then. */
const MARKED = 1500;
/** Milliseconds within which a page is taken to be still growing above the beat that a link has opened. */
const GROWING = 4000;

/**
 * What outlives a page: where one is, and where the next page begins.
 * @typedef {object} Place
 * @property {string} page its name
 * @property {string} name of the beat, which others may come and go before; "" for the first, whichever it is
 * @property {number} at which beat that is, from 0
 * @property {boolean} fromEnd whether the next page opens at its last beat
 * @property {boolean} [isPresented] whether there was one beat at a time when the page was drawn last
 * @property {(by: number) => boolean} step to another beat; false where the lesson has no more
 * @property {(name: string) => void} [lead] tells that one has been led to the beat called so
 * @property {(() => void) | null} [end] takes all of it from the page
 */

/**
 * @typedef {object} Beat
 * @property {string} name as the address has it
 * @property {string} title what a list of the beats calls it
 * @property {HTMLElement} first where it begins
 */

/** The beats of the page in their order, each once, however many parts it has. @returns {Beat[]} */
function findBeats() {
    const beats = new Map();
    for (const mark of document.querySelectorAll(".lab-beat")) {
        const { name, title } = mark.dataset;
        const first = mark.closest(`[class*='st-key-beat_${name}_']`);
        if (first && !beats.has(name)) beats.set(name, { name, title, first });
    }
    return [...beats.values()];
}

/** The place of the beat that the address names, or −1. */
const placeInAddress = (beats) => beats.findIndex(({ name }) => `#${name}` === location.hash);

function nameInAddress({ name }) {
    history.replaceState(history.state, "", `${location.pathname}${location.search}#${name}`);
}

/** Point out a beat that cannot come to the top of the screen. @param {Beat} beat */
function pointOut({ first }) {
    first.animate({ backgroundColor: ["rgb(230 159 0 / 0.3)", "transparent"] }, MARKED);
}

/** When presenting began in this tab, in milliseconds. It outlives a reload where the browser keeps texts. */
function findBeginning() {
    try {
        return Number((sessionStorage[BEGAN] ??= Date.now()));
    } catch {
        return performance.timeOrigin;
    }
}

/**
 * What tells the notes which beat is shown, and does what is pressed where they are.
 * @returns {{ tell: (place: Place, beats: Beat[]) => void, close: () => void }}
 */
function openChannel() {
    const channel = new BroadcastChannel(CHANNEL);
    const began = findBeginning();
    let shown = "";
    channel.addEventListener("message", ({ data: { asks, pressed } }) => {
        if (asks && shown) channel.postMessage({ shown: JSON.parse(shown) });
        if (pressed) dispatchEvent(new KeyboardEvent("keydown", pressed));
    });
    const tell = ({ page, at }, beats) => {
        const { name, title } = beats[at] ?? { name: "", title: "" };
        const next = beats[at + 1]?.title ?? "";
        const now = JSON.stringify({ page, name, title, next, at: at + 1, count: beats.length, began });
        if (now === shown) return;
        shown = now;
        channel.postMessage({ shown: JSON.parse(shown) });
    };
    return { tell, close: () => channel.close() };
}

/**
 * @param {Record<string, string>} words
 * @param {(by: number) => void} step
 * @returns {{ element: HTMLElement, show: (at: number, beats: HTMLElement[]) => void }}
 */
function createBar(words, step) {
    const element = document.createElement("nav");
    element.className = "lab-beats";
    element.setAttribute("aria-label", words.nav);
    const makeButton = (label, sign, by) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign });
        button.setAttribute("aria-label", label);
        button.addEventListener("click", () => step(by));
        return button;
    };
    const back = makeButton(words.back, "‹", -1);
    const next = makeButton(words.next, "›", 1);
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    element.append(back, said, next);
    return {
        element,
        show(at, beats) {
            const text = `${at + 1} / ${beats.length}`;
            if (said.textContent !== text) said.textContent = text;
            said.title = beats[at].title;
            back.disabled = at === 0;
            const label = at < beats.length - 1 ? words.next : words.onward;
            if (next.getAttribute("aria-label") !== label) next.setAttribute("aria-label", label);
        },
    };
}

/** Say once, to who has just begun to present, which keys there are: a few seconds, below the bar. */
function showKeys(bar, keys) {
    try {
        if (sessionStorage[TOLD]) return;
        sessionStorage[TOLD] = "1";
    } catch {
        return; // it would be said on every page
    }
    bar.append(Object.assign(document.createElement("small"), { textContent: keys }));
}

/**
 * @param {object} component
 * @param {object} component.data
 * @param {string} component.data.page its name
 * @param {boolean} component.data.isPresenting whether there is one beat at a time
 * @param {Record<string, string>} component.data.words
 * @param {string} component.data.foot key of the lesson's foot, which belongs to the last beat
 * @returns {() => void} takes the bar away
 */
export default function guideThroughBeats({ data: { page, isPresenting, foot, words } }) {
    /** @type {Place} */
    const place = (document.labBeats ??= { page: "", name: "", at: 0, fromEnd: false, step: () => false });
    place.end?.();
    const main = document.querySelector("[data-testid=stMain]");
    const style = document.head.appendChild(document.createElement("style"));
    let opened = performance.now(); // or led to by a step in the address
    const notes = isPresenting ? openChannel() : null;
    let isByHand = false; // whether the page has been moved by hand since a link or a step led to a beat

    const scrollTo = ({ first }, behavior) => {
        const { top } = first.getBoundingClientRect();
        main.scrollTo({ top: Math.max(main.scrollTop + top - BAR, 0), behavior });
    };
    const show = () => {
        const beats = findBeats();
        if (!beats.length) {
            notes?.tell(place, beats);
            return beats;
        }
        const kept = place.name ? beats.findIndex(({ name }) => name === place.name) : 0;
        // A page that is drawn anew may lack it for a moment: then it keeps its name, and comes back.
        place.at = kept < 0 ? Math.min(place.at, beats.length - 1) : kept;
        const hidden = beats.filter((_, i) => i !== place.at);
        const others = hidden.flatMap(({ name }) => {
            const beat = `[class*=st-key-beat_${name}_]`;
            return [beat, `[data-testid=stLayoutWrapper]:has(> ${beat})`]; // which would leave a gap
        });
        if (place.at < beats.length - 1) others.push(`.st-key-${foot}`);
        const rule = isPresenting && others.length ? `${others.join(", ")} { display: none !important }` : "";
        if (style.textContent !== rule) style.textContent = rule;
        if (beats.length > 1 && !bar.element.isConnected) document.body.append(bar.element);
        bar.show(place.at, beats);
        notes?.tell(place, beats);
        return beats;
    };
    const goTo = (beat) => {
        isByHand = false;
        place.name = beat.name;
        show();
        nameInAddress(beat);
        if (isPresenting) main.scrollTo({ top: 0, behavior: "instant" });
        else {
            scrollTo(beat, "auto");
            if (beat.first.getBoundingClientRect().top > LOW) pointOut(beat);
        }
        dispatchEvent(new Event("resize")); // figures that were out of sight take the room they now have
    };
    place.step = (by) => {
        const beat = findBeats()[place.at + by];
        if (beat) goTo(beat);
        else place.fromEnd = by < 0; // the page before opens at its last beat
        return Boolean(beat);
    };
    place.lead = (name) => {
        isByHand = false;
        place.name = name;
        show();
    };
    const bar = createBar(words, (by) => {
        if (!place.step(by) && by > 0) document.querySelector(`.st-key-${foot} a`)?.click();
    });
    if (isPresenting) showKeys(bar.element, words.keys);

    const beats = findBeats();
    let named = placeInAddress(beats);
    // The switch is at the page's foot, and who presents begins at the beginning.
    const isSwitchedOn = isPresenting && place.isPresented === false && place.page === page;
    place.isPresented = isPresenting;
    if (place.page !== page) {
        const last = place.fromEnd && isPresenting ? beats.at(-1) : undefined;
        Object.assign(place, { page, at: 0, name: (beats[named] ?? last)?.name ?? "", fromEnd: false });
    }
    if (isSwitchedOn && beats.length) goTo(beats[0]);
    show();
    if (named > 0 && !isPresenting) scrollTo(beats[named], "instant");

    // What is drawn later above a beat that a link has opened would push it out of sight.
    const observer = new ResizeObserver(() => {
        const isGrowing = performance.now() - opened < GROWING;
        if (isGrowing && !isByHand && named < 0) {
            const late = findBeats(); // a step that the address names may be drawn later than this runs
            named = placeInAddress(late);
            if (named >= 0) place.name = late[named].name;
        }
        const all = show();
        if (isByHand || isPresenting || !isGrowing) return;
        if (named > 0 && all[named]) scrollTo(all[named], "instant");
    });
    observer.observe(main.querySelector("[data-testid=stMainBlockContainer]"));
    const listening = new AbortController();
    const { signal } = listening;
    for (const name of ["wheel", "touchstart", "pointerdown", "keydown"]) {
        addEventListener(name, () => (isByHand = true), { signal, capture: true, passive: true });
    }
    addEventListener("pointerdown", () => (place.fromEnd = false), { signal, capture: true });
    const goWhereAddressSays = () => {
        const all = findBeats();
        [named, opened] = [placeInAddress(all), performance.now()];
        if (all[named]) goTo(all[named]);
    };
    addEventListener("hashchange", goWhereAddressSays, { signal });
    let isWaiting = false;
    const follow = () => {
        isWaiting = false;
        if (signal.aborted) return;
        const all = findBeats();
        const line = main.getBoundingClientRect().height / 3;
        const reached = all.findLast(({ first }) => first.getBoundingClientRect().top < line) ?? all[0];
        place.name = reached?.name;
        show();
    };
    const followSoon = () => {
        if (isPresenting || isWaiting || !isByHand) return;
        isWaiting = true;
        requestAnimationFrame(follow);
    };
    main.addEventListener("scroll", followSoon, { signal, passive: true });
    place.end = () => {
        listening.abort();
        observer.disconnect();
        notes?.close();
        bar.element.remove();
        style.remove();
        Object.assign(place, { step: () => false, lead: undefined, end: null });
    };
    const { end } = place;
    return () => {
        if (place.end === end) end();
    };
}
