/**
 * Sliders of the page while they are dragged, and drawing once a frame.
 *
 * A Streamlit slider tells the server its value when it is let go: its input element has it all along.
 */

/**
 * Tell of each move of the sliders with these keys.
 * @param {string[]} keys
 * @param {(key: string, input: HTMLInputElement) => void} onMove
 * @returns {() => void} lets them go
 */
export function followDials(keys, onMove) {
    const observer = new MutationObserver((changes) => {
        for (const key of keys) {
            const moved = changes.findLast(({ target }) => target.closest(`.st-key-${key}`));
            if (moved) onMove(key, moved.target);
        }
    });
    observer.observe(document.body, { subtree: true, attributeFilter: ["value", "aria-valuetext"] });
    return () => observer.disconnect();
}

/**
 * The slider with this key.
 * @param {string} key
 * @returns {HTMLInputElement | null}
 */
export function findDial(key) {
    return document.querySelector(`.st-key-${key} input[type=range]`);
}

/**
 * A function that has `draw` called once in the next frame, however often it is called until then.
 * @param {() => void} draw
 * @param {(problem: unknown) => void} fail gets what `draw` throws
 * @returns {() => void}
 */
export function oncePerFrame(draw, fail) {
    let waits = false;
    return () => {
        if (waits) return;
        waits = true;
        requestAnimationFrame(() => {
            waits = false;
            try {
                draw();
            } catch (problem) {
                fail(problem);
            }
        });
    };
}
