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

    const makeRow = (label) => {
        const figure = makeElement("figure");
        const title = makeElement("figcaption", { textContent: label });
        const strip = makeElement("div", { className: "strip" });
        const canvases = digits.map(() => strip.appendChild(makeCanvas(label)));
        figure.append(title, strip);
        return { figure, title, canvases };
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
        rows[1].figure.hidden = !isNoisy;
        setText(rows[0].title, isNoisy ? shown.clean_label : label);
        setText(rows[1].title, label);
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
            const labels = [next.clean_label, next.noisy_labels[0][1], ...answers];
            rows = labels.map(makeRow);
            element.replaceChildren(...rows.map(({ figure }) => figure));
            element.style.setProperty("--lab-count", `${digits.length}`);
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
