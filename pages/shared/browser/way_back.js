/**
 * The browser's "back" leads to the page before, with its dials as they were left.
 *
 * Streamlit adds an address to the history for each dial that the server changes, and on the way to another
 * page those of that page's dials come first, under the old page's name. So a new address of the same page
 * takes the place of its last one, and a page that is left gets the address back that it had until then.
 */

/** Milliseconds that pass at most between the first word of another page's dials and that of the page. */
const SOON = 5000;

/** Once for each tab, before Streamlit's own script runs. */
export default function keepOneAddressAPage() {
    const { pushState } = history;
    /** Since the last touch of a hand: the page's address at first, and when it changed last. */
    let [kept, changed] = ["", 0];
    history.pushState = (state, unused, url) => {
        const isSamePage = new URL(url, location.href).pathname === location.pathname;
        const isRecent = performance.now() - changed < SOON;
        if (isSamePage) {
            if (!kept || !isRecent) kept = location.href;
            changed = performance.now();
            history.replaceState(state, unused, url);
            return;
        }
        if (kept && isRecent) history.replaceState(history.state, "", kept);
        kept = "";
        pushState.call(history, state, unused, url);
    };
    for (const name of ["pointerdown", "keydown", "popstate"]) {
        addEventListener(name, () => (kept = ""), { capture: true, passive: true });
    }
}
