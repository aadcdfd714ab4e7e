"""A page opens at its top, whichever way led to it."""

from __future__ import annotations

import streamlit as st

# Streamlit scrolls the element stMain, never the window. Page follows page in that one element, which stays where it was
# scrolled to: at the foot, if the way on was a link there. A page drawn again is left where it is, and so is the first one of
# a link that names a heading.
SCROLL_UP = """
export default function ({ data: page }) {
    const before = document.labPageAtTop;
    document.labPageAtTop = page;
    if (before === page || (before === undefined && location.hash)) return;
    document.querySelector("[data-testid=stMain]")?.scrollTo({ top: 0, behavior: "instant" });
}
"""
_top = st.components.v2.component("autoencoder_lab_page_top", js=SCROLL_UP)


def open_at_top(page: str) -> None:
    """Have the browser show the top of `page` when it opens, and leave it where it is when it is drawn again."""
    _top(key="page_top", data=page)
