/** Noise on a digit, as ae_core/corruption.py puts it there: what was drawn comes from the server. */

const SPOIL = {
    gaussian: (value, level, [epsilon], i) => Math.min(Math.max(value + level * epsilon[i], 0), 1),
    salt_and_pepper: (value, level, [chance, colour], i) =>
        chance[i] < level ? Number(colour[i] < 0.5) : value,
    masking: (value, level, [chance], i) => (chance[i] < level ? 0 : value),
    occlusion: (value, level, [coveredAbove], i) => (coveredAbove[i] < level ? 0 : value),
};

/**
 * A digit with noise of some level on it. The pattern stays the same, its amount follows the level.
 * @param {Float32Array} pixels in [0, 1]
 * @param {string} kind a key of ae_core.corruption.CORRUPTIONS
 * @param {number} level from 0 to 1
 * @param {Float32Array[]} pattern what ae_core.corruption.draw_pattern drew: one or two numbers a pixel
 * @returns {Float32Array} in [0, 1]
 */
export function addNoise(pixels, kind, level, pattern) {
    const threshold = kind === "gaussian" ? level : Math.fround(level); // torch compares 32-bit floats
    return level === 0 ? pixels : pixels.map((value, i) => SPOIL[kind](value, threshold, pattern, i));
}
