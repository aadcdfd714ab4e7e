"""Plotly's sliders under the keyboard: they know only the mouse."""

from __future__ import annotations

import streamlit as st

# Over each slider's rail lies an element that takes the focus, tells a screen reader what there is, and turns keys into
# what a mouse would do: a press on the rail at the place of the step. Plotly may redraw the rail as often as it likes.
LISTEN = """
export default function () {
    const STYLE = "lab-slider-keys";
    const RAIL_INSET = 10;  // Plotly's, on both sides of the rail, in pixels
    if (!document.getElementById(STYLE)) {
        const style = document.createElement("style");
        style.id = STYLE;
        style.textContent = ".lab-slider-key { position: absolute; pointer-events: none; border-radius: 6px }"
            + ".lab-slider-key:focus { outline: 3px solid #0072B2; outline-offset: -3px; box-shadow: inset 0 0 0 5px white }";
        document.head.append(style);
    }
    const sliderOf = (plot, i) => plot.layout && plot.layout.sliders && plot.layout.sliders[i];
    const rails = (plot) => [...plot.querySelectorAll(".slider-rail-touch-rect")];
    const press = (plot, i, step) => {
        const rail = rails(plot)[i], { left, top, width, height } = rail.getBoundingClientRect();
        const last = sliderOf(plot, i).steps.length - 1;
        const x = left + RAIL_INSET + (width - 2 * RAIL_INSET) * (last ? step / last : 0);
        const where = { clientX: x, clientY: top + height / 2, bubbles: true, cancelable: true, view: window };
        rail.dispatchEvent(new MouseEvent("mousedown", where));
        plot.dispatchEvent(new MouseEvent("mouseup", where));
    };
    const goal = (key, now, last) => ({
        ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1,
        PageUp: now + 5, PageDown: now - 5, Home: 0, End: last,
    })[key];
    const handle = (plot, i) => {
        const made = document.createElement("div");
        made.className = "lab-slider-key";
        made.tabIndex = 0;
        made.setAttribute("role", "slider");
        made.addEventListener("keydown", (event) => {
            const { active, steps } = sliderOf(plot, i), last = steps.length - 1;
            const to = event.ctrlKey || event.metaKey || event.altKey ? undefined : goal(event.key, active || 0, last);
            if (to === undefined) return;
            event.preventDefault();
            event.stopPropagation();
            press(plot, i, Math.min(Math.max(to, 0), last));
            refresh();
        });
        plot.append(made);
        return made;
    };
    const set = (element, name, value) => {
        if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
    };
    const refresh = () => {
        for (const plot of document.querySelectorAll(".js-plotly-plot")) {
            const there = [...plot.querySelectorAll(":scope > .lab-slider-key")], box = plot.getBoundingClientRect();
            rails(plot).forEach((rail, i) => {
                const slider = sliderOf(plot, i);
                if (!slider) return;
                const made = there[i] || handle(plot, i), at = rail.getBoundingClientRect(), now = slider.active || 0;
                const place = `left:${at.left - box.left}px;top:${at.top - box.top}px;width:${at.width}px;height:${at.height}px`;
                set(made, "style", place);
                set(made, "aria-label", ((slider.currentvalue || {}).prefix || "slider").replace(/^Scrub the [a-z]+: /, "").trim());
                set(made, "aria-valuemin", 0);
                set(made, "aria-valuemax", slider.steps.length - 1);
                set(made, "aria-valuenow", now);
                set(made, "aria-valuetext", slider.steps[now].label);
            });
            there.slice(rails(plot).length).forEach((left) => left.remove());
        }
    };
    let waiting = false;
    const soon = () => {
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(() => { waiting = false; refresh(); });
    };
    const observer = new MutationObserver(soon);
    observer.observe(document.body, { childList: true, subtree: true });
    window.addEventListener("resize", soon);
    soon();
    return () => { observer.disconnect(); window.removeEventListener("resize", soon); };
}
"""
_listener = st.components.v2.component("autoencoder_lab_slider_keys", js=LISTEN)


def enable(key: str) -> None:
    """Let arrow keys, Home and End move the Plotly sliders of the page. `key`: of the figure that needs it; once is enough."""
    st.html(
        f"<style>.st-key-{key}_keys {{position: absolute; width: 1px !important; overflow: hidden}}</style>"
    )
    _listener(key=f"{key}_keys")
