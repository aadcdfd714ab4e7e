/** A line across curves over the noise, where the slider or the pointer is, and what they are there. */

import { followPointer, moveLine } from "./charts.js";
import { oncePerFrame } from "./dials.js";
import { followHand } from "./dragging.js";
import { makeElement, setText } from "./elements.js";

/** Milliseconds until it is looked again whether the figure is there. */
const AGAIN = 200;

/** @returns {number} the place of the level that is nearest */
function nearestTo(levels, x) {
    const gaps = levels.map((level) => Math.abs(level - x));
    return gaps.indexOf(Math.min(...gaps));
}

/**
 * @param {HTMLElement} block
 * @param {object} data
 * @param {string} data.dial the slider's key
 * @param {string} data.chart the figure's
 * @param {number[]} data.levels at which the curves were measured
 * @param {Record<string, string[]>} data.curves what each is at these levels, in words, by its name
 * @param {string} data.at says at which level: {level}
 * @param {unknown} _networks none
 * @param {(problem: unknown) => void} fail
 */
export function beginCursor(block, { dial, chart, levels, curves, at }, _networks, fail) {
    const words = block.appendChild(makeElement("p"));
    let pointed = null;
    let timer = 0;
    const draw = () => {
        clearTimeout(timer);
        const i = nearestTo(levels, pointed ?? hand.valueOf(dial, levels[0]));
        if (!moveLine(chart, levels[i])) timer = setTimeout(drawSoon, AGAIN);
        const told = Object.entries(curves).map(([name, values]) => `${name} ${values[i]}`);
        setText(words, `${at.replace("{level}", levels[i].toFixed(2))}: ${told.join(", ")}.`);
    };
    const drawSoon = oncePerFrame(draw, fail);
    const hand = followHand([dial], drawSoon);
    draw();
    const letFigureGo = followPointer(chart, (place) => {
        pointed = place?.x ?? null;
        drawSoon();
    });
    return () => {
        clearTimeout(timer);
        hand.letGo();
        letFigureGo();
    };
}
