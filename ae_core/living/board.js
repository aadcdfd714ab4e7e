/**
 * A drawing board, and what networks rebuild from what is drawn on it, in the same frame as the pen moves.
 *
 * The strokes go to the server when the pen rests: it shows how a picture becomes a digit, and has the digit
 * for every lesson. Its answer never touches what is on the board, unless it says that the board is another.
 */

import { makeCanvas } from "./canvas.js";
import { loadNetwork, writeGreys } from "./data.js";
import { followDials, oncePerFrame } from "./dials.js";
import { makeElement, setText } from "./elements.js";
import { decode, encode } from "./network.js";
import { squaredError } from "./network_view.js";
import { movesOf } from "./pointer.js";
import { createReader } from "./reader.js";
import { BOARD_SIDE, countPoints, digitOf, leadTo, radiusAt } from "./strokes.js";
import { EMPTY, makeTile } from "./tile.js";

/** Milliseconds until the strokes go to the server: while the pen rests on the board, after it was lifted. */
const RESTING = 400;
const LIFTED = 250;
/** The button that a pen's other end presses. */
const ERASER = 5;
const PAPER = "#ffffff";
const INK = "#000000";
const WRITTEN =
    "textarea, select, [contenteditable=true], [role=textbox], input:not([type=range], [type=radio])";

/**
 * @typedef {object} BoardData
 * @property {number} number of the board: another one takes the place of what is there
 * @property {import("./strokes.js").Stroke[]} strokes what is on it, where it is another
 * @property {number} size of the networks' codes
 * @property {Record<string, Record<string, string>>} networks by size, then by name: their addresses
 * @property {{ address: string, note: string } | null} classifier what reads the pictures, and a word on it
 * @property {string} dial key of the slider for the size
 * @property {Record<string, number>} pens their widths by name, in the board's units
 * @property {string} pen the one to begin with
 * @property {number} rubber its width
 * @property {number} most_strokes that fit the board
 * @property {number} most_points that they have
 * @property {Record<string, string>} words what is on the board
 */

/** A button of the board. @param {string} words @param {() => void} obey */
function makeButton(words, obey) {
    const button = makeElement("button", { type: "button", textContent: words });
    button.addEventListener("click", obey);
    return button;
}

/** Draw a stroke's points from one on, as far as they are new. @param {CanvasRenderingContext2D} paper */
function drawStroke(paper, stroke, from, scale) {
    const { points, rubs } = stroke;
    paper.strokeStyle = rubs ? PAPER : INK;
    for (let i = 3 * from; i < points.length; i += 3) {
        const before = Math.max(i - 3, 0);
        paper.lineWidth = 2 * scale * radiusAt(stroke, points[i + 2]);
        paper.beginPath();
        paper.moveTo(scale * points[before], scale * points[before + 1]);
        paper.lineTo(scale * points[i], scale * points[i + 1]);
        paper.stroke();
    }
}

/** Strokes that can be undone and done again. */
class History {
    /** @param {import("./strokes.js").Stroke[]} strokes each was drawn after the one before it */
    constructor(strokes) {
        this.now = strokes;
        this.past = strokes.map((_, n) => strokes.slice(0, n));
        this.future = [];
    }

    /** @param {import("./strokes.js").Stroke[]} strokes */
    change(strokes) {
        this.past.push(this.now);
        this.now = strokes;
        this.future = [];
    }

    undo() {
        if (!this.past.length) return;
        this.future.push(this.now);
        this.now = this.past.pop();
    }

    redo() {
        if (!this.future.length) return;
        this.past.push(this.now);
        this.now = this.future.pop();
    }
}

/** A board on the page, and how it is told what is new. */
class DrawingBoard {
    /** @param {ShadowRoot} root @param {BoardData} data @param {object} context of `loadLiving` */
    constructor(root, data, context) {
        this.data = data;
        this.context = context;
        this.history = new History(data.strokes);
        this.number = data.number;
        this.pen = data.pen;
        this.size = data.size;
        this.networks = {};
        this.missing = new Set();
        this.reader = createReader(data.words);
        this.said = "";
        this.told = JSON.stringify(data.strokes);
        this.finished = [];
        this.stroke = null;
        this.pointer = null;
        this.width = 0;
        this.drawn = 0;
        this.isStale = true;
        this.draw = oncePerFrame(
            () => this.drawNow(),
            (problem) => this.context.fail(problem),
        );
        root.append(this.build());
        this.followPointer();
        this.useTool(data.pen);
    }

    // What is there

    build() {
        const { words, networks, size } = this.data;
        this.canvas = makeCanvas(words.board);
        this.hint = makeElement("p", { className: "hint", textContent: words.hint });
        const paper = makeElement("div", { className: "paper" });
        paper.append(this.canvas, this.hint);

        this.digit = makeTile(words.digit, words.digit_label);
        const names = Object.keys(networks[size]);
        this.tiles = Object.fromEntries(
            names.map((name) => [name, makeTile(name, words.rebuilt_label.replace("{name}", name))]),
        );
        const live = makeElement("div", { className: "live" });
        live.append(this.digit.element, ...Object.values(this.tiles).map(({ element }) => element));

        this.note = makeElement("p", { className: "note", textContent: words.form });
        const board = makeElement("div", { className: "board" });
        board.append(paper, live, this.buildTools(), this.note);
        this.element = makeElement("div", { className: "around" });
        this.element.append(board);
        return this.element;
    }

    buildTools() {
        const { words, pens } = this.data;
        this.choices = {};
        for (const pen of [...Object.keys(pens), "rubber"]) {
            this.choices[pen] = makeButton(pen === "rubber" ? words.rubber : "", () => this.useTool(pen));
            this.choices[pen].setAttribute("aria-label", words[pen]);
            if (pen === "rubber") continue;
            const dot = makeElement("i");
            dot.style.setProperty("--lab-dot", `${pens[pen] / 16}rem`);
            this.choices[pen].append(dot);
            this.choices[pen].title = words[pen];
        }
        this.undo = makeButton(words.undo, () => this.obey(() => this.history.undo()));
        this.redo = makeButton(words.redo, () => this.obey(() => this.history.redo()));
        this.clear = makeButton(words.clear, () => this.obey(() => this.empty()));
        this.next = makeButton(words.next, () => this.finish());
        this.next.className = "next";
        const choices = makeElement("div", { className: "choices" });
        choices.append(...Object.values(this.choices));
        const steps = makeElement("div", { className: "steps" });
        steps.append(this.undo, this.redo, this.clear);
        const tools = makeElement("div", { className: "tools" });
        for (const [group, label] of [
            [choices, words.pens],
            [steps, words.steps],
        ]) {
            group.setAttribute("role", "group");
            group.setAttribute("aria-label", label);
            tools.append(group);
        }
        tools.append(this.next);
        return tools;
    }

    // The pen

    followPointer() {
        const { canvas } = this;
        canvas.addEventListener("pointerdown", (event) => {
            const hasRubber = event.button === ERASER;
            if (this.pointer !== null || (event.button !== 0 && !hasRubber) || this.isFull()) return;
            event.preventDefault();
            canvas.setPointerCapture(event.pointerId);
            this.pointer = event.pointerId;
            const rubs = this.pen === "rubber" || hasRubber;
            const width = rubs ? this.data.rubber : this.data.pens[this.pen];
            this.stroke = { rubs, width, points: [] };
            this.history.change([...this.history.now, this.stroke]);
            this.lead(event);
        });
        canvas.addEventListener("pointermove", (event) => {
            if (event.pointerId !== this.pointer) return;
            for (const each of movesOf(event)) this.lead(each);
        });
        for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
            canvas.addEventListener(end, ({ pointerId }) => {
                if (pointerId !== this.pointer) return;
                this.pointer = this.stroke = null;
                this.draw();
                this.tellSoon(LIFTED);
            });
        }
    }

    /** Whether there is no room for more. */
    isFull() {
        const { now } = this.history;
        return now.length >= this.data.most_strokes || countPoints(now) >= this.data.most_points;
    }

    /** @param {PointerEvent} event one that a move is made of */
    lead({ clientX, clientY, pressure, pointerType }) {
        const { left, top, width, height } = this.canvas.getBoundingClientRect();
        const [x, y] = [(clientX - left) / width, (clientY - top) / height];
        // A mouse says 0.5 and most fingers say nothing.
        const force = pointerType === "pen" && pressure > 0 ? Math.min(pressure, 1) : 0.5;
        if (this.isFull() && this.stroke.points.length) return;
        if (!leadTo(this.stroke, x * BOARD_SIDE, y * BOARD_SIDE, force)) return;
        const most = 3 * (this.data.most_points - countPoints(this.history.now.slice(0, -1)));
        this.stroke.points.length = Math.min(this.stroke.points.length, most);
        this.draw();
        this.tellSoon(RESTING);
    }

    /** @param {string} tool name of a pen, or "rubber" */
    useTool(tool) {
        this.pen = tool;
        for (const [name, button] of Object.entries(this.choices)) {
            button.setAttribute("aria-pressed", `${name === tool}`);
        }
        this.canvas.classList.toggle("rubs", tool === "rubber");
    }

    /** Do what a button or a key says, unless a stroke is being drawn. @param {() => void} act */
    obey(act) {
        if (this.pointer !== null) return;
        act();
        this.isStale = true;
        this.draw();
        this.tellSoon(LIFTED);
    }

    /** @param {KeyboardEvent} event */
    obeyKey(event) {
        const key = event.key.toLowerCase();
        if (!(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key)) return;
        if (event.composedPath()[0].closest?.(WRITTEN)) return;
        event.preventDefault();
        this.obey(() => (key === "y" || event.shiftKey ? this.history.redo() : this.history.undo()));
    }

    empty() {
        this.history.change([]);
        this.takePen();
    }

    /** In place of the rubber: there is nothing left to rub out. */
    takePen() {
        if (this.pen === "rubber") this.useTool(this.data.pen);
    }

    /** Leave what is drawn to the tray, and begin with an empty board. */
    finish() {
        if (this.pointer !== null || !digitOf(this.history.now)) return;
        this.finished.push(this.describe());
        this.number += 1;
        this.history = new History([]);
        this.takePen();
        this.isStale = true;
        this.draw();
        this.tell();
    }

    // The server

    /** What is on the board, as the server reads it. */
    describe() {
        const digit = digitOf(this.history.now);
        const strokes = JSON.parse(JSON.stringify(this.history.now));
        return { number: this.number, strokes, digit: digit ? writeGreys(digit) : "" };
    }

    /** Tell what is on the board, and what was finished that the server has not yet answered for. */
    tell() {
        clearTimeout(this.waiting);
        this.told = JSON.stringify(this.history.now);
        this.context.tell({ ...this.describe(), finished: this.finished });
    }

    tellSoon(milliseconds) {
        clearTimeout(this.waiting);
        this.waiting = setTimeout(() => {
            if (JSON.stringify(this.history.now) !== this.told) this.tell();
        }, milliseconds);
    }

    /** @param {BoardData} data what the page says by now */
    hear(data, context) {
        this.data = data;
        this.context = context;
        this.size = data.size;
        this.finished = this.finished.filter(({ number }) => number >= data.number);
        if (data.number <= this.number) return;
        clearTimeout(this.waiting);
        this.number = data.number;
        this.history = new History(data.strokes);
        this.told = JSON.stringify(data.strokes);
        this.pointer = this.stroke = null;
        this.isStale = true;
    }

    /** Have the networks of the size come that the dial says; those that are there stay until then. */
    async loadNetworks() {
        const { size } = this;
        const addresses = Object.entries(this.data.networks[size] ?? {});
        const found = await Promise.allSettled(addresses.map(([, address]) => loadNetwork(address)));
        if (size !== this.size) return;
        this.missing.clear();
        addresses.forEach(([name], i) => {
            this.networks[name] = found[i].value;
            if (!found[i].value) this.missing.add(name);
        });
        this.draw();
    }

    /** Have pictures read from now on. Rejects where the classifier does not come. */
    async startReading() {
        const { classifier } = this.data;
        if (!classifier) return;
        await this.reader.load(classifier.address);
        this.said = ` ${classifier.note}`;
        this.draw();
    }

    // Drawing

    drawNow() {
        this.drawPaper();
        const { words } = this.data;
        const { now, past, future } = this.history;
        const pixels = digitOf(now);
        this.digit.show(pixels ?? EMPTY, "");
        const lines = [[this.digit.reading, pixels]];
        for (const [name, tile] of Object.entries(this.tiles)) {
            const network = this.networks[name];
            if (pixels && network) {
                const rebuilt = decode(network, encode(network, pixels));
                tile.show(rebuilt, words.error.replace("{error}", squaredError(pixels, rebuilt).toFixed(1)));
                lines.push([tile.reading, rebuilt]);
            } else {
                tile.show(EMPTY, this.missing.has(name) ? words.missing : "");
                lines.push([tile.reading, null]);
            }
        }
        this.reader.show(lines);
        this.hint.hidden = now.length > 0;
        this.undo.disabled = !past.length;
        this.redo.disabled = !future.length;
        this.clear.disabled = !now.length;
        this.next.disabled = !pixels;
        const note = this.isFull() ? words.full : words.form + this.said;
        setText(this.note, note);
    }

    drawPaper() {
        const side = Math.round(this.width * (window.devicePixelRatio || 1));
        if (!side) return;
        if (this.canvas.width !== side) {
            this.canvas.width = this.canvas.height = side;
            this.isStale = true;
        }
        const paper = this.canvas.getContext("2d");
        const scale = side / BOARD_SIDE;
        Object.assign(paper, { lineCap: "round", lineJoin: "round", fillStyle: PAPER });
        const { now } = this.history;
        if (this.isStale) {
            paper.fillRect(0, 0, side, side);
            for (const stroke of now) drawStroke(paper, stroke, 0, scale);
        } else if (now.length) {
            if (now.at(-1) !== this.last) this.drawn = 0;
            drawStroke(paper, now.at(-1), this.drawn, scale);
        }
        this.isStale = false;
        this.last = now.at(-1);
        this.drawn = this.last ? this.last.points.length / 3 : 0;
    }

    // While it is on the page

    /** Listen beyond the board until `signal` says no more. @param {AbortSignal} signal */
    listen(signal) {
        document.addEventListener("keydown", (event) => this.obeyKey(event), { signal });
        const observer = new ResizeObserver(([{ contentRect }]) => {
            this.width = contentRect.width;
            this.draw();
        });
        observer.observe(this.canvas);
        const letGo = followDials([this.data.dial], (_key, input) => {
            const size = Number(input.getAttribute("aria-valuetext"));
            if (size === this.size || !this.data.networks[size]) return;
            this.size = size;
            this.loadNetworks();
        });
        signal.addEventListener("abort", () => {
            observer.disconnect();
            letGo();
        });
    }
}

/**
 * @param {ShadowRoot} root
 * @param {BoardData} data
 * @param {object} context of `loadLiving`
 * @returns {() => void} lets the page go
 */
export default function mount(root, data, context) {
    const networks = Object.entries(data.networks).map(([size, trio]) => [
        size,
        Object.fromEntries(Object.entries(trio).map(([name, address]) => [name, context.base + address])),
    ]);
    const { classifier } = data;
    const said = {
        ...data,
        networks: Object.fromEntries(networks),
        classifier: classifier && { ...classifier, address: context.base + classifier.address },
    };
    if (root.board) root.board.hear(said, context);
    else root.board = new DrawingBoard(root, said, context);
    root.listening?.abort();
    root.listening = new AbortController();
    root.board.listen(root.listening.signal);
    root.board.loadNetworks().then(() => root.board.startReading()).catch(() => {});
    root.board.draw();
    context.isReady();
    return () => {
        clearTimeout(root.board.waiting);
        root.listening.abort();
    };
}
