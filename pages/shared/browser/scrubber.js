/**
 * Pictures that follow a slider while it is being dragged.
 *
 * A Streamlit slider tells the server its value when it is let go, and the page before: its input element has
 * it all along.
 */

/**
 * @typedef {object} Frames
 * @property {string} slider the slider's key
 * @property {string} picture the key of the pictures' container
 * @property {number[]} values the slider's values that there are pictures of
 * @property {string[][]} pictures addresses: for each image one, or one for each value
 * @property {string[][]} labels in the same shape
 */

/**
 * Place of the value nearest to `value`; the first of two that are as near.
 * @param {number[]} values
 * @param {number} value
 * @returns {number}
 */
function nearestStep(values, value) {
    return values.reduce(
        (best, one, i) => (Math.abs(one - value) < Math.abs(values[best] - value) ? i : best),
        0,
    );
}

/**
 * Show every image as it is at `value`.
 * @param {Frames} frames
 * @param {number} value of the slider
 */
function showFrame(frames, value) {
    const step = nearestStep(frames.values, value);
    const frameOf = (row) => row[row.length > 1 ? step : 0];
    document.querySelectorAll(`.st-key-${frames.picture} img`).forEach((image, i) => {
        image.src = frameOf(frames.pictures[i]);
        image.alt = frameOf(frames.labels[i]);
        image.previousElementSibling.firstChild.nodeValue = frameOf(frames.labels[i]);
    });
}

/**
 * @param {object} component
 * @param {Uint8Array} component.data Frames as JSON
 * @param {ShadowRoot} component.parentElement
 * @returns {() => void} lets the slider go
 */
export default function followSlider({ data: bytes, parentElement }) {
    const frames = JSON.parse(new TextDecoder().decode(bytes));
    const observer = new MutationObserver((changes) => {
        const inputs = changes.map((change) => change.target);
        const moved = inputs.findLast((input) => input.closest(`.st-key-${frames.slider}`));
        if (moved) showFrame(frames, Number(moved.value));
    });
    // Called again with other pictures, while what it gives back is called only when the element goes.
    parentElement.following?.disconnect();
    parentElement.following = observer;
    observer.observe(document.body, { subtree: true, attributeFilter: ["value"] });
    return () => parentElement.following.disconnect();
}
