/**
 * The fields for a room's votes, once a card shows them.
 *
 * Who opens the fields sees them; with a mouse at hand the first takes what is typed. What was typed counts
 * without Enter.
 */

const ENTER = { key: "Enter", code: "Enter", keyCode: 13, bubbles: true };
/** Milliseconds without another digit after which a number counts. */
const REST = 400;
/** Milliseconds for which the fields, which come one by one, are kept in sight. */
const GROWING = 3000;

/** Have each number count a moment after it was typed. */
function countWithoutEnter(fields) {
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a card is drawn again and again
    fields.oninput = (event) => {
        clearTimeout(fields.labTyped);
        const enter = () => event.target.dispatchEvent(new KeyboardEvent("keydown", ENTER));
        fields.labTyped = setTimeout(enter, REST);
    };
}

/** Bring the fields into sight, and keep them there while they grow. */
function keepInSight(fields) {
    const observer = new ResizeObserver(() => fields.scrollIntoView({ block: "nearest" }));
    observer.observe(fields);
    setTimeout(() => observer.disconnect(), GROWING);
}

/**
 * @param {object} component
 * @param {{ card: string, opened: boolean }} component.data the card's key, and whether its fields are open
 */
export default function openFields({ data: { card, opened } }) {
    const fields = document.querySelector(`.st-key-${card}_hands`);
    if (!fields) return;
    countWithoutEnter(fields);
    if (!opened || fields.labShown) return;
    fields.labShown = true;
    keepInSight(fields);
    if (matchMedia("(pointer: fine)").matches) {
        fields.querySelector("input[type=number]")?.focus({ preventScroll: true });
    }
}
