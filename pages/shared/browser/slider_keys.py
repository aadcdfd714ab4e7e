"""Arrow keys, Home and End for Plotly's sliders, which know only the mouse."""

from __future__ import annotations

import streamlit as st

from pages.shared.browser.files import read_script

_listener = st.components.v2.component("autoencoder_lab_slider_keys", js=read_script("slider_keys"))


def enable_slider_keys(key: str) -> None:
    """Let the keyboard move every Plotly slider of the page. `key`: of one figure that has a slider."""
    _listener(key=f"unseen_{key}_keys")
