/** The stages of a network's two paths: what each layer with weights makes, drawn to one scale. */

import { drawMaps, greys, largest, makeCanvas, pixelOf, twoColours } from "./canvas.js";
import { makeElement } from "./elements.js";
import { hasWeights } from "./network.js";

/** A power below 1 brightens what is dark. */
const BRIGHTENED = 0.6;
/** How many shades there are from 0 to the largest value. */
const SHADES = 512;
/** The colours of values from −1 to 1, brightened. */
const shadesOf = (colour) =>
    Int32Array.from({ length: 2 * SHADES + 1 }, (_, i) => {
        const value = i / SHADES - 1;
        return colour(Math.sign(value) * Math.abs(value) ** BRIGHTENED);
    });
const GREYS = shadesOf(greys());
const TWO_COLOURS = shadesOf(twoColours(1));
/** The colour of a place without a number. */
const NONE = pixelOf(128, 128, 128);

/**
 * @typedef {object} Stage
 * @property {import("./network.js").Layer} layer the one with weights
 * @property {number} place of that layer in its path
 * @property {number} last place of the path's layer whose values are the stage's, activation included
 * @property {number[]} shape of its values
 */

/**
 * @param {import("./network.js").Layer[]} layers of one path
 * @returns {Stage[]}
 */
export function stagesOf(layers) {
    const stages = [];
    layers.forEach((layer, place) => {
        if (hasWeights(layer)) stages.push({ layer, place });
        Object.assign(stages.at(-1), { last: place, shape: layer.to });
    });
    return stages;
}

/**
 * How a stage's values are laid out: maps in columns, or numbers in a block that is higher than wide.
 * @param {number[]} shape
 * @param {number} slimness of a block of numbers, its height by its width
 * @returns {{ width: number, height: number, columns: number, count: number }} of one map, in numbers
 */
export function layoutOf(shape, slimness = 3) {
    if (shape.length === 1) {
        const width = Math.ceil(Math.sqrt(shape[0] / slimness));
        return { width, height: Math.ceil(shape[0] / width), columns: 1, count: 1 };
    }
    const [count, height, width] = shape;
    return { width, height, columns: Math.ceil(Math.sqrt(count / 2)), count };
}

/**
 * Colours for a stage's values, full at the largest: greys where nothing is below zero, as after a ReLU, else
 * two colours. Small values are brightened, or most maps would look empty.
 */
export function colourOf(values, most = largest(values) || 1) {
    return shadeIn(values.some((value) => value < 0) ? TWO_COLOURS : GREYS, most);
}

/** Colours for a code's numbers: two, as its bars have them, whatever their signs are. */
export const colourOfCode = (values) => shadeIn(TWO_COLOURS, largest(values) || 1);

function shadeIn(colours, most) {
    return (value) => colours[Math.round((value / most) * SHADES) + SHADES];
}

/**
 * Draw a stage's values.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} values
 * @param {object} layout from `layoutOf`
 */
export function drawStage(canvas, values, { width, height, columns, count }, colour = colourOf(values)) {
    const full = new Float32Array(width * height * count).fill(NaN);
    full.set(values);
    const colourOrNone = (value) => (Number.isNaN(value) ? NONE : colour(value));
    drawMaps(canvas, full, width, height, colourOrNone, columns);
}

/**
 * Which value of a stage lies at a place of its canvas.
 * @returns {{ map: number, y: number, x: number } | null}
 */
export function valueAt({ width, height, columns, count }, x, y) {
    const column = Math.floor(x / (width + 1));
    const row = Math.floor(y / (height + 1));
    const map = row * columns + column;
    const inside = { x: Math.floor(x - column * (width + 1)), y: Math.floor(y - row * (height + 1)) };
    const isInMap = inside.x < width && inside.y < height && x >= 0 && y >= 0;
    return isInMap && column < columns && map < count ? { map, ...inside } : null;
}

/**
 * One path on the page: a button for each stage with its canvas, before a funnel.
 * @param {string} name of the path, for those who cannot see it
 * @param {boolean} isWidening whether it is the decoder
 * @param {(stage: Stage, place: { map: number, y: number, x: number } | null) => void} onPoint
 */
export function createPath(name, isWidening, onPoint) {
    const element = makeElement("div");
    element.className = `path ${isWidening ? "decoder" : "encoder"}`;
    const title = makeElement("div", { className: "path-name", textContent: name });
    const row = makeElement("div", { className: "stages" });
    element.append(title, row);
    let shown = [];

    const makeStage = (stage) => {
        const button = makeElement("button", { type: "button", className: "stage" });
        const canvas = button.appendChild(makeCanvas());
        const words = makeElement("span", { textContent: sizeWords(stage.shape) });
        button.append(words);
        button.setAttribute("aria-label", `${name}, ${stage.layer.kind}: ${sizeWords(stage.shape)}`);
        const layout = layoutOf(stage.shape);
        const pointAt = ({ clientX, clientY }) => {
            const box = canvas.getBoundingClientRect();
            const x = ((clientX - box.left) / box.width) * canvas.width;
            const y = ((clientY - box.top) / box.height) * canvas.height;
            onPoint(stage, valueAt(layout, x, y) ?? { map: 0, y: 0, x: 0 });
        };
        button.addEventListener("pointermove", pointAt);
        button.addEventListener("click", (event) => {
            if (event.detail) pointAt(event);
            else onPoint(stage, { map: 0, y: layout.height >> 1, x: layout.width >> 1 });
        });
        button.addEventListener("pointerleave", ({ pointerType }) => {
            if (pointerType === "mouse") onPoint(null);
        });
        button.addEventListener("blur", () => onPoint(null));
        return { stage, button, canvas, layout };
    };

    return {
        element,
        /** @param {Stage[]} stages those to show */
        setStages(stages) {
            shown = stages.map(makeStage);
            row.replaceChildren(...shown.map(({ button }) => button));
        },
        /** @param {Float32Array[]} way what each of the path's layers made */
        draw(way) {
            for (const { stage, canvas, layout } of shown) drawStage(canvas, way[stage.last], layout);
        },
        /** How much room the stages need at a pixel a number: width, height and how many there are. */
        needs() {
            const sizes = shown.map(({ layout: { width, height, columns, count } }) => [
                columns * (width + 1),
                Math.ceil(count / columns) * (height + 1),
            ]);
            return {
                width: sizes.reduce((sum, [width]) => sum + width, 0),
                height: Math.max(0, ...sizes.map(([, height]) => height)),
                count: sizes.length,
            };
        },
        /** @param {number} scale pixels a number @param {number} narrow the funnel's narrow end, a share */
        resize(scale, narrow) {
            for (const { canvas } of shown) {
                canvas.style.width = `${canvas.width * scale}px`;
                canvas.style.height = `${canvas.height * scale}px`;
            }
            element.style.setProperty("--lab-narrow", `${narrow}`);
        },
    };
}

/** @param {number[]} shape @returns {string} such as "192" or "8 × 14 × 14" */
export function sizeWords(shape) {
    return shape.length === 1 ? `${shape[0]}` : `${shape[0]} maps, ${shape[1]} × ${shape[2]}`;
}
