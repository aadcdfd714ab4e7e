/** Texts that a visitor's browser keeps under names until its tab is closed: one component for them all. */

const MARK = "lab-kept-";

/**
 * Keep each text, or forget the name whose text is empty.
 * @param {Record<string, string>} texts by name
 */
function keepTexts(texts) {
    for (const [name, text] of Object.entries(texts)) {
        sessionStorage.removeItem(MARK + name);
        if (text) sessionStorage.setItem(MARK + name, text);
    }
}

/** @returns {[string, string][]} names and texts of what is kept */
function keptTexts() {
    const names = Object.keys(sessionStorage).filter((name) => name.startsWith(MARK));
    return names.map((name) => [name.slice(MARK.length), sessionStorage.getItem(name)]);
}

/**
 * Keeps or forgets what it is given, and tells what there is where it is asked.
 * @param {object} component
 * @param {{ asks: boolean, kept: Record<string, string> }} component.data
 * @param {(name: string, value: unknown) => void} component.setTriggerValue
 */
export default function rememberTexts({ data, setTriggerValue }) {
    try {
        keepTexts(data.kept);
        if (!data.asks) return;
        const found = keptTexts();
        if (found.length) setTriggerValue("found", Object.fromEntries(found));
    } catch (problem) {
        console.info("This browser keeps nothing.", problem);
    }
}
