"""The lab's own style: what every page adds to Streamlit's for the back row, for those who want no motion, and for fingers."""

from __future__ import annotations

from pages.shared.browser.files import style_html

TEXT_COLOURS = {"light": "#31333F", "dark": "#FAFAFA"}


def page_style(theme: str) -> str:
    """The style sheet of every page, as an HTML element; theme: "light" or "dark"."""
    on_dark = ("page_on_dark",) if theme == "dark" else ()
    return style_html("page", *on_dark, "fingers", properties={"lab-text": TEXT_COLOURS[theme]})
