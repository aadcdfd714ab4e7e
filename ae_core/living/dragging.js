/**
 * The value that the hand has a slider at, in the very frame of its move.
 *
 * Streamlit's slider draws itself, and has its value in its input element, a frame after the pointer has
 * moved. So while it is dragged the value is worked out from the pointer, as the slider will.
 *
 * A hand elsewhere counts as well: who leads this page tells its values by a "lab-lead" event at the
 * document, {key: value} in its detail, and they hold until the server has brought the sliders there.
 */

import { findDial, followDials } from "./dials.js";

/** Milliseconds that a slider may take, once let go, to have the value it was dragged to. */
const PATIENCE = 300;
/** Milliseconds that the server may take to bring a slider to where another's hand has its own. */
const LED_PATIENCE = 10000;

/** What another's hand leads to, whichever followers of dials come and go meanwhile. */
const led = { values: /** @type {Record<string, number>} */ ({}), until: 0 };

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
    let leading = 0;
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
            delete led.values[key];
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
        "lab-lead"({ detail }) {
            Object.assign(led, { values: { ...detail }, until: performance.now() + LED_PATIENCE });
            clearTimeout(leading);
            leading = setTimeout(onMove, LED_PATIENCE);
            onMove();
        },
    };
    listeners.pointercancel = listeners.pointerup;
    const all = Object.entries(listeners);
    for (const [name, listener] of all) document.addEventListener(name, listener, true);
    const letDialsGo = followDials(keys, (key, { value }) => {
        if (Number(value) === led.values[key]) delete led.values[key];
        if (held?.key !== key) onMove();
        else if (Number(held.input.value) === held.value) drop();
    });
    return {
        valueOf(key, otherwise) {
            if (held?.key === key) return held.value;
            const dial = findDial(key);
            if (dial && key in led.values && performance.now() < led.until) return led.values[key];
            return Number(dial?.value ?? otherwise);
        },
        letGo() {
            clearTimeout(waiting);
            clearTimeout(leading);
            letDialsGo();
            for (const [name, listener] of all) document.removeEventListener(name, listener, true);
        },
    };
}
