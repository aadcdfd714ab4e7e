/** What has just come comes into sight, and nothing moves that is in sight already. */

/** Height of the page's head, in pixels. */
const HEAD = 64;
const SPACE = 8;

/** Room below what was brought in at the foot of the window, in pixels. */
const FOOT = 72;

/**
 * Whether a place's first lines are in the upper half of the window, below the page's head.
 * @param {number} top of the place, in pixels
 * @param {number} height of the window
 */
function isInSight(top, height) {
    return top >= HEAD && top <= height / 2;
}

/**
 * @param {object} component
 * @param {object} component.data
 * @param {string} component.data.key the place's
 * @param {boolean} component.data.isAnswer whether it is the end of what is looked at already, and moves no
 *     more than is needed; else its beginning is brought to the top
 */
export default function bringIntoView({ data: { key, isAnswer } }) {
    const place = document.querySelector(`.st-key-${key}`);
    if (!place) return;
    const { top, bottom } = place.getBoundingClientRect();
    if (isAnswer) {
        place.style.scrollMarginBottom = `${FOOT}px`;
        if (bottom > window.innerHeight) place.scrollIntoView({ block: "nearest", behavior: "instant" });
        return;
    }
    if (isInSight(top, window.innerHeight)) return;
    place.style.scrollMarginTop = `${HEAD + SPACE}px`;
    place.scrollIntoView({ block: "start", behavior: "instant" });
}
