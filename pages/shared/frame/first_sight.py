"""What Home begins with, in Streamlit's one HTML page: on the screen before Streamlit's script has run.

Nobody looks at an empty page meanwhile, a second for whoever visits a lab that runs, and several where the
lab has just been started and torch is still being imported. The picture is kept with the lab. As soon as the
page itself has drawn its own, this makes way for it.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from html import escape
from pathlib import Path

from starlette.types import Scope
from streamlit import config

from ae_core.living.first_picture import picture_html
from ae_core.living.kept_picture import read_picture
from ae_core.words.sentences import say, say_in_html
from pages.shared.browser.files import plain_script, style_html
from pages.shared.frame.path import place_on_path, progress_html
from pages.shared.server.addresses import base_path

PAGE = Path(__file__).with_suffix(".html")
logger = logging.getLogger(__name__)
HEADING = say("# What does an autoencoder do?")
ABOUT = say(
    "It squeezes a picture through a **bottleneck** and draws it again. The **encoder** "
    "$E$ keeps a short *code*, a few numbers; the **decoder** $D$, whose sizes mirror the "
    "encoder's, must rebuild the picture from the code alone."
)
# What Markdown writes with marks, as far as these sentences have them.
MARKS = (
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\*(.+?)\*"), r"<em>\1</em>"),
    (re.compile(r"\$(.+?)\$"), r"<i>\1</i>"),
)


def find_first_sight(scope: Scope) -> str:
    """HTML that comes with the page that a browser asks for: Home's beginning, as everybody sees it first.

    Nothing for other pages, and for a link that may have set any of Home's dials.
    """
    is_home = scope["path"].strip("/") in ("", base_path()) and not scope.get("query_string")
    return first_sight_html() if is_home else ""


@cache
def first_sight_html() -> str:
    """The beginning of Home, with its style and its script; empty where one of its files is not whole.

    The script runs at once, as a part of the page, where a module would wait for the whole page.
    """
    try:
        told = say_in_html(PAGE.read_text(encoding="utf-8"))
        base_size = f"{config.get_option('theme.baseFontSize')}px"
        parts = {
            "style": style_html("first_sight", properties={"lab-base-size": base_size}),
            "progress": progress_html(place_on_path("home"), {"home"}),
            "heading": _markdown_html(HEADING.removeprefix("# ")),
            "about": _markdown_html(ABOUT),
            "picture": picture_html(read_picture()),
            "script": plain_script("first_sight"),
        }
    except (OSError, ValueError) as problem:
        logger.warning("Home begins a little later: %s", problem)
        return ""
    for name, part in parts.items():
        told = told.replace(f"{{{name}}}", part)
    return told


def _markdown_html(text: str) -> str:
    """A sentence in Markdown as HTML."""
    told = escape(text, quote=False)
    for mark, element in MARKS:
        told = mark.sub(element, told)
    return told
