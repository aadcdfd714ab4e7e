/**
 * Plotly's sliders under the keyboard.
 *
 * Over each slider's rail lies an element, its handle, that takes the focus, tells a screen reader what there
 * is, and turns keys into what a mouse would do: a press on the rail at the place of the step. Plotly may
 * redraw the rail as often as it likes.
 */

/** Plotly's, on both sides of the rail, in pixels. */
const RAIL_INSET = 10;
const PAGE_STEPS = 5;

/**
 * Step that a key leads to, perhaps beyond the ends; undefined for a key that leads nowhere.
 * @param {string} key as a keyboard event names it
 * @param {number} now
 * @param {number} last
 * @returns {number | undefined}
 */
function stepOfKey(key, now, last) {
    const steps = {
        ArrowRight: now + 1,
        ArrowUp: now + 1,
        ArrowLeft: now - 1,
        ArrowDown: now - 1,
        PageUp: now + PAGE_STEPS,
        PageDown: now - PAGE_STEPS,
        Home: 0,
        End: last,
    };
    return steps[key];
}

/**
 * What a slider is about, from the words before its value.
 * @param {{ currentvalue?: { prefix?: string } }} slider Plotly's
 * @returns {string}
 */
function labelOf(slider) {
    return (slider.currentvalue?.prefix || "slider").replace(/^[^:]*: /, "").trim();
}

/** Plotly's description of a plot's slider. */
function sliderOf(plot, i) {
    return plot.layout?.sliders?.[i];
}

/** @returns {Element[]} the rails of a plot's sliders */
function railsOf(plot) {
    return [...plot.querySelectorAll(".slider-rail-touch-rect")];
}

/** Press a slider's rail as a mouse would, at the place of `step`. */
function pressRail(plot, i, step) {
    const rail = railsOf(plot)[i];
    const { left, top, width, height } = rail.getBoundingClientRect();
    const last = sliderOf(plot, i).steps.length - 1;
    const x = left + RAIL_INSET + (width - 2 * RAIL_INSET) * (last ? step / last : 0);
    const where = { clientX: x, clientY: top + height / 2, bubbles: true, cancelable: true, view: window };
    rail.dispatchEvent(new MouseEvent("mousedown", where));
    plot.dispatchEvent(new MouseEvent("mouseup", where));
}

/** @returns {HTMLElement} a new handle of a plot's slider */
function addHandle(plot, i) {
    const handle = Object.assign(document.createElement("div"), { className: "lab-slider-key", tabIndex: 0 });
    handle.setAttribute("role", "slider");
    handle.addEventListener("keydown", (event) => {
        const { active, steps } = sliderOf(plot, i);
        const last = steps.length - 1;
        const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
        const step = hasModifier ? undefined : stepOfKey(event.key, active || 0, last);
        if (step === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        pressRail(plot, i, Math.min(Math.max(step, 0), last));
        updateHandles();
    });
    plot.append(handle);
    return handle;
}

/** Set an attribute unless it is so already: a change would be seen as one of the page. */
function setAttribute(element, name, value) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Lay a slider's handle over its rail, and have it say where the slider stands. */
function updateHandle(handle, slider, rail, plotBox) {
    const box = rail.getBoundingClientRect();
    const now = slider.active || 0;
    const left = box.left - plotBox.left;
    const top = box.top - plotBox.top;
    const place = `left:${left}px;top:${top}px;width:${box.width}px;height:${box.height}px`;
    setAttribute(handle, "style", place);
    setAttribute(handle, "aria-label", labelOf(slider));
    setAttribute(handle, "aria-valuemin", 0);
    setAttribute(handle, "aria-valuemax", slider.steps.length - 1);
    setAttribute(handle, "aria-valuenow", now);
    setAttribute(handle, "aria-valuetext", slider.steps[now].label);
}

/** A handle for every slider of every plot, and none where there is no slider any more. */
function updateHandles() {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
        const handles = [...plot.querySelectorAll(":scope > .lab-slider-key")];
        const plotBox = plot.getBoundingClientRect();
        const rails = railsOf(plot);
        rails.forEach((rail, i) => {
            const slider = sliderOf(plot, i);
            if (slider) updateHandle(handles[i] || addHandle(plot, i), slider, rail, plotBox);
        });
        handles.slice(rails.length).forEach((handle) => handle.remove());
    }
}

/** @returns {() => void} lets the page go */
export default function listenToKeys() {
    let isWaiting = false;
    const updateSoon = () => {
        if (isWaiting) return;
        isWaiting = true;
        requestAnimationFrame(() => {
            isWaiting = false;
            updateHandles();
        });
    };
    const observer = new MutationObserver(updateSoon);
    observer.observe(document.body, { childList: true, subtree: true });
    window.addEventListener("resize", updateSoon);
    updateSoon();
    return () => {
        observer.disconnect();
        window.removeEventListener("resize", updateSoon);
    };
}
