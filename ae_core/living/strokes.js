/**
 * Strokes of a pen as a digit in MNIST's form: its longer side 20 pixels, its centre of mass in the middle,
 * its pen about two pixels wide. What ae_core/pictures/strokes.py draws and preparation.py prepares, at once.
 *
 * It is worked out in numbers alone: no canvas is read, which some browsers falsify.
 */

/** The board's side in its units, in which places and widths are. */
export const BOARD_SIDE = 280;
const DIGIT_SIDE = 28;
const LONGER_SIDE = 20;
const MIDDLE = 14;
/** The medium pen, and how wide it is in a digit; no pen grows thinner than a share of its width. */
const MEDIUM_PEN = 18;
const PIXELS_WIDE = 2;
const LEAST_SHARE = 0.25;
const ROUNDS = 8;
const LIGHTEST = 0.6;
const MORE_WITH_PRESSURE = 0.8;
/** Dots for each pixel, along each side; and along the board, to find what a rubber has left. */
const DOTS = 4;
const BOARD_DOTS = 96;
/** Units between two points that are kept: nearer ones are left out, farther ones get some between them. */
const NEAREST = 1.5;
const FARTHEST = 4;

/**
 * @typedef {object} Stroke
 * @property {boolean} rubs whether it is the rubber's
 * @property {number} width in the board's units
 * @property {number[]} points x, y and pressure of each, one after the other; x and y from 0 to BOARD_SIDE
 */

/** @typedef {{ left: number, top: number, width: number, height: number }} InkBox in the board's units */

/**
 * @typedef {object} Raster
 * @property {Float32Array} ink row after row, from 0 to 1
 * @property {number} columns dots from left to right
 * @property {number} rows dots from top to bottom
 * @property {InkBox} box what it is a picture of
 */

const between = (value, low, high) => Math.min(Math.max(value, low), high);
const rounded = (value, steps) => Math.round(value * steps) / steps;

/** Half of a stroke's width at a point. @param {Stroke} stroke @param {number} pressure @returns {number} */
export function radiusAt({ width }, pressure) {
    return (width / 2) * (LIGHTEST + MORE_WITH_PRESSURE * pressure);
}

/**
 * Lead a stroke on to a place, by points that are neither close together nor far apart.
 * @param {Stroke} stroke
 * @param {number} x
 * @param {number} y
 * @param {number} pressure from 0 to 1; 0.5 where the device says nothing of it
 * @returns {boolean} whether anything was added
 */
export function leadTo({ points }, x, y, pressure) {
    const [toX, toY] = [between(x, 0, BOARD_SIDE), between(y, 0, BOARD_SIDE)];
    const [fromX, fromY, before] = points.length ? points.slice(-3) : [toX, toY, pressure];
    const far = Math.hypot(toX - fromX, toY - fromY);
    if (points.length && far < NEAREST) return false;
    const steps = Math.max(1, Math.ceil(far / FARTHEST));
    for (let step = 1; step <= steps; step++) {
        const share = step / steps;
        points.push(rounded(fromX + share * (toX - fromX), 10), rounded(fromY + share * (toY - fromY), 10));
        points.push(rounded(before + share * (pressure - before), 100));
    }
    return true;
}

/** @param {Stroke[]} strokes @returns {number} how many points they have */
export function countPoints(strokes) {
    return strokes.reduce((sum, { points }) => sum + points.length / 3, 0);
}

/** Square of the distance of a place from the line between two, and how far along it is nearest. */
function measureAway(x, y, fromX, fromY, alongX, alongY) {
    const length = alongX * alongX + alongY * alongY;
    const share = length ? between(((x - fromX) * alongX + (y - fromY) * alongY) / length, 0, 1) : 0;
    const right = x - fromX - share * alongX;
    const down = y - fromY - share * alongY;
    return [right * right + down * down, share];
}

/** Whether a rubber's stroke goes over a place. */
function goesOver(stroke, x, y) {
    const { points } = stroke;
    for (let i = 0; i < points.length; i += 3) {
        const from = Math.max(i - 3, 0);
        const radius = radiusAt(stroke, points[from + 2]);
        const far = Math.max(Math.abs(x - points[i]), Math.abs(y - points[i + 1]));
        if (far > radius + FARTHEST) continue;
        const along = [points[i] - points[from], points[i + 1] - points[from + 1]];
        const [away] = measureAway(x, y, points[from], points[from + 1], ...along);
        if (away <= radius * radius) return true;
    }
    return false;
}

/** The pens' points that no later rubber went over: x, y and radius, one after the other. */
function pointsLeft(strokes) {
    const left = [];
    strokes.forEach((stroke, n) => {
        if (stroke.rubs) return;
        const rubbers = strokes.slice(n).filter(({ rubs }) => rubs);
        for (let i = 0; i < stroke.points.length; i += 3) {
            const [x, y, pressure] = stroke.points.slice(i, i + 3);
            if (rubbers.some((rubber) => goesOver(rubber, x, y))) continue;
            left.push(x, y, radiusAt(stroke, pressure));
        }
    });
    return left;
}

/** The box around points with their radii times `share`. @returns {InkBox} */
function boxAround(points, share) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 3) {
        const radius = share * points[i + 2];
        left = Math.min(left, points[i] - radius);
        right = Math.max(right, points[i] + radius);
        top = Math.min(top, points[i + 1] - radius);
        bottom = Math.max(bottom, points[i + 1] + radius);
    }
    return { left, top, width: right - left, height: bottom - top };
}

/** By what each pen's width is multiplied, so that the medium one is PIXELS_WIDE in the digit. */
function measurePen(points) {
    let share = 1;
    for (let round = 0; round < ROUNDS; round++) {
        const { width, height } = boxAround(points, share);
        share = Math.max((Math.max(width, height) * PIXELS_WIDE) / LONGER_SIDE / MEDIUM_PEN, LEAST_SHARE);
    }
    return share;
}

/** Lay one piece of a stroke onto a raster, or take it away: from a point with its radius to another. */
function layPiece({ ink, columns, rows, box }, [fromX, fromY, fromRadius], [toX, toY, toRadius], rubs) {
    const stepX = box.width / columns;
    const stepY = box.height / rows;
    const soft = (stepX + stepY) / 2;
    const reach = Math.max(fromRadius, toRadius) + soft;
    const firstColumn = Math.max(0, Math.floor((Math.min(fromX, toX) - reach - box.left) / stepX));
    const endColumn = Math.min(columns, Math.ceil((Math.max(fromX, toX) + reach - box.left) / stepX));
    const firstRow = Math.max(0, Math.floor((Math.min(fromY, toY) - reach - box.top) / stepY));
    const endRow = Math.min(rows, Math.ceil((Math.max(fromY, toY) + reach - box.top) / stepY));
    const alongX = toX - fromX;
    const alongY = toY - fromY;
    const length = alongX * alongX + alongY * alongY || 1;
    for (let row = firstRow; row < endRow; row++) {
        const y = box.top + (row + 0.5) * stepY - fromY;
        for (let column = firstColumn; column < endColumn; column++) {
            const x = box.left + (column + 0.5) * stepX - fromX;
            const share = Math.min(Math.max((x * alongX + y * alongY) / length, 0), 1);
            const right = x - share * alongX;
            const down = y - share * alongY;
            const radius = fromRadius + share * (toRadius - fromRadius);
            const cover = (radius - Math.sqrt(right * right + down * down)) / soft + 0.5;
            if (cover <= 0) continue;
            const dot = row * columns + column;
            if (rubs) ink[dot] = Math.min(ink[dot], Math.max(1 - cover, 0));
            else ink[dot] = Math.max(ink[dot], Math.min(cover, 1));
        }
    }
}

/** @param {Stroke[]} strokes @param {number} share of the pens' widths @returns {Raster} */
function drawRaster(strokes, share, box, columns, rows) {
    const raster = { ink: new Float32Array(columns * rows), columns, rows, box };
    const dot = Math.min(box.width / columns, box.height / rows);
    for (const stroke of strokes) {
        const scale = stroke.rubs ? Math.max(share, 1) : share;
        const { points } = stroke;
        let before = null;
        for (let i = 0; i < points.length; i += 3) {
            const point = [points[i], points[i + 1], scale * radiusAt(stroke, points[i + 2])];
            const isClose = before && Math.hypot(point[0] - before[0], point[1] - before[1]) < dot;
            if (isClose && i + 3 < points.length) continue; // the next one's piece goes over it
            layPiece(raster, before ?? point, point, stroke.rubs);
            before = point;
        }
    }
    return raster;
}

/** The box around what is at least half ink on a raster; null where nothing is. @returns {InkBox | null} */
function boxOfInk({ ink, columns, rows, box }) {
    let [left, top, right, bottom] = [columns, rows, -1, -1];
    for (let dot = 0; dot < ink.length; dot++) {
        if (ink[dot] < 0.5) continue;
        const [row, column] = [Math.floor(dot / columns), dot % columns];
        left = Math.min(left, column);
        right = Math.max(right, column);
        top = Math.min(top, row);
        bottom = Math.max(bottom, row);
    }
    if (right < 0) return null;
    const [stepX, stepY] = [box.width / columns, box.height / rows];
    const corner = { left: box.left + left * stepX, top: box.top + top * stepY };
    return { ...corner, width: (right + 1 - left) * stepX, height: (bottom + 1 - top) * stepY };
}

/** The box around what is left of the ink. @returns {InkBox | null} */
function findBox(strokes, points, share) {
    if (!strokes.some(({ rubs }) => rubs)) return boxAround(points, share);
    const pens = strokes.filter(({ rubs }) => !rubs);
    const all = boxAround(pointsLeft(pens), share);
    return boxOfInk(drawRaster(strokes, share, all, BOARD_DOTS, BOARD_DOTS));
}

/** A raster with so many dots for each pixel as pixels. @returns {Float32Array} */
function averageDots({ ink, columns, rows }) {
    const width = columns / DOTS;
    const pixels = new Float32Array((width * rows) / DOTS);
    for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
            const pixel = Math.floor(row / DOTS) * width + Math.floor(column / DOTS);
            pixels[pixel] += ink[row * columns + column] / DOTS ** 2;
        }
    }
    return pixels;
}

/**
 * Strokes as bright as can be: 19 of 20 of the pixels with ink are no brighter than what becomes 1. In whole
 * 255ths, as MNIST's files have them: so the server has the very same digit.
 */
function brighten(pixels) {
    const inked = pixels.filter((value) => value > 0).toSorted();
    const place = 0.95 * (inked.length - 1);
    const low = Math.floor(place);
    const next = inked[Math.min(low + 1, inked.length - 1)];
    const full = Math.max(inked[low] + (place - low) * (next - inked[low]), 0.05);
    return pixels.map((value) => Math.round(255 * Math.min(value / full, 1)) / 255);
}

/** Where the corner of a picture lies on 28 pixels, so that its centre of mass is nearest the middle. */
function placeOf(pixels, width) {
    let [sum, right, down] = [0, 0, 0];
    pixels.forEach((value, i) => {
        sum += value;
        right += value * (i % width);
        down += value * Math.floor(i / width);
    });
    return [Math.round(MIDDLE - right / sum), Math.round(MIDDLE - down / sum)];
}

/**
 * The digit that strokes make.
 * @param {Stroke[]} strokes in the order in which they were drawn
 * @returns {Float32Array | null} 784 values in [0, 1]; null where there is no ink
 */
export function digitOf(strokes) {
    const points = pointsLeft(strokes);
    if (!points.length) return null;
    const share = measurePen(points);
    const box = findBox(strokes, points, share);
    if (!box) return null;
    for (const longer of [LONGER_SIDE, LONGER_SIDE - 1]) {
        const scale = longer / Math.max(box.width, box.height);
        const width = Math.max(1, Math.round(box.width * scale));
        const height = Math.max(1, Math.round(box.height * scale));
        const pixels = brighten(averageDots(drawRaster(strokes, share, box, DOTS * width, DOTS * height)));
        const [left, top] = placeOf(pixels, width);
        const fits = left >= 0 && top >= 0 && left + width <= DIGIT_SIDE && top + height <= DIGIT_SIDE;
        if (!fits && longer === LONGER_SIDE) continue;
        const [column, row] = [between(left, 0, DIGIT_SIDE - width), between(top, 0, DIGIT_SIDE - height)];
        const digit = new Float32Array(DIGIT_SIDE * DIGIT_SIDE);
        for (let y = 0; y < height; y++) {
            digit.set(pixels.subarray(y * width, (y + 1) * width), (row + y) * DIGIT_SIDE + column);
        }
        return digit;
    }
    return null;
}
