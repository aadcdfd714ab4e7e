/** Rows of digits that follow the noise slider while it is dragged: noisy, and as networks rebuild them. */

import { drawMaps, greys, makeCanvas } from "./canvas.js";
import { loadNetwork, readDigits, readPatterns } from "./data.js";
import { followHand } from "./dragging.js";
import { makeElement, setText } from "./elements.js";
import { drawInTurn } from "./in_turn.js";
import { decode, encode } from "./network.js";
import { addNoise } from "./noise.js";

/** Milliseconds of a frame that may go into digits; those that are left come in the next. */
const BUDGET = 3;

/**
 * @typedef {object} Shown
 * @property {string} digits 784 bytes each, in base64
 * @property {string} pattern of their noise, for `readPatterns`
 * @property {string} kind of the noise
 * @property {number} level of the noise
 * @property {string} dial key of the slider
 * @property {number} per_block how many of them stand together
 * @property {number} across blocks of them beside each other
 * @property {string} clean_label label of the digits' row, where there is noise
 * @property {[number, string][]} noisy_labels levels, and from each on the label of the noisy row
 * @property {{ label: string, address: string }[]} networks a row for each
 */

function createRows(root, context) {
    const element = makeElement("div", { className: "lab-rows" });
    let rows = [];
    let networks = [];
    let [digits, patterns] = [[], []];
    /** @type {Shown} */
    let shown = null;
    let level = 0;
    let letGo = () => {};

    /** The part of a row that stands in one block. */
    const makePart = (label, count) => {
        const figure = makeElement("figure");
        const title = makeElement("figcaption", { textContent: label });
        const strip = makeElement("div", { className: "strip" });
        const canvases = Array.from({ length: count }, () => strip.appendChild(makeCanvas(label)));
        figure.append(title, strip);
        return { figure, title, canvases };
    };
    /** Blocks of all rows' digits below each other, and the rows through all of them. */
    const makeRows = (labels) => {
        const { per_block: size, across } = shown;
        const blocks = [];
        const parts = labels.map(() => []);
        for (let start = 0; start < digits.length; start += size) {
            const block = makeElement("div", { className: "block" });
            block.classList.toggle("begins", blocks.length % across === 0);
            for (const [i, label] of labels.entries()) {
                const part = makePart(label, Math.min(size, digits.length - start));
                parts[i].push(part);
                block.append(part.figure);
            }
            blocks.push(block);
        }
        rows = parts.map((row) => ({
            figures: row.map(({ figure }) => figure),
            titles: row.map(({ title }) => title),
            canvases: row.flatMap(({ canvases }) => canvases),
        }));
        element.replaceChildren(...blocks);
        element.style.setProperty("--lab-count", `${size}`);
        element.style.setProperty("--lab-across", `${across}`);
        element.style.setProperty("--lab-lines", `${Math.ceil(blocks.length / across)}`);
    };
    const drawOne = (n) => {
        const noisy = addNoise(digits[n], shown.kind, level, patterns[n]);
        const rebuilt = networks.map((network) => decode(network, encode(network, noisy)));
        const pictures = [digits[n], noisy, ...rebuilt];
        pictures.forEach((pixels, i) => drawMaps(rows[i].canvases[n], pixels, 28, 28, greys()));
    };
    const nameRows = () => {
        const label = shown.noisy_labels.findLast(([from]) => level >= from)[1];
        const isNoisy = level > 0; // without noise both are the same pictures: one row of them
        for (const figure of rows[1].figures) figure.hidden = !isNoisy;
        for (const title of rows[0].titles) setText(title, isNoisy ? shown.clean_label : label);
        for (const title of rows[1].titles) setText(title, label);
    };
    const queue = drawInTurn({
        element,
        budget: BUDGET,
        drawOne,
        before: nameRows,
        fail: context.fail,
    });

    return {
        /** @param {Shown} next */
        async show(next) {
            letGo();
            shown = next;
            digits = readDigits(next.digits);
            patterns = readPatterns(next.pattern, digits.length);
            ({ level } = next);
            const addresses = next.networks.map(({ address }) => context.base + address);
            const loaded = await Promise.all(addresses.map(loadNetwork));
            if (shown !== next) return;
            networks = loaded;
            const answers = next.networks.map(({ label }) => label);
            makeRows([next.clean_label, next.noisy_labels[0][1], ...answers]);
            const hand = followHand([next.dial], () => {
                level = hand.valueOf(next.dial, level);
                queue.add(digits.keys());
            });
            letGo = () => hand.letGo();
            level = hand.valueOf(next.dial, level);
            queue.clear();
            for (const n of digits.keys()) drawOne(n);
            nameRows();
            if (!element.isConnected) root.append(element);
            context.isReady();
        },
        end() {
            letGo();
            queue.end();
            element.remove();
        },
    };
}

/**
 * Draw the rows, or have those that are there show something else.
 * @param {ShadowRoot} root
 * @param {Shown} data
 * @param {{ base: string, fail: (problem: unknown) => void, isReady: () => void }} context
 * @returns {() => void} ends it
 */
export default function mountRows(root, data, context) {
    root.rows ??= createRows(root, context);
    root.rows.show(data).catch(context.fail);
    return () => {
        root.rows?.end();
        root.rows = null;
    };
}
