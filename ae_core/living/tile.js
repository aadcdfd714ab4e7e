/** A small picture of a digit with its name, a note and what it reads as below it. */

import { drawDigit, makeCanvas } from "./canvas.js";
import { makeElement, setText } from "./elements.js";

/** A digit without ink. */
export const EMPTY = new Float32Array(784);

/**
 * A small picture with its name, a note and what it reads as below it.
 * @param {string} name
 * @param {string} label
 */
export function makeTile(name, label) {
    const element = makeElement("figure");
    const canvas = makeCanvas(label);
    const caption = makeElement("figcaption");
    const note = makeElement("span", { className: "error" });
    const reading = makeElement("span", { className: "reading" });
    caption.append(makeElement("b", { textContent: name }), note, reading);
    element.append(canvas, caption);
    drawDigit(canvas, EMPTY);
    return {
        element,
        reading,
        show(pixels, words) {
            drawDigit(canvas, pixels);
            setText(note, words);
        },
    };
}
