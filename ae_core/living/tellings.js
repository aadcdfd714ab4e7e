/**
 * What a script tells the server, counted.
 *
 * The page answers for what it was told of when it began. Until it has answered for the last telling, what
 * the hand did since then is newer than what the page says.
 */

/** @param {number} first how many tellings the page has heard of by now */
export function countTellings(first) {
    let last = first;
    return {
        /** @param {object} context of `loadLiving` @param {object} value what is told */
        tell(context, value) {
            last += 1;
            context.tell({ ...value, telling: last });
        },
        /** Whether the page answers for the last of them. @param {number} heard how many it has heard of */
        isAnswered: (heard) => heard === last,
    };
}
