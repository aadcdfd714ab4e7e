/** The beginning of Home, which comes with the page, until Home itself is there. */

/** Home's own picture; or what stands in its place. */
const ARRIVED = ".st-key-home_living_first img, [data-testid=stAlert], [data-testid=stException]";
const PATIENCE_MS = 60_000;
/** What Streamlit keeps the theme under that was chosen in its menu. */
const THEME = "stActiveTheme-";
/** What this tab keeps of digits of the visitor's own, and of a room: Home shows these. */
const OWN = /^lab-kept-(?!question)/;

/** @returns {boolean} whether this browser's pages will be dark, as Streamlit finds it out */
function isDark() {
    const key = Object.keys(localStorage).find((name) => name.startsWith(THEME));
    const chosen = key ? JSON.parse(localStorage.getItem(key)) : "System";
    return chosen === "System" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "Dark";
}

/** @returns {boolean} whether Home will begin otherwise for this visitor */
function hasOwn() {
    return Object.keys(sessionStorage).some((name) => OWN.test(name));
}

/** Gives the beginning its colours, and takes it away as soon as the page has its picture. */
export default function makeWay() {
    const sight = document.getElementById("lab-first-sight");
    try {
        sight.classList.toggle("dark", isDark());
        if (hasOwn()) {
            sight.remove();
            return;
        }
    } catch (problem) {
        console.info("This browser keeps nothing.", problem);
    }
    const leave = () => {
        watcher.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => sight.remove()));
    };
    const watcher = new MutationObserver(() => {
        if (document.querySelector(ARRIVED)) leave();
    });
    watcher.observe(document.getElementById("root"), { childList: true, subtree: true });
    setTimeout(leave, PATIENCE_MS);
}
