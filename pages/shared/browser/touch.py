"""A finger on a figure whose points can be chosen: a swipe moves the page, a tap chooses the point under it."""

from __future__ import annotations

import streamlit as st

from pages.shared.browser.files import read_script

_through = st.components.v2.component("autoencoder_lab_touch", js=read_script("touch"))


def let_through(key: str) -> None:
    """Let a swipe over the figures of this page scroll it. `key`: of the figure that needs it; once is enough."""
    _through(key=f"unseen_{key}_touch")
