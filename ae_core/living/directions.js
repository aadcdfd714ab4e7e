/** A code that is pulled from the mean along the principal directions, a slider for each. */

import { readFloats } from "./data.js";
import { oncePerFrame } from "./dials.js";
import { createDigit, makeBlock } from "./digit_figure.js";
import { followHand } from "./dragging.js";
import { decode } from "./network.js";
import { codeAlong } from "./plane.js";

/**
 * @param {HTMLElement} block
 * @param {object} data
 * @param {number} data.size of a code
 * @param {string} data.mean of the codes, as floats in base64
 * @param {string} data.directions one standard deviation along each, likewise
 * @param {string[]} data.dials the sliders' keys, in that order
 * @param {Record<string, string>} data.words
 * @param {import("./network.js").Network[]} networks the one
 * @param {(problem: unknown) => void} fail
 */
export function beginDirections(block, { size, mean, directions, dials, words }, [network], fail) {
    const [middle] = readFloats(mean, size);
    const steps = readFloats(directions, size);
    const [atMean, moved] = [createDigit(), createDigit()];
    block.append(makeBlock("columns", atMean.element, moved.element));
    let shown = "";
    const draw = () => {
        const amounts = dials.map((key) => hand.valueOf(key, 0));
        if (amounts.join() === shown) return;
        shown = amounts.join();
        moved.draw(decode(network, codeAlong(middle, steps, amounts)), words.moved);
    };
    atMean.draw(decode(network, middle), words.mean);
    const hand = followHand(dials, oncePerFrame(draw, fail));
    draw();
    return hand.letGo;
}
