/** A picture beside a figure; on a narrow page it floats over the page, away from the finger. */

const NARROW = 640;

/**
 * Put an element where it is seen while the hand is on a figure.
 * @param {HTMLElement} element has the class "away" on a narrow page, "floats" where it does, and "low" there
 * @param {PointerEvent | null} event null brings it back
 */
export function floatAway(element, event) {
    const isNarrow = window.innerWidth <= NARROW;
    const floats = Boolean(event) && isNarrow;
    element.classList.toggle("away", isNarrow);
    element.classList.toggle("floats", floats);
    if (floats) element.classList.toggle("low", event.clientY < window.innerHeight / 2);
}
