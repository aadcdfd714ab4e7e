/**
 * Load Streamlit's own scripts before the page that needs them, while the browser is at rest.
 *
 * A module that was loaded once is there at once when Streamlit asks for it. They lie beside Streamlit's
 * first script, whatever path the lab stands under.
 */

/** @param {{ data: string[] }} component data: the files' names */
export default function loadScriptsAhead({ data: names }) {
    if (document.labScriptsAhead) return;
    document.labScriptsAhead = true;
    const first = document.querySelector("script[type=module][src]");
    const atRest = window.requestIdleCallback ?? ((next) => setTimeout(next, 1_000));
    const loadNext = () => {
        const name = names.shift();
        // One that does not come now is asked for again by the page that needs it.
        if (name && first) import(new URL(name, first.src)).catch(() => {}).finally(() => atRest(loadNext));
    };
    atRest(loadNext);
}
