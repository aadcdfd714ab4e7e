/** What a pointer did. */

/**
 * The moves that an event stands for: a busy page hears of several at once.
 * @param {PointerEvent} event "pointermove"
 * @returns {PointerEvent[]} in their order, at least one; the event itself where the browser tells no more
 */
export function movesOf(event) {
    const moves = event.getCoalescedEvents?.() ?? [];
    return moves.length ? moves : [event];
}
