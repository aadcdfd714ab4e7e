/**
 * Touches on a figure whose points can be chosen, kept from Plotly.
 *
 * Plotly keeps every touch of such a figure to itself, and takes the end of a tap for a click at the place of
 * the one before. What it does not hear of is the browser's: it scrolls, and makes of a tap what a mouse
 * would have said. Sliders stay Plotly's.
 */

/** @param {TouchEvent} event */
function keepFromPlotly(event) {
    if (event.target.closest(".js-plotly-plot .draglayer")) event.stopPropagation();
}

/** @returns {() => void} gives Plotly its touches back */
export default function letTouchesThrough() {
    const listening = { capture: true, passive: true };
    const keep = (event) => keepFromPlotly(event);
    document.addEventListener("touchstart", keep, listening);
    return () => document.removeEventListener("touchstart", keep, listening);
}
