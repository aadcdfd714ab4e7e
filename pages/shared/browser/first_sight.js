/** Has the beginning of Home, which comes with the page, make way for the page itself. It runs at once. */
{
    const sight = document.getElementById("lab-first-sight");
    /** The page's own picture; or what it says in its place. */
    const ARRIVED = ".st-key-home_living_first img, [data-testid=stAlert], [data-testid=stException]";
    const PATIENCE_MS = 60_000;

    /** @returns {boolean} whether this browser's pages are dark, as Streamlit finds it out */
    const isDark = () => {
        const key = Object.keys(localStorage).find((name) => name.startsWith("stActiveTheme-"));
        const chosen = key ? localStorage.getItem(key) : "";
        if (chosen === '"Dark"' || chosen === '"Light"') return chosen === '"Dark"';
        return matchMedia("(prefers-color-scheme: dark)").matches;
    };
    /** @returns {boolean} whether this tab keeps digits of the visitor's own, or a room: Home shows these then */
    const hasOwn = () =>
        Object.keys(sessionStorage).some((name) => /^lab-kept-(?!question)/.test(name));

    const watcher = new MutationObserver(() => {
        if (document.querySelector(ARRIVED)) leave();
    });
    const leave = () => {
        watcher.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => sight.remove()));
    };
    try {
        sight.classList.toggle("dark", isDark());
        if (hasOwn()) sight.remove();
    } catch (problem) {
        console.info("This browser keeps nothing.", problem);
    }
    if (sight.isConnected) {
        watcher.observe(document.getElementById("root"), { childList: true, subtree: true });
        setTimeout(leave, PATIENCE_MS);
    }
}
