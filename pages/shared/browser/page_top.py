"""A page opens at its top, whichever way led to it."""

from __future__ import annotations

import streamlit as st

from pages.shared.browser.files import read_script

_top = st.components.v2.component("autoencoder_lab_page_top", js=read_script("page_top"))


def open_at_top(page: str) -> None:
    """Have the browser show the top of `page` when it opens, and leave it where it is when it is drawn again."""
    _top(key="unseen_page_top", data=page)
