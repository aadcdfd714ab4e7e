/** A training that was just begun comes into sight, and nothing moves that is in sight already. */

/** Height of the page's head, in pixels. */
const HEAD = 64;
const SPACE = 8;

/**
 * Whether a place's first lines are in the upper half of the window, below the page's head.
 * @param {number} top of the place, in pixels
 * @param {number} height of the window
 */
function isInSight(top, height) {
    return top >= HEAD && top <= height / 2;
}

/** @param {{ data: string }} component data: the place's key */
export default function bringIntoView({ data: key }) {
    const place = document.querySelector(`.st-key-${key}`);
    if (!place || isInSight(place.getBoundingClientRect().top, window.innerHeight)) return;
    place.style.scrollMarginTop = `${HEAD + SPACE}px`;
    place.scrollIntoView({ block: "start", behavior: "instant" });
}
