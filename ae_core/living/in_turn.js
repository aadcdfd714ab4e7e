/** Much to draw, a few milliseconds' worth in each frame, and only while it is in sight. */

import { oncePerFrame } from "./dials.js";

/**
 * @param {object} options
 * @param {HTMLElement} options.element which must be in sight: frames are for what the hand is seen to change
 * @param {number} options.budget milliseconds of a frame that may go into it
 * @param {(place: number) => void} options.drawOne
 * @param {() => void} [options.before] done in each frame, in sight or not
 * @param {(ends: number) => boolean} [options.after] does more until then, once nothing waits; whether
 *     something of that is left
 * @param {(problem: unknown) => void} options.fail
 */
export function drawInTurn({ element, budget, drawOne, before = () => {}, after = () => false, fail }) {
    let waiting = [];
    let isSeen = true;
    const draw = () => {
        before();
        if (!isSeen) return;
        const ends = performance.now() + budget;
        while (waiting.length && performance.now() < ends) drawOne(waiting.shift());
        if (waiting.length || after(ends)) redraw();
    };
    const redraw = oncePerFrame(draw, fail);
    const sight = new IntersectionObserver((entries) => {
        isSeen = entries.at(-1).isIntersecting;
        if (isSeen) redraw();
    });
    sight.observe(element);
    return {
        redraw,
        /** Have these drawn, after those that still wait: the last would wait as long as the hand moves. */
        add(places) {
            waiting = [...new Set([...waiting, ...places])];
            redraw();
        },
        clear() {
            waiting = [];
        },
        end: () => sight.disconnect(),
    };
}
