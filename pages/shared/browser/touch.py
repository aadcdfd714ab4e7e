"""A finger on a figure whose points can be chosen: a swipe moves the page, a tap chooses the point under it."""

from __future__ import annotations

import streamlit as st

# Plotly keeps every touch of such a figure to itself, and takes the end of a tap for a click at the place of the one before.
# What it does not hear of is the browser's: it scrolls, and makes of a tap what a mouse would have said. Sliders stay Plotly's.
LET_THROUGH = """
export default function () {
    const keep = (event) => {
        const touched = event.target.closest(".js-plotly-plot .draglayer");
        if (touched) event.stopPropagation();
    };
    const listening = { capture: true, passive: true };
    document.addEventListener("touchstart", keep, listening);
    return () => document.removeEventListener("touchstart", keep, listening);
}
"""
_through = st.components.v2.component("autoencoder_lab_touch", js=LET_THROUGH)


def let_through(key: str) -> None:
    """Let a swipe over the figures of this page scroll it. `key`: of the figure that needs it; once is enough."""
    st.html(
        f"<style>.st-key-{key}_touch {{position: absolute; width: 1px !important; overflow: hidden}}</style>"
    )
    _through(key=f"{key}_touch")
