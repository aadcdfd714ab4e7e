/**
 * The value that the hand has a slider at, in the very frame of its move.
 *
 * Streamlit's slider draws itself, and has its value in its input element, a frame after the pointer has
 * moved. So while it is dragged the value is worked out from the pointer, as the slider will.
 */

import { findDial, followDials } from "./dials.js";

/** Milliseconds that a slider may take, once let go, to have the value it was dragged to. */
const PATIENCE = 300;

/**
 * A slider's value at a share of its way.
 * @param {{ min: string, max: string, step: string }} input of the slider
 * @param {number} share kept between 0 and 1
 * @returns {number} on one of its steps
 */
export function valueAtShare({ min, max, step }, share) {
    const [low, high, by] = [min, max, step].map(Number);
    const steps = Math.round((Math.min(Math.max(share, 0), 1) * (high - low)) / by);
    return Number(Math.min(low + steps * by, high).toFixed(9));
}

/** A slider that is taken hold of: at its thumb, or at its rail, where the thumb comes to the pointer. */
function takeHold(key, input, event) {
    const thumb = input.closest("[data-rac]");
    const rail = thumb.parentElement.closest("[data-rac]").getBoundingClientRect();
    const [low, high] = [Number(input.min), Number(input.max)];
    const isThumb = thumb.contains(event.target);
    const across = (event.clientX - rail.left) / rail.width;
    const share = isThumb ? (Number(input.value) - low) / (high - low) : across;
    return { key, input, share, from: event.clientX, width: rail.width, value: valueAtShare(input, share) };
}

/**
 * Have each move of some sliders told, by pointer, keys or the page.
 * @param {string[]} keys
 * @param {() => void} onMove
 * @returns {{ valueOf: (key: string, otherwise: number) => number, letGo: () => void }} a slider's value,
 *     `otherwise` where it is not on the page; and what ends it
 */
export function followHand(keys, onMove) {
    let held = null;
    let isDragging = false;
    let waiting = 0;
    const drop = () => {
        clearTimeout(waiting);
        if (!held || isDragging) return;
        held = null;
        onMove();
    };
    const listeners = {
        pointerdown(event) {
            const key = keys.find((each) => event.target.closest?.(`.st-key-${each} [role=group]`));
            const input = key && findDial(key);
            if (!input || input.disabled || event.button !== 0) return;
            clearTimeout(waiting);
            isDragging = true;
            held = takeHold(key, input, event);
            onMove();
        },
        pointermove({ clientX }) {
            if (!isDragging) return;
            const value = valueAtShare(held.input, held.share + (clientX - held.from) / held.width);
            if (value === held.value) return;
            held.value = value;
            onMove();
        },
        pointerup() {
            if (!isDragging) return;
            isDragging = false;
            waiting = setTimeout(drop, PATIENCE);
        },
    };
    listeners.pointercancel = listeners.pointerup;
    const all = Object.entries(listeners);
    for (const [name, listener] of all) document.addEventListener(name, listener, true);
    const letDialsGo = followDials(keys, (key) => {
        if (held?.key !== key) onMove();
        else if (Number(held.input.value) === held.value) drop();
    });
    return {
        valueOf(key, otherwise) {
            return held?.key === key ? held.value : Number(findDial(key)?.value ?? otherwise);
        },
        letGo() {
            clearTimeout(waiting);
            letDialsGo();
            for (const [name, listener] of all) document.removeEventListener(name, listener, true);
        },
    };
}
