"""Streamlit's scripts that Home has no use for and the lessons have, loaded before a room waits for them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from pages.shared.browser.files import read_script

# Elements whose script a browser fetches and runs when a page first has one. Plotly's, of 4.7 MB, is more
# than half a second's work.
ELEMENTS = ("Metric", "PlotlyChart", "Spinner", "Table")
FOLDER = Path(st.__file__).parent / "static/static/js"

_loader = st.components.v2.component("autoencoder_lab_scripts_ahead", js=read_script("scripts_ahead"))


def load_scripts_ahead() -> None:
    """Have the browser load them once it has nothing else to do. Once on a page."""
    _loader(key="unseen_scripts_ahead", data=_find_scripts())


@cache
def _find_scripts() -> list[str]:
    """Their files' names, which have a hash in them. Without those that another Streamlit names otherwise."""
    return [file.name for element in ELEMENTS for file in FOLDER.glob(f"{element}.*.js")]
