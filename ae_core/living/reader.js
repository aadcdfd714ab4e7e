/** What pictures read as: the word of a classifier, a further network, which comes after the picture. */

import { classify } from "./network.js";

/**
 * A function that says what a picture reads as, such as "read as 7, 98%"; the same array is read once.
 * @param {import("./network.js").Classifier} classifier
 * @param {Record<string, any>} words ae_core.living.words.WORDS
 * @returns {(pixels: Float32Array) => string}
 */
export function createReader(classifier, words) {
    /** @type {WeakMap<Float32Array, string>} */
    const known = new WeakMap();
    const read = (pixels) => {
        const likely = classify(classifier, pixels);
        const most = Math.max(...likely);
        const share = most >= 0.995 ? ">99%" : `${Math.round(100 * most)}%`;
        return words.read_as.replace("{digit}", `${likely.indexOf(most)}`).replace("{share}", share);
    };
    return (pixels) => {
        if (!known.has(pixels)) known.set(pixels, read(pixels));
        return known.get(pixels);
    };
}
