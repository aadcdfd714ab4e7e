/** A stage of the network, large: the map under the pointer, and how the number there was worked out. */

import { drawMaps, largest, makeCanvas, twoColours } from "./canvas.js";
import { makeElement } from "./elements.js";
import { patchAt } from "./network.js";
import { colourOf, drawStage, layoutOf, sizeWords } from "./stages.js";

/**
 * The filter and the patch that a number of a convolution's map is the product of.
 * @param {import("./stages.js").Stage} stage
 * @param {import("./network.js").Layer[]} layers of its path
 * @param {Float32Array} values what goes into its layer
 * @param {{ map: number, y: number, x: number }} place in the stage
 * @returns {{ patch: Float32Array, filter: Float32Array, bias: number, sum: number }}
 */
export function productAt({ layer, place: at }, layers, values, { map, y, x }) {
    const shuffle = layers[at + 1]?.kind === "pixel shuffle" ? layers[at + 1] : null;
    const factor = shuffle?.factor ?? 1;
    const number = (map * factor + (y % factor)) * factor + (x % factor);
    const patch = patchAt(layer, values, Math.floor(y / factor), Math.floor(x / factor));
    const filter = layer.weights.subarray(number * patch.length, (number + 1) * patch.length);
    const bias = layer.biases[number];
    return { patch, filter, bias, sum: filter.reduce((sum, weight, i) => sum + weight * patch[i], bias) };
}

/** A small picture with words below it. */
function titled(canvas, words, side) {
    const figure = makeElement("figure");
    canvas.style.width = `${side}px`;
    figure.append(canvas, makeElement("figcaption", { textContent: words }));
    return figure;
}

/** Pixels that a small picture is wide. */
const SIDE = 84;

const inHundredths = (value) => value.toFixed(2).replace("-", "−");

const sign = (text) => makeElement("b", { textContent: text });

/** Channels × kernel × kernel numbers as a picture, in a block that is about square. */
function drawFilter(values, kernel, colour) {
    const canvas = makeCanvas();
    const columns = Math.ceil(Math.sqrt(values.length / kernel ** 2));
    drawMaps(canvas, values, kernel, kernel, colour, columns);
    return canvas;
}

/** @param {Record<string, string>} words */
export function createLens(words) {
    const element = makeElement("div", { className: "lens", hidden: true });
    element.setAttribute("role", "status");

    const mapWords = (map, count) => words.map.replace("{i}", `${map + 1}`).replace("{n}", `${count}`);

    const showMap = (stage, values, place) => {
        const { map, y, x } = place;
        const layout = layoutOf(stage.shape);
        const [width, height] = [layout.width, layout.height];
        const canvas = makeCanvas();
        if (layout.count === 1) drawStage(canvas, values, layout);
        else {
            const size = width * height;
            drawMaps(canvas, values.subarray(map * size, (map + 1) * size), width, height, colourOf(values));
        }
        const frame = makeElement("div", { className: "framed" });
        const cell = makeElement("i", { className: "cell" });
        Object.assign(cell.style, {
            left: `${(100 * x) / width}%`,
            top: `${(100 * y) / height}%`,
            width: `${100 / width}%`,
            height: `${100 / height}%`,
        });
        canvas.style.width = "100%";
        frame.append(canvas, cell);
        const figure = makeElement("figure");
        figure.append(frame, makeElement("figcaption", {
            textContent: layout.count === 1 ? words.all_numbers : mapWords(map, layout.count),
        }));
        return figure;
    };

    const showProduct = (stage, layers, input, place, value) => {
        const { patch, filter, bias, sum } = productAt(stage, layers, input, place);
        const { kernel } = stage.layer;
        const most = largest(filter);
        const products = filter.map((weight, i) => weight * patch[i]);
        const [added, moved, total, made] = [sum - bias, bias, sum, value].map(inHundredths);
        const after = made === total ? "" : `, ${words.activated} ${made}`;
        const sumWords = `${words.sum}: ${added}, ${words.bias} ${moved}: ${total}${after}`;
        return [
            makeElement("b", { className: "mark" }),
            sign("="),
            titled(drawFilter(patch, kernel, colourOf(patch, largest(input))), words.patch, SIDE),
            sign("×"),
            titled(drawFilter(filter, kernel, twoColours(most)), words.filter, SIDE),
            sign("="),
            titled(drawFilter(products, kernel, twoColours(largest(products))), sumWords, SIDE),
        ];
    };

    const showWeights = (stage, number) => {
        const { weights, from } = stage.layer;
        const own = weights.subarray(number * 784, (number + 1) * 784);
        if (from.at(-1) !== 28 || from.at(-2) !== 28) return [];
        return [sign("="), titled(drawFilter(own, 28, twoColours(largest(own))), words.weights, SIDE)];
    };

    return {
        element,
        hide() {
            element.hidden = true;
        },
        /**
         * @param {import("./stages.js").Stage} stage
         * @param {import("./network.js").Layer[]} layers of its path
         * @param {Float32Array[]} way what each of these made
         * @param {Float32Array} start what went into the path
         * @param {{ map: number, y: number, x: number }} place
         */
        show(stage, layers, way, start, place) {
            const values = way[stage.last];
            const layout = layoutOf(stage.shape);
            const number = (place.map * layout.height + place.y) * layout.width + place.x;
            const input = stage.place ? way[stage.place - 1] : start;
            const title = `${words.kinds[stage.layer.kind] ?? stage.layer.kind}: ${sizeWords(stage.shape)}`;
            const parts = [showMap(stage, values, place)];
            if (stage.layer.kind === "convolution") {
                parts.push(...showProduct(stage, layers, input, place, values[number] ?? 0));
            } else if (stage.layer.kind === "linear" && number < values.length) {
                parts.push(...showWeights(stage, number));
            }
            const row = makeElement("div", { className: "lens-row" });
            row.append(...parts);
            element.replaceChildren(makeElement("strong", { textContent: title }), row);
            element.hidden = false;
        },
    };
}
