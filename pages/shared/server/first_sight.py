"""What Home begins with, in Streamlit's one HTML page: on the screen before Streamlit's script has run.

Nobody looks at an empty page meanwhile, a second for whoever visits a lab that runs, and several where the
lab has just been started and torch is still being imported. The picture is kept with the lab. As soon as the
page itself has its picture, this makes way for it.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from html import escape
from pathlib import Path

from starlette.types import Scope
from streamlit import config

from ae_core.figures.styles import style_html as figure_style
from ae_core.living.first_picture import picture_html
from ae_core.living.kept_picture import read_picture
from ae_core.words.sentences import say, say_in_html
from pages.shared.browser.files import style_html
from pages.shared.frame.path import progress_html

FOLDER = Path(__file__).parent
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


def begins_with_home(scope: Scope) -> bool:
    """Whether a browser asks for Home as everybody sees it first: a link may have set any of its dials."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return scope["path"].strip("/") in ("", base) and not scope.get("query_string")


@cache
def first_sight_html() -> str:
    """The beginning of Home as HTML, with its style and its script; empty where its picture is not whole."""
    try:
        picture = picture_html(read_picture())
    except (OSError, ValueError) as problem:
        logger.warning("Home begins a little later: %s", problem)
        return ""
    told = say_in_html((FOLDER / "first_sight.html").read_text(encoding="utf-8"))
    base = f"{config.get_option('theme.baseFontSize')}px"
    parts = {
        "{style}": style_html("page", properties={"lab-base": base})
        + figure_style(FOLDER / "first_sight.css"),
        "{progress}": progress_html(1, {"home"}),
        "{heading}": _without_marks(HEADING.removeprefix("# ")),
        "{about}": _without_marks(ABOUT),
        "{picture}": picture,
        "{script}": (FOLDER / "first_sight.js").read_text(encoding="utf-8"),
    }
    for name, part in parts.items():
        told = told.replace(name, part)
    return told


def _without_marks(text: str) -> str:
    """A sentence in Markdown as HTML."""
    told = escape(text, quote=False)
    for mark, element in MARKS:
        told = mark.sub(element, told)
    return told
