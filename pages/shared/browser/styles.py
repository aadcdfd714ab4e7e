"""The style of every page, and the theme's colours of text."""

from __future__ import annotations

from pages.shared.browser.files import style_html

TEXT_COLOURS = {"light": "#31333F", "dark": "#FAFAFA"}


def page_style(theme: str) -> str:
    """HTML style element of every page. theme: "light" or "dark"."""
    on_dark = ("page_on_dark",) if theme == "dark" else ()
    return style_html("page", *on_dark, "fingers", "beats", properties={"lab-text": TEXT_COLOURS[theme]})
