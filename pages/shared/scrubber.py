"""A picture at once, as plain HTML, and over its figure, whose slider the browser moves by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.shared import slider_keys

# Drawing the figure keeps the interpreter busy for a tenth of a second, in which the server's own thread would sit on the
# picture that is ready. So it is given so many seconds to send it.
SENT_FIRST = 0.05
# The plain picture is seen until somebody moves the figure's slider, and again as soon as the page sends another one: it
# is there in a tenth of the time that the figure takes.
WATCH = """
export default function () {
    const MOVED = "labMoved", SHOWN = "labShown";
    const places = () => [...document.querySelectorAll("[class*=st-key-][class*=_place]")];
    const move = (event) => {
        const place = event.target.closest?.(".slider-container") && event.target.closest("[class*=_place]");
        if (place) place.dataset[MOVED] = "";
    };
    const refresh = () => {
        for (const place of places()) {
            const shown = [...place.querySelectorAll("[class*=_first] img")].map((image) => image.src).join();
            if (shown && place.dataset[SHOWN] !== String(shown.length) + shown.slice(-400)) {
                place.dataset[SHOWN] = String(shown.length) + shown.slice(-400);
                delete place.dataset[MOVED];
            }
        }
    };
    const observer = new MutationObserver(refresh);
    observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] });
    for (const kind of ["mousedown", "touchstart"]) document.addEventListener(kind, move, true);
    refresh();
    return () => {
        observer.disconnect();
        for (const kind of ["mousedown", "touchstart"]) document.removeEventListener(kind, move, true);
    };
}
"""
_watcher = st.components.v2.component("autoencoder_lab_scrubber", js=WATCH)


@contextmanager
def under(picture: str, key: str, height: str, phone_height: str) -> Iterator[None]:
    """`picture` as HTML at once; the block then draws the figure `key` in its place. Heights are CSS lengths."""
    st.html(
        f"""<style>
        .st-key-{key}_place {{position: relative; min-height: {height}}}
        .st-key-{key}_first {{position: absolute; inset: 0 0 auto 0; z-index: 1; pointer-events: none}}
        .st-key-{key}_first img {{width: 100% !important; max-width: 100% !important; object-fit: fill !important}}
        .st-key-{key}_place[data-lab-moved] .st-key-{key}_first {{display: none}}
        .st-key-{key}_place:not([data-lab-moved]) :is(.cartesianlayer, .annotation) {{visibility: hidden}}
        .st-key-{key}_watch {{position: absolute}}
        @media (max-width: 640px) {{
            .st-key-{key}_place {{min-height: calc({phone_height})}}
            .st-key-{key} .stPlotlyChart {{height: calc({phone_height}) !important}}
        }}
        </style>"""
    )
    with st.container(key=f"{key}_place"):
        with st.container(key=f"{key}_first"):
            st.markdown(picture, unsafe_allow_html=True)
        time.sleep(SENT_FIRST)
        yield
        slider_keys.enable(key)
        _watcher(key=f"{key}_watch")
