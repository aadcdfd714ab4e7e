/** A digit on the page under its label. */

import { drawDigit, makeCanvas } from "./canvas.js";
import { makeElement } from "./elements.js";

/** @param {string} name of the element's class @param {...Node} inside @returns {HTMLDivElement} */
export function makeBlock(name, ...inside) {
    const block = makeElement("div", { className: name });
    block.append(...inside);
    return block;
}

/** @returns {{ element: HTMLElement, draw: (pixels: Float32Array, label: string) => void }} */
export function createDigit() {
    const element = makeElement("figure");
    const words = makeElement("figcaption");
    const canvas = makeCanvas(" ");
    element.append(words, canvas);
    return {
        element,
        draw(pixels, label) {
            drawDigit(canvas, pixels);
            if (words.textContent === label) return;
            words.textContent = label;
            canvas.setAttribute("aria-label", label);
        },
    };
}
