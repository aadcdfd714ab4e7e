/** What comes from the server, as numbers; and networks, each asked for once. */

import { readNetwork } from "./network.js";

/** Milliseconds between two looks at a network in training, where the server does not say. */
const LOOK = 1000;
/** The first looks are so many times as often: at its beginning a training changes the picture the most. */
const [EAGER_LOOKS, EAGER] = [12, 4];
/** A look that a network has lost is given up. */
const ANSWER = 10_000;

/** @param {string} text in base64 @returns {Uint8Array} */
function bytesOf(text) {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * Digits from bytes in base64, 784 for each.
 * @param {string} text
 * @returns {Float32Array[]} values in [0, 1]
 */
export function readDigits(text) {
    return readGreys(text, 784);
}

/** A digit as `readDigits` reads it. @param {Float32Array} pixels 784 in [0, 1] @returns {string} */
export function writeGreys(pixels) {
    return btoa(String.fromCharCode(...pixels.map((value) => Math.round(255 * value))));
}

/**
 * Greys from bytes in base64, in lists of `length`.
 * @param {string} text
 * @param {number} length
 * @returns {Float32Array[]} values in [0, 1]
 */
export function readGreys(text, length) {
    const bytes = bytesOf(text);
    const count = bytes.length / length;
    return Array.from({ length: count }, (_, n) =>
        Float32Array.from(bytes.subarray(length * n, length * (n + 1)), (grey) => grey / 255),
    );
}

/**
 * Numbers from 32-bit floats in base64, in lists of `length`.
 * @param {string} text
 * @param {number} length
 * @returns {Float32Array[]}
 */
export function readFloats(text, length) {
    const values = new Float32Array(bytesOf(text).buffer);
    const count = values.length / length;
    return Array.from({ length: count }, (_, n) => values.subarray(length * n, length * (n + 1)));
}

/**
 * Patterns of noise, one for each digit, as `addNoise` takes them.
 * @param {string} text 32-bit floats in base64: part after part, in each digit after digit
 * @param {number} count of digits
 * @returns {Float32Array[][]} of each digit its one or two parts
 */
export function readPatterns(text, count) {
    const lists = readFloats(text, 784);
    return Array.from({ length: count }, (_, n) => lists.filter((_list, i) => i % count === n));
}

/** @type {Map<string, Promise<import("./network.js").Network>>} */
const networks = new Map();
const KEPT = 64;

/**
 * A network from its address, or from its file in base64; asked for once, again where that failed.
 * @param {string} address
 * @returns {Promise<import("./network.js").Network>}
 */
export function loadNetwork(address) {
    const known = networks.get(address);
    if (known) return known;
    const loading = fetch(address).then(async (answer) => {
        if (!answer.ok) throw new Error(`The network did not come: ${answer.status}.`);
        return readNetwork(await answer.arrayBuffer());
    });
    loading.catch(() => networks.delete(address));
    networks.set(address, loading);
    if (networks.size > KEPT) networks.delete(networks.keys().next().value);
    return loading;
}

/**
 * Tell of a network in training as often as it changes.
 * @param {string} address where it is found as it is now, and nothing once the training is over
 * @param {(network: import("./network.js").Network) => void} onChange
 * @param {() => void} onEnd the training is over
 * @returns {() => void} ends the watch
 */
export function watchNetwork(address, onChange, onEnd) {
    let [mark, timer, isOver, pause, looks] = ["", 0, false, LOOK, 0];
    const look = async () => {
        looks += 1;
        const signal = AbortSignal.timeout?.(ANSWER);
        const answer = await fetch(address, { cache: "no-cache", signal });
        if (isOver) return;
        pause = Number(answer.headers.get("x-look-again")) || LOOK;
        const now = answer.headers.get("etag");
        if (answer.status === 200 && now !== mark) {
            mark = now;
            onChange(readNetwork(await answer.arrayBuffer()));
        } else if (answer.status === 204 && mark) {
            isOver = true;
            onEnd();
        }
    };
    const lookAgain = () => {
        if (!isOver) timer = setTimeout(lookSoon, looks < EAGER_LOOKS ? pause / EAGER : pause);
    };
    // A server that does not answer may be back the next time.
    const lookSoon = () => look().catch(() => {}).finally(lookAgain);
    lookSoon();
    return () => {
        isOver = true;
        clearTimeout(timer);
    };
}
