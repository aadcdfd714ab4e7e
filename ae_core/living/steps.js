/** Rows of pictures at each step of a walk, at the step that a slider says. */

import { drawMaps, greys, makeCanvas } from "./canvas.js";
import { readGreys } from "./data.js";
import { oncePerFrame } from "./dials.js";
import { makeBlock } from "./digit_figure.js";
import { followHand } from "./dragging.js";
import { makeElement } from "./elements.js";

/** Pixels between two pictures of a row. */
const GAP = 2;

/**
 * @param {HTMLElement} block
 * @param {object} data
 * @param {{ words: string, pictures: string }[]} data.rows each with its words, in which `{step}` and
 *     `{level}` stand for numbers, and its pictures: at the first step all of the row's, then at the second,
 *     and so on
 * @param {number[]} data.levels of the noise at each step
 * @param {number} data.count of pictures in a row
 * @param {string} data.dial the step, from 1
 * @param {unknown} _networks none
 * @param {(problem: unknown) => void} fail
 */
export function beginSteps(block, { rows, levels, count, dial }, _networks, fail) {
    const strips = rows.map(({ words, pictures }) => {
        const caption = makeElement("figcaption");
        const canvas = makeCanvas(" ");
        const figure = makeElement("figure", {}, caption, canvas);
        return { words, caption, canvas, figure, steps: readGreys(pictures, 784 * count) };
    });
    block.append(makeBlock("strips", ...strips.map(({ figure }) => figure)));

    const draw = () => {
        const step = hand.valueOf(dial, 1);
        const level = levels[step - 1].toFixed(2);
        for (const { words, caption, canvas, steps } of strips) {
            const said = words.replace("{step}", `${step}`).replace("{level}", level);
            drawMaps(canvas, steps[step - 1], 28, 28, greys(), count, GAP);
            if (caption.textContent === said) continue;
            caption.textContent = said;
            canvas.setAttribute("aria-label", said);
        }
        block.dataset.step = `${step}`;
    };
    const hand = followHand([dial], oncePerFrame(draw, fail));
    draw();
    return hand.letGo;
}
