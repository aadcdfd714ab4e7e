/**
 * The tray of a visitor's digits: tap one to choose it, move it, take it off; and what the networks make of
 * the chosen one, at once. The server hears of it when the hand rests.
 */

import { drawDigit, makeCanvas } from "./canvas.js";
import { loadNetwork, readDigits } from "./data.js";
import { makeElement, setText } from "./elements.js";
import { decode, encode } from "./network.js";
import { squaredError } from "./network_view.js";
import { movesOf } from "./pointer.js";
import { createReader } from "./reader.js";
import { countTellings } from "./tellings.js";
import { makeTile } from "./tile.js";

/** Milliseconds until the server hears of another choice: whoever goes through the tray passes many. */
const RESTING = 120;
/** Pixels that a pointer moves before it carries a digit; milliseconds that a finger rests on it first. */
const CARRIED = 8;
const PICKED_UP = 250;

/**
 * @typedef {object} TrayData
 * @property {string} digits 784 bytes each, in base64
 * @property {number[]} numbers what tells the digits apart, in the same order
 * @property {number} chosen number of the one that is worked with
 * @property {number} heard how many tellings of this tray the page has heard of
 * @property {string[]} doubts why each may be no digit; empty where nothing speaks against it
 * @property {boolean} shows_answers whether what the networks make of the chosen one is shown
 * @property {Record<string, string>} networks their addresses by name
 * @property {{ address: string } | null} classifier what reads the pictures
 * @property {Record<string, string>} words on it and for those who do not see it
 */

class TrayOfDigits {
    /** @param {ShadowRoot} root @param {TrayData} data @param {object} context of `loadLiving` */
    constructor(root, data, context) {
        this.reader = createReader(data.words);
        this.networks = {};
        this.pictures = new Map();
        this.held = null;
        this.waiting = 0;
        this.tellings = countTellings(data.heard);
        root.append(this.build(data.words, Object.keys(data.networks)));
        this.hear(data, context);
    }

    build(words, names) {
        this.strip = makeElement("div", { className: "strip" });
        this.strip.setAttribute("role", "listbox");
        this.strip.setAttribute("aria-label", words.tray);
        this.strip.addEventListener("keydown", (event) => this.obeyKey(event));
        this.followPointer();

        this.count = makeElement("p", { className: "count" });
        const makeTool = (text, label, obey) => {
            const button = makeElement("button", { type: "button", textContent: text });
            button.setAttribute("aria-label", label);
            button.title = label;
            button.addEventListener("click", obey);
            return button;
        };
        this.earlier = makeTool("←", words.earlier, () => this.move(-1));
        this.later = makeTool("→", words.later, () => this.move(1));
        this.remove = makeTool(words.remove, words.remove_label, () => this.removeChosen());
        const tools = makeElement("div", { className: "tools" });
        tools.append(this.count, this.earlier, this.later, this.remove);

        this.doubt = makeElement("p", { className: "doubt" });
        this.doubt.setAttribute("aria-live", "polite");
        this.digit = makeTile(words.digit, words.digit_label);
        this.tiles = Object.fromEntries(
            names.map((name) => [name, makeTile(name, words.rebuilt_label.replace("{name}", name))]),
        );
        this.live = makeElement("div", { className: "live" });
        this.live.append(this.digit.element, ...Object.values(this.tiles).map(({ element }) => element));

        this.element = makeElement("div", { className: "lab-tray" });
        this.element.append(this.strip, tools, this.doubt, this.live);
        return this.element;
    }

    /**
     * What the hand has done meanwhile, and the page does not answer for yet, still holds.
     * @param {TrayData} data what the page says by now
     */
    hear(data, context) {
        const known = new Set(this.data?.numbers);
        this.data = data;
        this.context = context;
        const digits = readDigits(data.digits);
        this.pictures = new Map(data.numbers.map((number, i) => [number, digits[i]]));
        this.doubts = new Map(data.numbers.map((number, i) => [number, data.doubts[i]]));
        const isAhead = this.waiting || this.held?.moves || !this.tellings.isAnswered(data.heard);
        if (isAhead) {
            const come = data.numbers.filter((number) => !known.has(number));
            this.order = [...this.order.filter((number) => this.pictures.has(number)), ...come];
        } else {
            this.order = [...data.numbers];
        }
        if (!isAhead || !this.order.includes(this.chosen)) this.chosen = data.chosen;
        this.draw();
    }

    /** Have the networks come, and then what reads. */
    async loadNetworks() {
        const { networks, classifier } = this.data;
        const load = async ([name, address]) => {
            this.networks[name] = await loadNetwork(this.context.base + address);
        };
        await Promise.all(Object.entries(networks).map(load));
        this.drawAnswers();
        if (classifier) await this.reader.load(this.context.base + classifier.address);
    }

    // What the hand does

    /** @param {number} number of the digit that is worked with from now on */
    choose(number) {
        if (number === this.chosen) return;
        this.chosen = number;
        this.draw();
        this.tellSoon();
    }

    /** @param {number} by how many places the chosen digit goes on */
    move(by) {
        const from = this.order.indexOf(this.chosen);
        this.place(this.chosen, Math.min(Math.max(from + by, 0), this.order.length - 1));
        this.tellSoon();
    }

    /** @param {number} number of the digit @param {number} place where it goes */
    place(number, place) {
        this.order = this.order.filter((each) => each !== number);
        this.order.splice(place, 0, number);
        this.draw();
    }

    removeChosen() {
        const place = this.order.indexOf(this.chosen);
        this.order.splice(place, 1);
        this.chosen = this.order[Math.min(place, this.order.length - 1)] ?? null;
        this.draw();
        this.tellSoon();
    }

    /** @param {KeyboardEvent} event */
    obeyKey(event) {
        const { key, altKey } = event;
        const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
        const last = this.order.length - 1;
        const place = this.order.indexOf(this.chosen);
        if (key in steps && altKey) this.move(steps[key]);
        else if (key in steps) this.choose(this.order[Math.min(Math.max(place + steps[key], 0), last)]);
        else if (key === "Home") this.choose(this.order[0]);
        else if (key === "End") this.choose(this.order[last]);
        else if (key === "Delete" || key === "Backspace") this.removeChosen();
        else return;
        event.preventDefault();
        event.stopPropagation();
        this.strip.querySelector("[aria-selected=true]")?.focus();
    }

    /** A mouse carries a digit to another place; so does a finger that rests on it first: else it scrolls. */
    followPointer() {
        this.strip.addEventListener("pointerdown", (event) => {
            const button = event.target.closest("button");
            if (!button || event.button !== 0 || !event.isPrimary) return;
            this.choose(Number(button.dataset.number));
            const isMouse = event.pointerType === "mouse";
            const { clientX: x, clientY: y, timeStamp } = event;
            this.held = { x, y, timeStamp, button, isFree: isMouse, moves: false };
            if (!isMouse) this.held.timer = setTimeout(() => this.pickUp(), PICKED_UP);
        });
        this.strip.addEventListener("pointermove", (event) => {
            if (!this.held || !event.buttons) return;
            const far = this.isFar(event);
            if (far && !this.held.isFree && this.hasRested(event)) this.pickUp();
            if (far && !this.held.isFree) this.letGo(); // a finger that scrolls
            else this.carry(far, event.clientX, event.clientY);
        });
        const letGo = () => this.letGo();
        for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
            this.strip.addEventListener(end, letGo);
        }
        // Whatever a finger does on the page while it holds a digit would take the digit out of its hand.
        const stay = (event) => {
            if (this.held?.isFree) event.preventDefault();
        };
        this.strip.addEventListener("touchmove", stay, { passive: false });
        this.strip.addEventListener("contextmenu", stay);
        this.strip.addEventListener("click", (event) => {
            const button = event.target.closest("button");
            if (button) this.choose(Number(button.dataset.number)); // from a screen reader, or Enter
        });
    }

    /** Whether a pointer is no longer where it took hold. @param {PointerEvent} event */
    isFar(event) {
        return Math.hypot(event.clientX - this.held.x, event.clientY - this.held.y) > CARRIED;
    }

    /**
     * Whether the finger that moves now had rested, though a busy page has not come to say so yet.
     * @param {PointerEvent} event that is far; of the moves it stands for, the first that is far counts
     */
    hasRested(event) {
        const left = movesOf(event).find((each) => this.isFar(each)) ?? event; // which may be a guess ahead
        return left.timeStamp - this.held.timeStamp >= PICKED_UP;
    }

    /** A finger has rested on a digit. */
    pickUp() {
        this.held.isFree = true;
        this.held.button.classList.add("held");
    }

    /** The digit that is held comes to the place under the pointer, once that is far from where it was. */
    carry(isFar, x, y) {
        this.held.moves ||= isFar;
        const under = [...this.strip.children].findIndex((each) => {
            const { left, right, top, bottom } = each.getBoundingClientRect();
            return x >= left && x <= right && y >= top && y <= bottom;
        });
        const isElsewhere = under >= 0 && this.order[under] !== this.chosen;
        if (this.held.moves && isElsewhere) this.place(this.chosen, under);
    }

    letGo() {
        clearTimeout(this.held?.timer);
        if (this.held?.moves) this.tellSoon();
        this.held = null;
        this.strip.querySelector(".held")?.classList.remove("held");
    }

    tellSoon() {
        clearTimeout(this.waiting);
        this.waiting = setTimeout(() => {
            this.waiting = 0;
            const { order, chosen } = this;
            this.tellings.tell(this.context, { order, chosen, known: this.data.numbers });
        }, RESTING);
    }

    // Drawing

    draw() {
        const { words } = this.data;
        const there = new Map([...this.strip.children].map((each) => [Number(each.dataset.number), each]));
        const buttons = this.order.map((number, i) => {
            const button = there.get(number) ?? this.makeThumbnail(number);
            const pixels = this.pictures.get(number);
            const canvas = button.firstChild;
            if (canvas.pixels?.join() !== pixels.join()) drawDigit(canvas, pixels);
            const label = words.nth.replace("{i}", i + 1).replace("{n}", this.order.length);
            const doubt = this.doubts.get(number);
            button.setAttribute("aria-label", doubt ? `${label} ${doubt}` : label);
            button.setAttribute("aria-selected", `${number === this.chosen}`);
            button.tabIndex = number === this.chosen ? 0 : -1;
            button.classList.toggle("doubtful", Boolean(doubt));
            return button;
        });
        const place = this.order.indexOf(this.chosen);
        this.arrange(buttons, buttons[place]);
        setText(this.count, words.count.replace("{i}", place + 1).replace("{n}", this.order.length));
        this.count.hidden = !this.order.length;
        this.earlier.disabled = place <= 0;
        this.later.disabled = place < 0 || place === this.order.length - 1;
        this.remove.disabled = place < 0;
        setText(this.doubt, this.doubts.get(this.chosen) ?? "");
        this.doubt.hidden = !this.doubts.get(this.chosen);
        this.drawAnswers();
    }

    /** Have these buttons in the strip. The one that is chosen stays, with the finger or the focus it has. */
    arrange(buttons, chosen) {
        const { strip } = this;
        const isThere = (button, i) => strip.children[i] === button;
        if (buttons.length === strip.children.length && buttons.every(isThere)) return;
        if (chosen?.parentNode !== strip) {
            strip.replaceChildren(...buttons);
            return;
        }
        for (const each of strip.querySelectorAll("button")) if (each !== chosen) each.remove();
        const place = buttons.indexOf(chosen);
        chosen.before(...buttons.slice(0, place));
        chosen.after(...buttons.slice(place + 1));
    }

    makeThumbnail(number) {
        const button = makeElement("button", { type: "button" });
        button.setAttribute("role", "option");
        button.dataset.number = number;
        button.append(makeCanvas());
        return button;
    }

    drawAnswers() {
        const { words, shows_answers: showsAnswers } = this.data;
        const pixels = this.pictures.get(this.chosen);
        this.live.hidden = !pixels || !showsAnswers;
        if (this.live.hidden) return;
        this.digit.show(pixels, "");
        const lines = [[this.digit.reading, pixels]];
        for (const [name, tile] of Object.entries(this.tiles)) {
            const network = this.networks[name];
            if (!network) continue;
            const rebuilt = decode(network, encode(network, pixels));
            tile.show(rebuilt, words.error.replace("{error}", squaredError(pixels, rebuilt).toFixed(1)));
            lines.push([tile.reading, rebuilt]);
        }
        this.reader.show(lines);
    }
}

/**
 * @param {ShadowRoot} root
 * @param {TrayData} data
 * @param {object} context of `loadLiving`
 * @returns {() => void} lets the page go
 */
export default function mountTray(root, data, context) {
    if (root.tray) root.tray.hear(data, context);
    else root.tray = new TrayOfDigits(root, data, context);
    root.tray.loadNetworks().catch(() => {});
    context.isReady();
    return () => {
        clearTimeout(root.tray?.waiting);
        clearTimeout(root.tray?.held?.timer);
        root.tray?.reader.end();
    };
}
