/** Plotly's figures on the page: the pointer over one as a place on its axes, and marks that are moved. */

import { placeInBox } from "./plane.js";

/**
 * The area between a figure's axes.
 * @typedef {{ element: Element, ranges: { x: number[], y: number[] } }} Area
 */

/** @returns {Area | null} null before Plotly has drawn it */
function areaOf(chart) {
    const { _fullLayout: layout } = chart ?? {};
    const element = chart?.querySelector(".nsewdrag");
    if (!layout?.xaxis?.range || !element) return null;
    return { element, ranges: { x: layout.xaxis.range, y: layout.yaxis.range } };
}

/** Milliseconds that a mouse rests before Plotly looks for the point under it. */
const REST = 150;

const chartSelector = (key) => `.st-key-${key} .js-plotly-plot`;

/**
 * Let Plotly look for the point under the mouse once that rests or is pressed: among thousands of points it
 * takes as long as the picture that follows the hand.
 * @param {string} key of the figure
 * @returns {() => void} ends that
 */
function spareSearches(key) {
    /** @type {MouseEvent | null} */
    let held = null;
    let timer = 0;
    const pass = () => {
        clearTimeout(timer);
        const event = held;
        held = null;
        if (event?.target.isConnected) event.target.dispatchEvent(new MouseEvent(event.type, event));
    };
    const hold = (event) => {
        if (!event.isTrusted || !event.target.closest?.(chartSelector(key))) return;
        event.stopPropagation();
        clearTimeout(timer);
        held = event;
        timer = setTimeout(pass, REST);
    };
    document.addEventListener("mousemove", hold, true);
    document.addEventListener("mousedown", pass, true);
    return () => {
        clearTimeout(timer);
        document.removeEventListener("mousemove", hold, true);
        document.removeEventListener("mousedown", pass, true);
    };
}

/**
 * Have the places told that a mouse or pen passes over on a figure, or that a finger on it is at.
 * @param {string} key of the figure
 * @param {(place: { x: number, y: number } | null, event: PointerEvent, chart: HTMLElement | null) => void
 *     } onPlace null once it is gone from there
 * @returns {() => void} ends that
 */
export function followPointer(key, onPlace) {
    let isThere = false;
    const leave = (event) => {
        if (isThere) onPlace(null, event, null);
        isThere = false;
    };
    const tell = (event) => {
        const chart = event.target.closest?.(chartSelector(key));
        const area = areaOf(chart);
        const box = area?.element.getBoundingClientRect();
        const place = area && placeInBox(box, area.ranges, event.clientX, event.clientY);
        if (!place) return leave(event);
        isThere = true;
        return onPlace(place, event, chart);
    };
    const leaveByFinger = (event) => {
        if (event.pointerType !== "mouse") leave(event);
    };
    // What is listened to while it is on its way down is told of each element that is left, too.
    const leaveThePage = (event) => {
        if (event.target === document || event.target === document.documentElement) leave(event);
    };
    const listeners = {
        pointerdown: tell,
        pointermove: tell,
        pointerup: leaveByFinger,
        pointercancel: leave,
        pointerleave: leaveThePage,
    };
    // At the document: a figure that is drawn anew is another element, and Plotly passes nothing on.
    const all = Object.entries(listeners);
    for (const [name, listener] of all) document.addEventListener(name, listener, true);
    const endSparing = spareSearches(key);
    return () => {
        endSparing();
        for (const [name, listener] of all) document.removeEventListener(name, listener, true);
    };
}

/**
 * Groups of points of a figure: those that tell which digit each of their points is.
 * @param {HTMLElement} chart
 * @returns {{ name: string, x: ArrayLike<number>, y: ArrayLike<number> }[]}
 */
export function pointsOf(chart) {
    const { _fullData: traces } = chart;
    return traces.filter((trace) => trace.customdata);
}

/**
 * What a share of a figure's width is on each of its axes.
 * @param {HTMLElement} chart
 * @param {number} share
 * @returns {{ x: number, y: number }}
 */
export function shareOfWidth(chart, share) {
    const { element, ranges } = areaOf(chart);
    const { width, height } = element.getBoundingClientRect();
    const along = ([low, high], length) => (share * width * (high - low)) / length;
    return { x: along(ranges.x, width), y: along(ranges.y, height) };
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Copies of some marks in a layer over a figure, where they move without it being painted again. Once Plotly
 * has drawn, its own are there again.
 * @returns {SVGSVGElement}
 */
function liftMarks(chart, area, marks) {
    const layer = document.createElementNS(SVG, "svg");
    const [left, top] = ["x", "y"].map((name) => `${area.getAttribute(name)}px`);
    Object.assign(layer.style, { position: "absolute", left, top, width: "1px", height: "1px" });
    Object.assign(layer.style, { overflow: "visible", pointerEvents: "none", willChange: "transform" });
    for (const mark of marks) {
        const copy = layer.appendChild(mark.cloneNode(true));
        copy.removeAttribute("transform");
        mark.style.visibility = "hidden";
    }
    const putBack = () => {
        chart.removeListener("plotly_afterplot", putBack);
        layer.remove();
        for (const mark of marks) mark.style.visibility = "";
    };
    chart.on("plotly_afterplot", putBack);
    chart.append(layer);
    return layer;
}

/** @type {WeakMap<HTMLElement, SVGSVGElement>} of each figure the layer with its marks */
const layers = new WeakMap();

/**
 * Move the points that a figure's last traces are to a place, until Plotly draws it again.
 * @param {string} key of the figure
 * @param {number} count of these traces
 * @param {number} x
 * @param {number} y
 */
export function moveMarks(key, count, x, y) {
    const chart = document.querySelector(chartSelector(key));
    const area = areaOf(chart);
    if (!area) return;
    if (!layers.get(chart)?.isConnected) {
        const marks = [...chart.querySelectorAll(".scatterlayer .trace")].slice(-count);
        const points = marks.map((trace) => trace.querySelector(".point")).filter(Boolean);
        layers.set(chart, liftMarks(chart, area.element, points));
    }
    const { x: [west, east], y: [south, north] } = area.ranges;
    const across = ((x - west) / (east - west)) * Number(area.element.getAttribute("width"));
    const down = ((north - y) / (north - south)) * Number(area.element.getAttribute("height"));
    layers.get(chart).style.transform = `translate(${across}px, ${down}px)`;
}

/** @type {WeakMap<HTMLElement, { line: HTMLElement, x: number }>} of each figure the line across it */
const lines = new WeakMap();

function placeLine(chart) {
    const area = areaOf(chart);
    const { line, x } = lines.get(chart);
    if (!area) return;
    const [west, east] = area.ranges.x;
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) =>
        Number(area.element.getAttribute(name)),
    );
    const across = left + ((x - west) / (east - west)) * width;
    line.style.transform = `translate(${across}px)`;
    Object.assign(line.style, { top: `${top}px`, height: `${height}px` });
}

/**
 * Have a line lie across a figure at a place on its first axis, over whatever is drawn there.
 * @param {string} key of the figure
 * @param {number} x
 * @returns {boolean} false where the figure has not been drawn yet
 */
export function moveLine(key, x) {
    const chart = document.querySelector(chartSelector(key));
    if (!areaOf(chart)) return false;
    if (!lines.get(chart)?.line.isConnected) {
        const line = chart.appendChild(document.createElement("i"));
        Object.assign(line.style, { position: "absolute", left: "-1px", width: "2px" });
        Object.assign(line.style, { background: "currentColor", pointerEvents: "none" });
        if (!lines.has(chart)) chart.on("plotly_afterplot", () => placeLine(chart));
        lines.set(chart, { line, x });
    }
    lines.get(chart).x = x;
    placeLine(chart);
    return true;
}
