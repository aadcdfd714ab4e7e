/**
 * Leads a follower to where a room's presenter is: page, step and dials, until a hand touches one here.
 *
 * Streamlit takes the new address as it takes one that the browser's "back" leads to: pages and dials obey.
 */

/** Milliseconds: for an answer, or for a page to be drawn up to the step that is wanted; between two looks;
 *  of a long pause. */
const PATIENCE = 5000;
const LOOK = 100;
const MOST = 4000;
/** Pixels at the top of the screen that Streamlit's own bar covers, and a little room. */
const BAR = 72;
/** What a hand changes something with. A finger that moves the page lets nothing go on these. */
const DIALS =
    "button, input, select, textarea, label, summary, a[href], [role=slider], [role=radio], " +
    "[role=combobox], [data-testid=stBidiComponentIsolated]";
const KEYS = /^(Arrow|Page|Home|End|Enter| |[0-9]|Backspace)/;

/** Where the lab lies: Streamlit's own script tells, whatever stands before the path. */
function findBase() {
    const script = document.querySelector('script[src*="static/js/"]');
    return script.src.slice(0, script.src.indexOf("static/js/"));
}

/** The dials in an address, in one order. @param {string} query @returns {string} */
function dialsIn(query) {
    const found = new URLSearchParams(query);
    found.delete("follow");
    found.sort();
    return found.toString();
}

/** Dials, and what each is in an address; nothing, where it says nothing. @param {string} query */
function readDials(query) {
    return new Map(new URLSearchParams(dialsIn(query)));
}

/**
 * What sets the dials in which an address differs from where the page is, if all of them can be set by
 * themselves: then no more than their part of the page is run. Null if they cannot.
 * @param {string} query
 * @returns {(() => void)[] | null}
 */
function findDials(query) {
    const [here, there] = [readDials(location.search), readDials(query)];
    const keys = [...new Set([...here.keys(), ...there.keys()])];
    const changed = keys.filter((key) => here.get(key) !== there.get(key));
    const led = changed.map((key) => document.labLedDials?.get(key));
    if (!led.every(Boolean)) return null;
    return led.map((dial, i) => () => dial.set(Number(there.get(changed[i]) ?? dial.default)));
}

/**
 * Have pictures drawn at the dials in an address now: the server, which has thirty others to lead, may take a
 * second to bring the page there.
 * @param {string} query
 */
function leadPictures(query) {
    const values = [...new URLSearchParams(query)].map(([key, value]) => [key, Number(value || NaN)]);
    const numbers = Object.fromEntries(values.filter(([, value]) => Number.isFinite(value)));
    document.dispatchEvent(new CustomEvent("lab-lead", { detail: numbers }));
}

function startFollowing({ code, words }) {
    const base = findBase();
    const bar = Object.assign(document.createElement("aside"), { className: "lab-follow" });
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    const button = Object.assign(document.createElement("button"), { type: "button" });
    bar.append(said, button);
    const following = { code, page: "", tell: () => {} };
    /** What the room tells: the presenter's `place`, and whether lessons show the room's `digits`. */
    let now = null;
    let [isOwn, pause, leaving, waiting] = [false, 500, 0, 0];
    /** @type {EventSource | null} */
    let events = null;
    const listening = new AbortController();

    const show = () => {
        said.textContent = isOwn ? words.own : words.following;
        button.textContent = isOwn ? words.back : words.leave;
        bar.classList.toggle("lab-follow-own", isOwn);
    };
    const isThere = () => {
        const { page, link } = now.place;
        const address = base + (page === "home" ? "" : page);
        return new URL(address).pathname === location.pathname && dialsIn(location.search) === dialsIn(link);
    };
    const scrollTo = (beat, until) => {
        clearTimeout(waiting);
        const mark = document.querySelector(`.lab-beat[data-name="${beat}"]`);
        const place = mark?.closest(`[class*='st-key-beat_${beat}_']`);
        const main = document.querySelector("[data-testid=stMain]");
        if (place && following.page === now.place.page) {
            const top = main.scrollTop + place.getBoundingClientRect().top - BAR;
            const isFirst = document.querySelector(".lab-beat") === mark;
            main.scrollTo({ top: isFirst ? 0 : Math.max(top, 0), behavior: "instant" });
            document.labBeats?.lead?.(beat);
        }
        if (performance.now() < until && !isOwn) waiting = setTimeout(() => scrollTo(beat, until), LOOK);
    };
    const go = () => {
        if (isOwn || !now?.place.page) return;
        const { page, beat, link } = now.place;
        const query = `?${link ? `${link}&` : ""}follow=${code}`;
        if (!isThere()) {
            if (following.page === page) leadPictures(link);
            const address = `${base}${page === "home" ? "" : page}${query}`;
            const dials = following.page === page ? findDials(link) : null;
            history.replaceState(history.state, "", address);
            // Where there is a step in the address Streamlit may take the dials for what they were.
            if (dials) for (const set of dials) set();
            else dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
            if (beat) history.replaceState(history.state, "", `${address}#${beat}`);
        }
        if (beat) scrollTo(beat, performance.now() + PATIENCE / 3);
    };
    const hear = ({ data }) => {
        const before = now;
        now = JSON.parse(data);
        pause = 500;
        if (before && before.digits !== now.digits) following.tell("digits");
        if (JSON.stringify(before?.place) !== JSON.stringify(now.place)) go();
    };
    const listen = () => {
        events = new EventSource(`${base}room/${code}/events?as=follower`);
        events.addEventListener("message", hear);
        events.addEventListener("over", () => end("over"));
        events.addEventListener("error", () => {
            if (events.readyState !== EventSource.CLOSED) return;
            setTimeout(check, pause * (0.5 + Math.random()));
            pause = Math.min(2 * pause, MOST);
        });
    };
    /** Come back, or end where the room is no more. */
    const check = async () => {
        if (listening.signal.aborted) return;
        const signal = AbortSignal.timeout?.(PATIENCE);
        const asking = fetch(`${base}room/${code}/events?as=follower&once=1`, { signal });
        const answer = await asking.catch(() => null);
        if (answer?.status === 404) return end("over");
        listen();
    };
    const goOwnWay = () => {
        if (isOwn || !now) return;
        isOwn = true;
        clearTimeout(waiting);
        leadPictures("");
        show();
    };
    const noticeHand = (event) => {
        const element = event.composedPath()[0];
        const isKey = event.type === "keydown";
        if (!event.isTrusted || bar.contains(element) || (isKey && !KEYS.test(event.key))) return;
        const isInside = event.composedPath().some((each) => each.matches?.("[data-testid=stApp]"));
        const isDial = event.composedPath().some((each) => each.matches?.(DIALS));
        if (isInside && isDial) goOwnWay();
    };
    const end = (word) => {
        listening.abort();
        events?.close();
        clearTimeout(waiting);
        bar.remove();
        if (document.labFollow === following) document.labFollow = null;
        if (word) following.tell(word);
    };
    button.addEventListener("click", () => {
        if (isOwn) {
            isOwn = false;
            show();
            go();
        } else {
            goOwnWay();
        }
    });
    for (const name of ["pointerup", "keydown"]) {
        addEventListener(name, noticeHand, { capture: true, passive: true, signal: listening.signal });
    }
    show();
    document.body.append(bar);
    listen();
    following.use = (page, tell) => {
        clearTimeout(leaving);
        Object.assign(following, { page, tell });
    };
    following.leaveSoon = () => {
        leaving = setTimeout(() => end(""), PATIENCE);
    };
    return following;
}

/**
 * @param {object} component
 * @param {object} component.data
 * @param {string} component.data.code of the room
 * @param {string} component.data.page name of the page that is shown
 * @param {Record<string, string>} component.data.words
 * @param {(name: string, value: string) => void} component.setTriggerValue
 * @returns {() => void} ends it, unless another page goes on with it
 */
export default function followPresenter({ data, setTriggerValue }) {
    if (document.labFollow?.code !== data.code) {
        document.labFollow?.leaveSoon();
        document.labFollow = startFollowing(data);
    }
    const following = document.labFollow;
    following.use(data.page, (word) => setTriggerValue("said", word));
    return following.leaveSoon;
}
