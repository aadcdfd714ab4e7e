/** A latent code as a row of signed bars, each of which is a slider that can be pulled. */

import { makeElement, setText } from "./elements.js";

/** Half of the bars' range is one of these, times a power of ten. */
const LIMITS = [1, 2, 3, 5, 8, 10];
/** Milliseconds of rest after which a screen reader can ask for the values that no hand has set. */
const REST = 100;
/** Of the range, for one press of an arrow key. */
const STEP = 0.05;

/** @param {number} most @returns {number} the smallest round number that is no smaller */
export function roundLimit(most) {
    const power = 10 ** Math.floor(Math.log10(Math.max(most, 1e-3)));
    return LIMITS.find((limit) => limit * power >= most) * power;
}

/** @param {number} value @returns {string} short enough to stand below a bar */
export function shortNumber(value) {
    const size = Math.abs(value);
    if (size >= 999.5) return value.toExponential(0).replace("+", "").replace("-", "−");
    const digits = size < 9.95 ? 1 : 0;
    return value.toFixed(digits).replace("-", "−").replace(/^−(0(\.0)?)$/, "$1");
}

/**
 * @param {object} options
 * @param {{ number: string, numbers: string }} options.words {i} and {n} are a bar's place and their count
 * @param {(i: number, value: number) => void} options.onPull
 * @param {(i: number | null) => void} options.onPoint which bar is pointed at
 */
export function createCodeBars({ words, onPull, onPoint }) {
    const element = makeElement("div", { className: "bars" });
    element.setAttribute("role", "group");
    let bars = [];
    let code = new Float32Array();
    let limit = 1;
    let timer = 0;

    const fill = (text, i) => text.replace("{i}", `${i + 1}`).replace("{n}", `${code.length}`);
    const pull = (i, value) => onPull(i, Math.min(Math.max(value, -limit), limit));
    const valueAt = (bar, clientY) => {
        const { top, height } = bar.querySelector(".well").getBoundingClientRect();
        return limit * (1 - (2 * (clientY - top)) / height);
    };

    const obeyKey = (event, i) => {
        const step = STEP * limit;
        const moves = {
            ArrowUp: step,
            ArrowDown: -step,
            PageUp: 5 * step,
            PageDown: -5 * step,
            Home: -2 * limit,
            End: 2 * limit,
        };
        const next = { ArrowLeft: i - 1, ArrowRight: i + 1 }[event.key];
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key in moves) pull(i, code[i] + moves[event.key]);
        else if (bars[next]) bars[next].focus();
        else if (next === undefined) return;
        event.preventDefault();
        event.stopPropagation();
    };

    const makeBar = (i) => {
        const bar = makeElement("div", { className: "bar", tabIndex: i ? -1 : 0 });
        const well = makeElement("div", { className: "well" });
        well.append(makeElement("i"));
        bar.append(well, makeElement("span"));
        bar.setAttribute("role", "slider");
        bar.setAttribute("aria-orientation", "vertical");
        bar.setAttribute("aria-label", fill(words.number, i));
        bar.addEventListener("keydown", (event) => obeyKey(event, i));
        bar.addEventListener("pointerdown", (event) => {
            bar.setPointerCapture(event.pointerId);
            pull(i, valueAt(bar, event.clientY));
        });
        bar.addEventListener("pointermove", (event) => {
            if (bar.hasPointerCapture(event.pointerId)) pull(i, valueAt(bar, event.clientY));
        });
        bar.addEventListener("pointerenter", () => onPoint(i));
        bar.addEventListener("pointerleave", () => onPoint(null));
        bar.addEventListener("focus", () => {
            for (const other of bars) other.tabIndex = other === bar ? 0 : -1;
            onPoint(i);
        });
        bar.addEventListener("blur", () => onPoint(null));
        return bar;
    };

    const tellValue = (bar, i) => {
        bar.ariaValueMin = (-limit).toFixed(1);
        bar.ariaValueMax = limit.toFixed(1);
        bar.ariaValueNow = code[i].toFixed(2);
    };

    return {
        element,
        /**
         * Show a code.
         * @param {Float32Array} shown
         * @param {Float32Array} given what the encoder gave; where the two differ, a bar has been pulled
         */
        show(shown, given) {
            const isNew = shown.length !== code.length;
            if (isNew) {
                code = shown;
                limit = 1;
                bars = Array.from(shown, (_, i) => makeBar(i));
                element.replaceChildren(...bars);
                element.setAttribute("aria-label", fill(words.numbers, 0));
                element.style.setProperty("--lab-count", `${shown.length}`);
            }
            code = shown;
            const most = given.reduce((far, value) => Math.max(far, Math.abs(value)), 0);
            if (most > limit || most < limit / 6) limit = roundLimit(1.2 * most);
            bars.forEach((bar, i) => {
                const share = Math.min(Math.max(shown[i] / limit, -1), 1);
                const mark = bar.firstChild.firstChild;
                mark.style.backgroundSize = `100% ${(100 * Math.abs(share)).toFixed(1)}%`;
                const side = share < 0 ? "below" : "above";
                if (mark.className !== side) mark.className = side;
                const isPulled = shown[i] !== given[i];
                if (bar.classList.contains("pulled") !== isPulled) bar.classList.toggle("pulled");
                setText(bar.lastChild, shortNumber(shown[i]));
                if (isNew || isPulled) tellValue(bar, i);
            });
            clearTimeout(timer);
            timer = setTimeout(() => bars.forEach(tellValue), REST);
        },
    };
}
