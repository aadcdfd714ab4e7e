"""What comes with Streamlit's one HTML page, before anything comes over the WebSocket."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from starlette.types import Scope

from pages.shared.browser.files import plain_script
from pages.shared.browser.styles import every_page_style
from pages.shared.frame.first_sight import find_first_sight
from pages.shared.server.preloaded import scripts_html

# Its script runs at once, as a part of the page: before Streamlit's, which is a module.
PAGE = Path(__file__).with_suffix(".html")
logger = logging.getLogger(__name__)


def find_beginning(scope: Scope) -> str:
    """HTML for the page that a browser asks for: what every page needs at once, and Home's beginning."""
    return _of_every_page() + find_first_sight(scope)


@cache
def _of_every_page() -> str:
    """Empty where one of its files is not whole: the page comes without it."""
    try:
        parts = {"style": every_page_style(), "scripts": scripts_html(), "way_back": plain_script("way_back")}
        told = PAGE.read_text(encoding="utf-8")
    except OSError as problem:
        logger.warning("Pages come without their style: %s", problem)
        return ""
    for name, part in parts.items():
        told = told.replace(f"{{{name}}}", part)
    return told
