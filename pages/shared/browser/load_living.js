/**
 * Loads the module of `ae_core/living` and hands the component over to one of its functions.
 *
 * The module has an address of its own, which a browser keeps. Until it is there, and for good where it
 * fails, the page's own picture stays in its place.
 */

/** Where the lab lies: Streamlit's own script tells, whatever stands before the path. */
function findBase() {
    const script = document.querySelector('script[src*="static/js/"]');
    return script.src.slice(0, script.src.indexOf("static/js/"));
}

/**
 * Show the page's own picture, or hide it.
 * @param {ShadowRoot} root of the component
 * @param {string} key of the picture's container; empty to show it
 */
function hidePicture(root, key) {
    root.hiding?.remove();
    if (!key) return;
    root.hiding = document.createElement("style");
    root.hiding.textContent = `.st-key-${key} { display: none }`;
    document.head.append(root.hiding);
}

/**
 * @param {object} component
 * @param {Uint8Array} component.data JSON: `module`, its place from the lab's own address; `script`, the name
 *     of the function that draws; `stands_for`, the key of the picture in whose place it does; and what that
 *     function is given
 * @param {ShadowRoot} component.parentElement
 * @param {(name: string, value: unknown) => void} component.setTriggerValue tells the server of a failure
 * @param {(name: string, value: unknown) => void} component.setStateValue
 * @returns {() => void} ends what the function began
 */
export default function loadLiving({ data: bytes, parentElement: root, setTriggerValue, setStateValue }) {
    const data = JSON.parse(new TextDecoder().decode(bytes));
    const base = findBase();
    const fail = (problem) => {
        if (root.failed) return;
        root.failed = true;
        root.end?.();
        hidePicture(root, "");
        root.replaceChildren();
        setTriggerValue("failed", String(problem?.stack ?? problem));
    };
    const context = {
        base,
        fail,
        tell: (value) => setStateValue("told", value),
        isReady: () => {
            if (!root.failed) hidePicture(root, data.stands_for);
        },
    };
    const draw = async () => {
        const { mounts, styles } = await import(base + data.module);
        if (root.failed) return;
        if (!root.style) {
            root.style = document.createElement("style");
            root.style.textContent = styles[data.script];
            root.append(root.style);
        }
        root.end = mounts[data.script](root, data, context);
    };
    draw().catch(fail);
    // Streamlit ends a call also when another one with newer data has taken its place.
    return () =>
        setTimeout(() => {
            if (root.isConnected) return;
            root.end?.();
            hidePicture(root, "");
        });
}
