/**
 * Numbers as pictures on a canvas: greys from 0 to 1, and signed numbers in two colours.
 *
 * A canvas is only ever drawn on: some browsers falsify what is read back from one.
 */

import { makeElement } from "./elements.js";

/** Above and below zero; apart for the colour-blind (Okabe and Ito 2008). */
const ABOVE = [230, 159, 0];
const BELOW = [0, 114, 178];

/** @typedef {(value: number) => number} Colour a value's colour as an opaque pixel, from `pixelOf` */

/** A pixel as the memory of an image has it, in one number. Parts from 0 to 255. */
export const pixelOf = (red, green, blue) => (255 << 24) | (blue << 16) | (green << 8) | red;

/** Black is 0, white is `most`. @param {number} most @returns {Colour} */
export function greys(most = 1) {
    return (value) => {
        const grey = Math.round(255 * Math.min(Math.max(value / (most || 1), 0), 1));
        return pixelOf(grey, grey, grey);
    };
}

/** Black is 0; orange above, blue below, full at ±`most`. @param {number} most @returns {Colour} */
export function twoColours(most) {
    return (value) => {
        const share = Math.min(Math.abs(value) / (most || 1), 1);
        const [red, green, blue] = value < 0 ? BELOW : ABOVE;
        return pixelOf(Math.round(red * share), Math.round(green * share), Math.round(blue * share));
    };
}

/** The largest of these numbers' magnitudes. @param {ArrayLike<number>} values @returns {number} */
export function largest(values) {
    let most = 0;
    for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
    return most;
}

/** @param {string} [label] what a screen reader says of it @returns {HTMLCanvasElement} */
export function makeCanvas(label = "") {
    const canvas = makeElement("canvas");
    if (label) {
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", label);
    }
    return canvas;
}

/**
 * Draw maps of one size side by side and one below the other, a pixel for each number, gaps left clear.
 * @param {HTMLCanvasElement} canvas gets the size that it takes
 * @param {ArrayLike<number>} values map after map, row after row
 * @param {number} width of one map
 * @param {number} height of one map
 * @param {Colour} colour
 * @param {number} [columns] maps side by side
 * @param {number} [gap] pixels between two
 */
export function drawMaps(canvas, values, width, height, colour, columns = 1, gap = 1) {
    const count = values.length / (width * height);
    const rows = Math.ceil(count / columns);
    const fullWidth = columns * (width + gap) - gap;
    const fullHeight = rows * (height + gap) - gap;
    if (canvas.width !== fullWidth) canvas.width = fullWidth;
    if (canvas.height !== fullHeight) canvas.height = fullHeight;
    const image = new ImageData(fullWidth, fullHeight);
    const pixels = new Uint32Array(image.data.buffer);
    for (let map = 0; map < count; map++) {
        const left = (map % columns) * (width + gap);
        const top = Math.floor(map / columns) * (height + gap);
        for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
                const value = values[(map * height + y) * width + x];
                pixels[(top + y) * fullWidth + left + x] = colour(value);
            }
        }
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.pixels = values; // what a canvas shows cannot be read from it everywhere
}

/**
 * Draw a digit.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} pixels 784 values
 * @param {Colour} [colour]
 */
export function drawDigit(canvas, pixels, colour = greys()) {
    drawMaps(canvas, pixels, 28, 28, colour);
}
