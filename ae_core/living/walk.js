/** The walk from one digit to another, and whatever place on the map of codes the pointer is at. */

import { followPointer, moveMarks, pointsOf, shareOfWidth } from "./charts.js";
import { readDigits, readFloats } from "./data.js";
import { oncePerFrame } from "./dials.js";
import { createDigit, makeBlock } from "./digit_figure.js";
import { followHand } from "./dragging.js";
import { makeElement, setText } from "./elements.js";
import { floatAway } from "./float_away.js";
import { decode } from "./network.js";
import { codeAt, nearestPoint, pointBetween, twoDecimals } from "./plane.js";

/** Farther from every point than this share of the map's width, no digit is near. */
const NEAR = 0.04;

/**
 * How the map shows codes, from what the page says of it.
 * @param {{ size: number, mean?: string, directions?: string }} plane floats in base64
 */
function readPlane({ size, mean, directions }) {
    if (!directions) return { size };
    return { size, mean: readFloats(mean, size)[0], directions: readFloats(directions, size) };
}

/**
 * @param {HTMLElement} block
 * @param {object} data
 * @param {string} data.pictures A and B, as the network sees them
 * @param {string} data.codes theirs
 * @param {string} data.points their places on the map
 * @param {string[]} data.names of A and B
 * @param {{ size: number, mean?: string, directions?: string }} data.plane
 * @param {string} data.dial how far from A to B
 * @param {string} data.chart the map
 * @param {Record<string, string>} data.words
 * @param {import("./network.js").Network[]} networks the one
 * @param {(problem: unknown) => void} fail
 */
export function beginWalk(block, data, [network], fail) {
    const { pictures, codes, points, names, plane, dial, chart, words } = data;
    const [a, b] = readDigits(pictures);
    const [codeA, codeB] = readFloats(codes, plane.size);
    const [placeA, placeB] = readFloats(points, 2);
    const map = readPlane(plane);
    const [faded, decoded] = [0, 1].map(() => Array.from({ length: 3 }, createDigit));
    const there = createDigit();
    const thereWords = makeElement("p");
    const rowOf = (digits) => makeBlock("columns", ...digits.map(({ element }) => element));
    const rows = makeBlock("rows", rowOf(faded), rowOf(decoded));
    const large = makeBlock("large", there.element, thereWords);
    block.append(rows, large);

    let walked = NaN;
    let pointed = null;
    const drawWalk = (share) => {
        const at = words.at.replace("{percent}", `${Math.round(100 * share)}`);
        faded[1].draw(pointBetween(a, b, share), at);
        decoded[1].draw(decode(network, pointBetween(codeA, codeB, share)), at);
        if (!Number.isNaN(walked)) moveMarks(chart, 1, ...pointBetween(placeA, placeB, share));
        walked = share;
    };
    const drawPlace = ({ place, figure }) => {
        const { name, distance } = nearestPoint(pointsOf(figure), place, shareOfWidth(figure, NEAR));
        there.draw(decode(network, codeAt(map, place.x, place.y)), words.place);
        const near = distance < 1 ? words.near.replace("{digit}", name) : words.far;
        setText(thereWords, `(${twoDecimals(place.x)}, ${twoDecimals(place.y)}): ${near}`);
        block.dataset.place = `${place.x} ${place.y}`;
    };
    const draw = () => {
        const share = hand.valueOf(dial, 0.5);
        if (share !== walked) drawWalk(share);
        if (pointed) drawPlace(pointed);
        floatAway(large, pointed?.event);
        large.classList.toggle("unseen", !pointed);
        rows.classList.toggle("unseen", Boolean(pointed));
    };

    faded[0].draw(a, names[0]);
    faded[2].draw(b, names[1]);
    decoded[0].draw(decode(network, codeA), words.rebuilt_a);
    decoded[2].draw(decode(network, codeB), words.rebuilt_b);
    const drawSoon = oncePerFrame(draw, fail);
    const hand = followHand([dial], drawSoon);
    draw();
    const letMapGo = followPointer(chart, (place, event, figure) => {
        pointed = place && { place, event, figure };
        drawSoon();
    });
    return () => {
        hand.letGo();
        letMapGo();
    };
}
