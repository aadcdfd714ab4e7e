"""The style of every page, and the theme's colours of text."""

from __future__ import annotations

from pages.shared.browser.files import style_html

TEXT_COLOURS = {"light": "#31333F", "dark": "#FAFAFA"}


def every_page_style() -> str:
    """HTML style element of every page, under any theme: with the page itself, so that nothing moves."""
    return style_html("page", "fingers", "beats")


def theme_style(theme: str) -> str:
    """HTML style element of every page under a theme. theme: "light" or "dark"."""
    on_dark = ("page_on_dark",) if theme == "dark" else ()
    return style_html(*on_dark, properties={"lab-text": TEXT_COLOURS[theme]})
