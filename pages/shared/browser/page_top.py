"""A page's scroll position when it opens: its top, whichever way led to it."""

from __future__ import annotations

import streamlit as st

from pages.shared.browser.files import read_script

_top = st.components.v2.component("autoencoder_lab_page_top", js=read_script("page_top"))


def open_at_top(page: str) -> None:
    """Scroll to the top when the page called `page` opens, and leave it alone when it is drawn again."""
    _top(key="unseen_page_top", data=page)
