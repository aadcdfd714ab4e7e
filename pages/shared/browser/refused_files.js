/**
 * Under a file chooser, in a sentence each: the files that Streamlit's own chooser has refused. It marks them
 * red, and keeps why to itself.
 */

/**
 * @param {Element} chip of a file that was refused
 * @param {Record<string, string>} words
 * @returns {string}
 */
function tellWhy(chip, words) {
    const name = chip.querySelector("[data-testid=stFileChipName]")?.title ?? "";
    const said = document.getElementById(chip.getAttribute("aria-describedby"))?.textContent ?? "";
    return `${name}: ${said.includes("or smaller") ? words.too_large : words.not_sent}`;
}

/**
 * @param {object} component
 * @param {{ chooser: string, words: Record<string, string> }} component.data `chooser`: the key of its
 *     container; `words`: why a file was refused
 * @param {ShadowRoot} component.parentElement
 * @returns {() => void} ends it
 */
export default function tellRefusedFiles({ data: { chooser, words }, parentElement: root }) {
    root.note ??= root.appendChild(Object.assign(document.createElement("div"), { className: "refused" }));
    root.note.setAttribute("role", "alert");
    const tell = () => {
        const refused = `.st-key-${chooser} [data-testid=stFileChip][aria-invalid]`;
        const lines = [...document.querySelectorAll(refused)].map((chip) => tellWhy(chip, words));
        if (lines.join("\n") === root.note.said) return;
        root.note.said = lines.join("\n");
        root.note.replaceChildren(
            ...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })),
        );
    };
    const observer = new MutationObserver(tell);
    const watched = document.querySelector(`.st-key-${chooser}`) ?? document.body;
    observer.observe(watched, { childList: true, subtree: true, attributeFilter: ["aria-invalid"] });
    tell();
    return () => observer.disconnect();
}
