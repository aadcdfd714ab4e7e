/** Painting and rubbing out on a digit of 28 × 28 pixels, with mouse, pen or finger. */

import { movesOf } from "./pointer.js";

/** Pixels from the middle of a spot to where its ink is gone; MNIST's strokes are about two pixels wide. */
const RADIUS = 1.7;

/**
 * A digit with one spot more, or less.
 * @param {Float32Array} pixels 784 values in [0, 1]
 * @param {number} x of the spot's middle, in pixels from the left
 * @param {number} y from above
 * @param {boolean} isRubbing takes ink away
 * @returns {Float32Array}
 */
export function paintSpot(pixels, x, y, isRubbing) {
    return pixels.map((value, i) => {
        const away = Math.hypot((i % 28) + 0.5 - x, Math.floor(i / 28) + 0.5 - y);
        const ink = Math.min(Math.max(RADIUS - away, 0), 1);
        return isRubbing ? Math.min(value, 1 - ink) : Math.max(value, ink);
    });
}

/**
 * The same along a straight line.
 * @param {Float32Array} pixels
 * @param {{ x: number, y: number }} from
 * @param {{ x: number, y: number }} to
 * @param {boolean} isRubbing
 * @returns {Float32Array}
 */
export function paintLine(pixels, from, to, isRubbing) {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)));
    let painted = pixels;
    for (let step = 1; step <= steps; step++) {
        const share = step / steps;
        const x = from.x + share * (to.x - from.x);
        painted = paintSpot(painted, x, from.y + share * (to.y - from.y), isRubbing);
    }
    return painted;
}

/**
 * Have strokes on `canvas` told, whose places are pixels of the digit. The page does not scroll under them.
 * @param {HTMLCanvasElement} canvas
 * @param {(from: { x: number, y: number }, to: { x: number, y: number }) => void} onStroke
 */
export function followStrokes(canvas, onStroke) {
    canvas.style.touchAction = "none";
    let before = null;
    const placeOf = ({ clientX, clientY }) => {
        const { left, top, width, height } = canvas.getBoundingClientRect();
        return { x: (28 * (clientX - left)) / width, y: (28 * (clientY - top)) / height };
    };
    canvas.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        canvas.setPointerCapture(event.pointerId);
        before = placeOf(event);
        onStroke(before, before);
    });
    canvas.addEventListener("pointermove", (event) => {
        if (!before) return;
        for (const each of movesOf(event)) {
            const place = placeOf(each);
            onStroke(before, place);
            before = place;
        }
    });
    for (const end of ["pointerup", "pointercancel"]) {
        canvas.addEventListener(end, () => {
            before = null;
        });
    }
}
