/** What is decoded at a place on the plane of codes of two numbers: the sliders', or the pointer's. */

import { followPointer, moveMarks } from "./charts.js";
import { oncePerFrame } from "./dials.js";
import { createDigit, makeBlock } from "./digit_figure.js";
import { followHand } from "./dragging.js";
import { makeElement, setText } from "./elements.js";
import { floatAway } from "./float_away.js";
import { decode } from "./network.js";
import { twoDecimals } from "./plane.js";

/** A ring, and its edge. */
const MARKS = 2;

/**
 * @param {HTMLElement} block
 * @param {object} data
 * @param {number[]} data.low the lowest of both numbers
 * @param {number[]} data.high the highest
 * @param {string[]} data.dials the sliders' keys, in percent of the way from low to high
 * @param {string} data.chart the plane
 * @param {Record<string, string>} data.words
 * @param {import("./network.js").Network[]} networks the one
 * @param {(problem: unknown) => void} fail
 */
export function beginManifold(block, { low, high, dials, chart, words }, [network], fail) {
    const there = createDigit();
    const thereWords = makeElement("p");
    const large = makeBlock("large", there.element, thereWords);
    block.append(large);
    let pointed = null;
    let chosen = "";
    const placeOfDials = () =>
        dials.map((key, i) => low[i] + (hand.valueOf(key, 50) / 100) * (high[i] - low[i]));
    const draw = () => {
        const ofDials = placeOfDials();
        if (chosen && ofDials.join() !== chosen) moveMarks(chart, MARKS, ...ofDials);
        chosen = ofDials.join();
        const [x, y] = pointed ? [pointed.place.x, pointed.place.y] : ofDials;
        there.draw(decode(network, Float32Array.of(x, y)), pointed ? words.place : words.chosen);
        setText(thereWords, `z = (${twoDecimals(x)}, ${twoDecimals(y)})`);
        block.dataset.place = `${x} ${y}`;
        floatAway(large, pointed?.event);
    };
    const drawSoon = oncePerFrame(draw, fail);
    const hand = followHand(dials, drawSoon);
    draw();
    const letPlaneGo = followPointer(chart, (place, event) => {
        pointed = place && { place, event };
        drawSoon();
    });
    return () => {
        hand.letGo();
        letPlaneGo();
    };
}
