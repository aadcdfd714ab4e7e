/**
 * Loads a script of `ae_core/living` with its style and hands the component over to it.
 *
 * The scripts have an address of their own, which a browser keeps, and import one another. Until they are
 * there, and for good where they fail, the page's own picture stays in their place.
 */

/** Where the lab lies: Streamlit's own script tells, whatever stands before the path. */
function findBase() {
    const script = document.querySelector('script[src*="static/js/"]');
    return script.src.slice(0, script.src.indexOf("static/js/"));
}

/**
 * Show or hide the page's own picture.
 * @param {ShadowRoot} root of the component
 * @param {string} key of the picture's container; empty where there is none
 */
function hidePicture(root, key, isHidden) {
    root.hiding?.remove();
    if (!key || !isHidden) return;
    const style = document.createElement("style");
    style.textContent = `.st-key-${key} { display: none }`;
    root.hiding = style;
    document.head.append(style);
}

/** The script's module, and its style in place. */
async function loadScript(root, folder, script) {
    const [module, answer] = await Promise.all([import(`${folder}${script}.js`), fetch(`${folder}${script}.css`)]);
    if (answer.ok) {
        const style = document.createElement("style");
        style.textContent = await answer.text();
        root.append(style);
    }
    return module;
}

/**
 * @param {object} component
 * @param {Uint8Array} component.data JSON: `script`, the name of a module whose default export draws; `folder`,
 *     where it lies, from the lab's own address; `stands_for`, the key of the picture in whose place it is drawn;
 *     and what the module itself is given
 * @param {ShadowRoot} component.parentElement
 * @param {(name: string, value: unknown) => void} component.setTriggerValue tells the server of a failure
 * @param {(name: string, value: unknown) => void} component.setStateValue
 * @returns {() => void} ends what the module began
 */
export default function loadLiving({ data: bytes, parentElement: root, setTriggerValue, setStateValue }) {
    const data = JSON.parse(new TextDecoder().decode(bytes));
    const base = findBase();
    const fail = (problem) => {
        if (root.failed) return;
        root.failed = true;
        root.end?.();
        hidePicture(root, "", false);
        root.replaceChildren();
        setTriggerValue("failed", String(problem?.stack ?? problem));
    };
    const context = {
        base,
        fail,
        tell: (value) => setStateValue("told", value),
        isReady: () => hidePicture(root, data.stands_for ?? "", !root.failed),
    };
    root.module ??= loadScript(root, base + data.folder, data.script);
    root.module
        .then((module) => root.isConnected !== false && !root.failed && module.default(root, data, context))
        .then((end) => {
            if (typeof end === "function") root.end = end;
        })
        .catch(fail);
    return () => {
        root.end?.();
        hidePicture(root, "", false);
    };
}
