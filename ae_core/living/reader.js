/** What pictures read as: the word of a classifier, a further network, which comes after the picture. */

import { loadNetwork } from "./data.js";
import { setText } from "./elements.js";
import { classify } from "./network.js";

/**
 * Milliseconds from a drawing to the words below it, and between two of them: words that changed with every
 * frame could not be read, and the hand would wait for them.
 */
const PAUSE = 60;

/**
 * @param {{ read_as: string }} words
 * @param {Float32Array} likely probabilities of the ten digits
 * @returns {string} such as "read as 7, 98%"
 */
export function readingWords({ read_as: form }, likely) {
    const most = Math.max(...likely);
    const share = most >= 0.995 ? ">99%" : `${Math.round(100 * most)}%`;
    return form.replace("{digit}", `${likely.indexOf(most)}`).replace("{share}", share);
}

/**
 * Writes what pictures read as, while the hand moves too; nothing until the classifier has come.
 * @param {{ read_as: string }} words
 */
export function createReader(words) {
    let classifier = null;
    let timer = 0;
    /** @type {[HTMLElement, Float32Array | null][]} */
    let shown = [];
    /** @type {WeakMap<Float32Array, string>} */
    const known = new WeakMap(); // a digit that stays is read once

    const read = (pixels) => {
        if (!known.has(pixels)) known.set(pixels, readingWords(words, classify(classifier, pixels)));
        return known.get(pixels);
    };
    const readNow = () => {
        timer = 0;
        for (const [element, pixels] of shown) setText(element, pixels ? read(pixels) : "");
    };
    return {
        /** Rejects where the classifier does not come. @param {string} address */
        async load(address) {
            classifier = await loadNetwork(address);
            readNow();
        },
        /** @param {[HTMLElement, Float32Array | null][]} pictures that are drawn now, each with its line */
        show(pictures) {
            shown = pictures;
            if (classifier && !timer) timer = setTimeout(readNow, PAUSE);
        },
        end: () => clearTimeout(timer),
    };
}
