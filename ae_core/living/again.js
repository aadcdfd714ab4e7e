/** A picture sent through each of some networks again and again, x̃ₜ₊₁ = D(E(x̃ₜ)), a press for each time. */

import { readDigits } from "./data.js";
import { findDial, oncePerFrame } from "./dials.js";
import { createDigit, makeBlock } from "./digit_figure.js";
import { followHand } from "./dragging.js";
import { makeElement, setText } from "./elements.js";
import { decode, encode } from "./network.js";

/** Milliseconds of a frame that may go into steps; the rest of a long way is gone in the next frames. */
const BUDGET = 8;

/**
 * How much a pixel changes from one picture to the next, root mean square.
 * @param {Float32Array} before
 * @param {Float32Array} after
 * @returns {number}
 */
export function changeBetween(before, after) {
    return Math.sqrt(before.reduce((sum, value, i) => sum + (after[i] - value) ** 2, 0) / before.length);
}

/** "once", "2 times". */
const timesWords = (words, times) => (times === 1 ? words.once : words.times.replace("{times}", `${times}`));

/** @returns {HTMLButtonElement} one that presses the slider's own key for a step more */
function makeOnceMore(dial, label) {
    const button = makeElement("button", { type: "button", textContent: label });
    button.addEventListener("click", () => {
        const key = { key: "ArrowRight", bubbles: true, cancelable: true };
        for (const name of ["keydown", "keyup"]) findDial(dial)?.dispatchEvent(new KeyboardEvent(name, key));
    });
    return button;
}

/**
 * @param {HTMLElement} block
 * @param {object} data
 * @param {string} data.picture that goes in
 * @param {string[]} data.names of the networks
 * @param {string} data.dial how many times
 * @param {number} data.most of these
 * @param {number} data.settled a pixel that changes less is at rest
 * @param {Record<string, string>} data.words
 * @param {import("./network.js").Network[]} networks
 * @param {(problem: unknown) => void} fail
 */
export function beginAgain(block, { picture, names, dial, most, settled, words }, networks, fail) {
    const [first] = readDigits(picture);
    const start = createDigit();
    const columns = networks.map(() => ({
        digit: createDigit(),
        change: makeElement("p"),
        path: [first],
    }));
    const button = makeOnceMore(dial, words.once_more);
    const parts = columns.map(({ digit, change }) => makeBlock("column", digit.element, change));
    block.append(button, makeBlock("columns", makeBlock("column", start.element), ...parts));
    start.draw(first, words.picture);

    const showTimes = (times) => {
        columns.forEach(({ digit, change, path }, n) => {
            digit.draw(path[times], `${names[n]}, ${timesWords(words, times)}`);
            const by = times ? changeBetween(path[times - 1], path[times]) : NaN;
            const changed = by < settled ? words.settled : words.changed.replace("{by}", by.toFixed(3));
            setText(change, times ? changed : words.unchanged);
        });
        block.dataset.times = `${times}`;
    };
    const draw = () => {
        const wanted = hand.valueOf(dial, 0);
        const end = performance.now() + BUDGET;
        let known = columns.at(-1).path.length - 1;
        while (known < wanted && (performance.now() < end || known < 1)) {
            for (const [n, { path }] of columns.entries()) {
                path.push(decode(networks[n], encode(networks[n], path[known])));
            }
            known += 1;
        }
        showTimes(Math.min(known, wanted));
        button.disabled = wanted >= most;
        if (known < wanted) drawSoon();
    };
    const drawSoon = oncePerFrame(draw, fail);
    const hand = followHand([dial], drawSoon);
    draw();
    return hand.letGo;
}
