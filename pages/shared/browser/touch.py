"""Touches on figures whose points can be chosen: a swipe moves the page, a tap chooses the point under it."""

from __future__ import annotations

import streamlit as st

from pages.shared.browser.files import read_script

_through = st.components.v2.component("autoencoder_lab_touch", js=read_script("touch"))


def let_touches_through(key: str) -> None:
    """Let swipes over every figure of the page scroll it. `key`: of one figure whose points can be chosen."""
    _through(key=f"unseen_{key}_touch")
