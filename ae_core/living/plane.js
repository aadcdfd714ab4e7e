/** Places in the space of codes: between two, along directions, on a map; and what lies beside a place. */

/**
 * The point on the straight line from one to the other.
 * @param {Float32Array} one
 * @param {Float32Array} other as long
 * @param {number} share 0 is the one, 1 the other
 * @returns {Float32Array}
 */
export function pointBetween(one, other, share) {
    return one.map((value, i) => value + share * (other[i] - value));
}

/**
 * The code so far along each of some directions from the mean.
 * @param {Float32Array} mean
 * @param {Float32Array[]} directions each as long as a code
 * @param {number[]} amounts one for each direction
 * @returns {Float32Array}
 */
export function codeAlong(mean, directions, amounts) {
    return mean.map((value, i) => directions.reduce((sum, one, k) => sum + amounts[k] * one[i], value));
}

/**
 * The code that a place on the map stands for.
 * @param {{ size: number, mean?: Float32Array, directions?: Float32Array[] }} plane how many numbers a code
 *     has; where the map shows two directions, these and the codes' mean
 * @param {number} x
 * @param {number} y
 * @returns {Float32Array}
 */
export function codeAt({ size, mean, directions }, x, y) {
    return directions ? codeAlong(mean, directions, [x, y]) : Float32Array.of(x, y).subarray(0, size);
}

/**
 * What the axes of a figure say of a place in it.
 * @param {{ left: number, top: number, width: number, height: number }} box of the area between the axes
 * @param {{ x: number[], y: number[] }} ranges of the axes, each from its lower end
 * @param {number} clientX
 * @param {number} clientY
 * @returns {{ x: number, y: number } | null} null outside
 */
export function placeInBox({ left, top, width, height }, ranges, clientX, clientY) {
    const { x: [west, east], y: [south, north] } = ranges;
    const across = (clientX - left) / width;
    const down = (clientY - top) / height;
    if (!(across >= 0 && across <= 1 && down >= 0 && down <= 1)) return null;
    return { x: west + across * (east - west), y: north - down * (north - south) };
}

/**
 * The nearest of some points, as the figure shows them.
 * @param {{ name: string, x: ArrayLike<number>, y: ArrayLike<number> }[]} groups of points
 * @param {{ x: number, y: number }} place
 * @param {{ x: number, y: number }} unit what counts as far along each axis
 * @returns {{ name: string, distance: number }} of its group; how far away it is, Infinity where none is
 */
export function nearestPoint(groups, place, unit) {
    let name = "";
    let least = Infinity;
    for (const group of groups) {
        for (let i = 0; i < group.x.length; i++) {
            const away = Math.hypot((group.x[i] - place.x) / unit.x, (group.y[i] - place.y) / unit.y);
            if (away < least) [name, least] = [group.name, away];
        }
    }
    return { name, distance: least };
}

/** A number as a caption has it. @param {number} value @returns {string} such as "−1.40" */
export function twoDecimals(value) {
    return value.toFixed(2).replace("-", "−");
}
