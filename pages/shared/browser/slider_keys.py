"""Plotly's sliders under the keyboard: they know only the mouse."""

from __future__ import annotations

import streamlit as st

from pages.shared.browser.files import read_script

_listener = st.components.v2.component("autoencoder_lab_slider_keys", js=read_script("slider_keys"))


def enable(key: str) -> None:
    """Let arrow keys, Home and End move the Plotly sliders of the page. `key`: of the figure that needs it; once is enough."""
    _listener(key=f"unseen_{key}_keys")
