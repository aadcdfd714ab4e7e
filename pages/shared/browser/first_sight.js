/** The beginning of Home, which comes with the page, until Home itself is there. */

/** Home's own still picture, which is hidden as soon as the one that follows the hand is drawn. */
const STILL = ".st-key-home_living_first";
/** What stands in its place where something is wrong. */
const PROBLEM = "[data-testid=stAlert], [data-testid=stException]";
/** Milliseconds that the beginning stays at most, in all and beside the still picture. */
const PATIENCE = 60_000;
const PATIENCE_BESIDE = 2_000;
/** What Streamlit keeps the theme under that was chosen in its menu. */
const THEME = "stActiveTheme-";
/** What this tab keeps of digits of the visitor's own, and of a room: Home shows these. */
const OWN = /^lab-kept-(?!question)/;

/** @returns {string} "light" or "dark", as was chosen in Streamlit's menu; empty where nothing was */
function chosenTheme() {
    const key = Object.keys(localStorage).find((name) => name.startsWith(THEME));
    const chosen = key ? JSON.parse(localStorage.getItem(key)) : "System";
    return ["Light", "Dark"].includes(chosen) ? chosen.toLowerCase() : "";
}

/** @returns {boolean} whether Home will begin otherwise for this visitor */
function hasOwn() {
    return Object.keys(sessionStorage).some((name) => OWN.test(name));
}

/** Gives the beginning its colours, and takes it away as soon as the page has its picture. */
export default function makeWay() {
    const sight = document.getElementById("lab-first-sight");
    try {
        sight.className = chosenTheme();
        if (hasOwn()) {
            sight.remove();
            return;
        }
    } catch (problem) {
        console.info("This browser keeps nothing.", problem);
    }
    let patience = setTimeout(leave, PATIENCE);
    let isBeside = false;
    const watcher = new MutationObserver(() => {
        const still = document.querySelector(STILL);
        if (document.querySelector(PROBLEM) || (still && getComputedStyle(still).display === "none")) leave();
        else if (still && !isBeside) {
            isBeside = true;
            clearTimeout(patience);
            patience = setTimeout(leave, PATIENCE_BESIDE);
        }
    });
    watcher.observe(document.documentElement, { childList: true, subtree: true });

    function leave() {
        clearTimeout(patience);
        watcher.disconnect();
        requestAnimationFrame(() =>
            requestAnimationFrame(() => {
                document.querySelector("[data-testid=stMain]")?.scrollTo(0, sight.scrollTop);
                sight.remove();
            }),
        );
    }
}
