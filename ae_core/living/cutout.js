/** A visitor's picture with a box around each digit: a tap chooses one, dragging its box cuts it out anew. */

import { makeElement } from "./elements.js";
import { countTellings } from "./tellings.js";

/** How far a press of a key moves the box, and the least side that it has, as shares of the picture. */
const STEP = 0.01;
const LEAST = 0.02;
/** Milliseconds until the server hears of a box that keys move. */
const RESTING = 350;

/**
 * @typedef {object} CutOut
 * @property {string} picture its data address
 * @property {number[]} numbers of the digits on it
 * @property {number[][]} boxes of each: top, left, bottom and right, as shares of the picture
 * @property {number} chosen number of the one that is worked with
 * @property {number} heard how many tellings of this picture the page has heard of
 * @property {string[]} doubts why each may be no digit; empty where nothing speaks against it
 * @property {Record<string, string>} words for those who do not see it
 */

const between = (value, low, high) => Math.min(Math.max(value, low), high);

/** A box moved by shares of the picture, whole on it. @param {number[]} box @returns {number[]} */
export function moveBox([top, left, bottom, right], down, across) {
    const y = between(down, -top, 1 - bottom);
    const x = between(across, -left, 1 - right);
    return [top + y, left + x, bottom + y, right + x];
}

/** A box with its first or its last corner moved. @param {number[]} box @returns {number[]} */
export function moveCorner([top, left, bottom, right], isFirst, down, across) {
    if (isFirst) {
        const corner = [between(top + down, 0, bottom - LEAST), between(left + across, 0, right - LEAST)];
        return [...corner, bottom, right];
    }
    return [top, left, between(bottom + down, top + LEAST, 1), between(right + across, left + LEAST, 1)];
}

class Picture {
    /** @param {ShadowRoot} root @param {CutOut} data @param {object} context of `loadLiving` */
    constructor(root, data, context) {
        this.image = makeElement("img", { alt: data.words.picture, draggable: false });
        this.element = makeElement("div", { className: "lab-cutout" }, this.image);
        this.held = null;
        this.waiting = 0;
        this.tellings = countTellings(data.heard);
        this.followPointer();
        this.element.addEventListener("keydown", (event) => this.obeyKey(event));
        root.append(this.element);
        this.hear(data, context);
    }

    /**
     * A box that the hand moves, and the page does not answer for yet, stays where the hand has it.
     * @param {CutOut} data what the page says by now
     */
    hear(data, context) {
        const before = this.data;
        this.context = context;
        if (before && before.chosen !== data.chosen) {
            this.tellMoved(data.chosen);
            this.held = null;
        }
        const isAhead = this.held || this.waiting || !this.tellings.isAnswered(data.heard);
        const mine = isAhead && before?.chosen === data.chosen && this.boxes.get(data.chosen);
        this.data = data;
        if (this.image.src !== data.picture) this.image.src = data.picture;
        this.boxes = new Map(data.numbers.map((number, i) => [number, data.boxes[i]]));
        if (mine) this.boxes.set(data.chosen, mine);
        const hadFocus = this.element.contains(this.element.getRootNode().activeElement);
        const buttons = data.numbers.map((number, i) => this.makeBox(number, i));
        this.element.replaceChildren(this.image, ...buttons);
        if (hadFocus) this.element.querySelector(".chosen")?.focus();
        if (this.held) this.held.button = this.element.querySelector(".chosen");
    }

    makeBox(number, i) {
        const { words, chosen, doubts, numbers } = this.data;
        const button = makeElement("button", { type: "button" });
        button.dataset.number = number;
        const isChosen = number === chosen;
        const label = isChosen ? words.box : words.other;
        button.setAttribute("aria-label", label.replace("{i}", i + 1).replace("{n}", numbers.length));
        button.setAttribute("aria-pressed", `${isChosen}`);
        button.classList.toggle("chosen", isChosen);
        button.classList.toggle("doubtful", Boolean(doubts[i]));
        if (isChosen) button.append(makeElement("i", { className: "first" }), makeElement("i"));
        this.place(button, this.boxes.get(number));
        return button;
    }

    place(button, [top, left, bottom, right]) {
        const percent = (share) => `${(100 * share).toFixed(3)}%`;
        Object.assign(button.style, {
            top: percent(top),
            left: percent(left),
            width: percent(right - left),
            height: percent(bottom - top),
        });
    }

    followPointer() {
        const { element } = this;
        element.addEventListener("pointerdown", (event) => {
            const button = event.target.closest("button.chosen");
            if (!button || event.button !== 0) return;
            event.preventDefault();
            button.focus();
            element.setPointerCapture(event.pointerId);
            const corner = event.target.closest("i");
            const box = this.boxes.get(this.data.chosen);
            this.held = { button, box, corner, x: event.clientX, y: event.clientY };
        });
        element.addEventListener("pointermove", ({ clientX, clientY }) => {
            if (!this.held) return;
            const { width, height } = this.image.getBoundingClientRect();
            const { button, box, corner, x, y } = this.held;
            const [down, across] = [(clientY - y) / height, (clientX - x) / width];
            const isFirst = corner?.className === "first";
            this.boxes.set(
                this.data.chosen,
                corner ? moveCorner(box, isFirst, down, across) : moveBox(box, down, across),
            );
            this.place(button, this.boxes.get(this.data.chosen));
        });
        for (const end of ["pointerup", "pointercancel"]) {
            element.addEventListener(end, () => {
                if (!this.held) return;
                const { box } = this.held;
                this.held = null;
                if (this.boxes.get(this.data.chosen).join() !== box.join()) this.tellSoon(0);
            });
        }
        element.addEventListener("click", (event) => {
            const number = Number(event.target.closest("button")?.dataset.number ?? NaN);
            if (Number.isNaN(number) || number === this.data.chosen) return;
            if (!this.tellMoved(number)) this.tellings.tell(this.context, { chosen: number });
        });
    }

    /** Arrows move the box, with Shift its lower right corner. @param {KeyboardEvent} event */
    obeyKey(event) {
        const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
        const button = event.target.closest("button.chosen");
        if (!button || !(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        event.stopPropagation();
        const [down, across] = steps[event.key].map((step) => STEP * step);
        const box = this.boxes.get(this.data.chosen);
        const moved = event.shiftKey ? moveCorner(box, false, down, across) : moveBox(box, down, across);
        this.boxes.set(this.data.chosen, moved);
        this.place(button, moved);
        this.tellSoon(RESTING);
    }

    tellSoon(milliseconds) {
        clearTimeout(this.waiting);
        this.waiting = setTimeout(() => this.tellMoved(this.data.chosen), milliseconds);
    }

    /**
     * Tell of the box that was moved, where nobody was told yet. Whether that was so.
     * @param {number} chosen number of the digit that is worked with from now on
     */
    tellMoved(chosen) {
        if (!this.waiting) return false;
        clearTimeout(this.waiting);
        this.waiting = 0;
        const moved = this.data.chosen;
        this.tellings.tell(this.context, { chosen, moved, box: this.boxes.get(moved) });
        return true;
    }
}

/**
 * @param {ShadowRoot} root
 * @param {CutOut} data
 * @param {object} context of `loadLiving`
 * @returns {() => void} lets the page go
 */
export default function mountCutOut(root, data, context) {
    if (root.cutout) root.cutout.hear(data, context);
    else root.cutout = new Picture(root, data, context);
    context.isReady();
    return () => clearTimeout(root.cutout?.waiting);
}
