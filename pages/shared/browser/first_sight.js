/** The beginning of Home, which comes with the page, until Home itself is there. */

/** Home's own still picture, which is hidden as soon as the one that follows the hand is drawn. */
const STILL = ".st-key-home_living_first";
/** Streamlit has nothing more to come: it is all there, or something is wrong. */
const OVER = "[data-testid=stApp][data-test-script-state=notRunning]";
const PROBLEM = "[data-testid=stAlert], [data-testid=stException]";
/** Milliseconds that the beginning stays beside the still picture, at most. */
const PATIENCE = 2_000;
/** What this tab keeps of digits of the visitor's own, and of a room: Home shows these. */
const OWN = /^lab-kept-(?!question)/;

/** @returns {string} "light" or "dark", as was chosen in Streamlit's menu; empty where nothing was */
function chosenTheme() {
    const version = `stActiveTheme-${location.pathname}-v`; // Streamlit keeps it for each address
    const key = Object.keys(localStorage).find((name) => name.startsWith(version));
    return { '"Light"': "light", '"Dark"': "dark" }[localStorage.getItem(key)] ?? "";
}

/** @returns {boolean} whether Home will begin otherwise for this visitor */
function hasOwn() {
    return Object.keys(sessionStorage).some((name) => OWN.test(name));
}

/** Gives the beginning its colours, and takes it away as soon as what is below it can be used. */
export default function makeWay() {
    const sight = document.getElementById("lab-first-sight");
    const began = location.pathname;
    try {
        sight.className = chosenTheme();
        if (hasOwn()) {
            sight.remove();
            return;
        }
    } catch (problem) {
        console.info("This browser keeps nothing.", problem);
    }
    let patience = 0;
    const watcher = new MutationObserver(() => {
        const still = document.querySelector(STILL);
        const isDrawn = still !== null && getComputedStyle(still).display === "none";
        const isElsewhere = location.pathname !== began;
        const isMissing = document.querySelector(still ? PROBLEM : `${PROBLEM}, ${OVER}`) !== null;
        if (isDrawn || isElsewhere || isMissing) leave();
        else if (still && !patience) patience = setTimeout(leave, PATIENCE);
    });
    watcher.observe(document.documentElement, {
        childList: true,
        subtree: true,
        attributeFilter: ["data-test-script-state"],
    });

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
