/** Many digits at once: of each, what networks rebuild of it; they follow the noise slider while it moves. */

import { drawDigit, makeCanvas } from "./canvas.js";
import { loadNetwork, readDigits, readPatterns } from "./data.js";
import { followHand } from "./dragging.js";
import { makeElement, setText } from "./elements.js";
import { drawInTurn } from "./in_turn.js";
import { classify, decode, encode } from "./network.js";
import { squaredError } from "./network_view.js";
import { addNoise } from "./noise.js";

/** Milliseconds of a frame that may go into digits; those that are left come in the next. */
const BUDGET = 6;

/**
 * @typedef {object} Cards
 * @property {string} digits 784 bytes each, in base64
 * @property {string} pattern of the noise that lies on each, for `readPatterns`
 * @property {string} kind of the noise
 * @property {number} level of the noise
 * @property {string} dial key of the slider
 * @property {number} chosen place of the digit that is marked
 * @property {{ name: string, address: string }[]} networks below each digit, in this order
 * @property {{ address: string } | null} classifier what reads the pictures
 * @property {Record<string, string>} words below the pictures
 */

/** A picture with a line below it: what it is, and what it reads as. */
function makePicture(name) {
    const canvas = makeCanvas(name);
    const title = makeElement("span");
    const reading = makeElement("span");
    const element = makeElement("figure");
    const caption = makeElement("figcaption");
    caption.append(title, reading);
    element.append(canvas, caption);
    return { element, canvas, title, reading, pixels: null };
}

/** Whether all is as it was but for the digit that is marked. @param {Cards} one @param {Cards} other */
function isSame(one, other) {
    return JSON.stringify({ ...one, chosen: 0 }) === JSON.stringify({ ...other, chosen: 0 });
}

function createCards(root, context) {
    const element = makeElement("div", { className: "lab-cards" });
    /** @type {Cards} */
    let shown = null;
    let [cards, networks, digits, pattern] = [[], [], [], []];
    let classifier = null;
    let level = 0;
    let unread = []; // pictures
    let letGo = () => {};

    const markChosen = () => {
        cards.forEach(({ card }, n) => card.classList.toggle("chosen", n === shown.chosen));
    };
    const makeCard = (_digit, n) => {
        const { words } = shown;
        const names = [words.digit, words.noisy, ...shown.networks.map(({ name }) => name)];
        const pictures = names.map(makePicture);
        const card = makeElement("div", { className: "card" }, ...pictures.map((each) => each.element));
        card.setAttribute("role", "group");
        card.setAttribute("aria-label", words.nth.replace("{i}", n + 1).replace("{n}", digits.length));
        return { card, pictures };
    };
    const drawOne = (n) => {
        const noisy = addNoise(digits[n], shown.kind, level, pattern);
        const rebuilt = networks.map((network) => decode(network, encode(network, noisy)));
        const { pictures } = cards[n];
        [digits[n], noisy, ...rebuilt].forEach((pixels, i) => {
            const picture = pictures[i];
            if (picture.pixels === pixels) return;
            picture.pixels = pixels;
            drawDigit(picture.canvas, pixels);
            const error = i < 2 ? "" : ` ${squaredError(digits[n], pixels).toFixed(1)}`;
            const name = [shown.words.digit, shown.words.noisy][i] ?? shown.networks[i - 2].name;
            setText(picture.title, `${name}${error}`);
            unread.push(picture);
        });
        pictures[1].element.hidden = level === 0;
    };
    const readOne = ({ reading, pixels }) => {
        const likely = classify(classifier, pixels);
        setText(reading, shown.words.reads.replace("{digit}", likely.indexOf(Math.max(...likely))));
    };
    const readSome = (ends) => {
        unread = [...new Set(unread)];
        while (unread.length && performance.now() < ends) readOne(unread.shift());
    };
    const queue = drawInTurn({
        element,
        budget: BUDGET,
        drawOne,
        after(ends) {
            if (!classifier) return false;
            readSome(ends);
            return unread.length > 0;
        },
        fail: context.fail,
    });

    return {
        /** @param {Cards} next */
        async show(next) {
            if (shown && cards.length && isSame(shown, next)) {
                shown = next;
                markChosen();
                return;
            }
            letGo();
            shown = next;
            const addresses = next.networks.map(({ address }) => context.base + address);
            const loaded = await Promise.all(addresses.map(loadNetwork));
            if (shown !== next) return;
            networks = loaded;
            digits = readDigits(next.digits);
            [pattern] = readPatterns(next.pattern, 1);
            unread = [];
            cards = digits.map(makeCard);
            element.replaceChildren(...cards.map(({ card }) => card));
            markChosen();
            const hand = followHand([next.dial], () => {
                level = hand.valueOf(next.dial, level);
                queue.add(digits.keys());
            });
            letGo = () => hand.letGo();
            level = hand.valueOf(next.dial, next.level);
            queue.clear();
            for (const n of digits.keys()) drawOne(n);
            if (!element.isConnected) root.append(element);
            context.isReady();
            if (!next.classifier) return;
            classifier = await loadNetwork(context.base + next.classifier.address).catch(() => null);
            queue.redraw();
        },
        end() {
            letGo();
            queue.end();
            element.remove();
        },
    };
}

/**
 * Draw the cards, or have those that are there show something else.
 * @param {ShadowRoot} root
 * @param {Cards} data
 * @param {{ base: string, fail: (problem: unknown) => void, isReady: () => void }} context
 * @returns {() => void} ends it
 */
export default function mountCards(root, data, context) {
    root.cards ??= createCards(root, context);
    root.cards.show(data).catch(context.fail);
    return () => {
        root.cards?.end();
        root.cards = null;
    };
}
