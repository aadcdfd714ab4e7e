"""Where a presenter is: page, step and dials, as a browser tells them and as others get them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from ae_core.room import bounds
from ae_core.room.database import RoomError
from ae_core.runs import links
from ae_core.words.sentences import say

NOT_UNDERSTOOD = say("The presenter's page told nothing that can be understood. Load it again.")
# Keys of a link that are a visitor's own affair: those of the presenter stay with the presenter.
OWN = {"present", "notes", "follow", "steer", "yours", "whose", "answers", "compare", *links.SENDER_KEYS}


@dataclass(frozen=True)
class Question:
    """A question on the presenter's screen: a mark of it and of all that it depends on, and its words."""

    mark: str
    text: str
    options: tuple[str, ...]


def read_place(found: object) -> dict[str, str]:
    """Page, beat, title and link of the presenter's place, from a browser's words for them.

    The link holds only dials, each with a value that the lab understands. RoomError where it is no place.
    """
    told = found if isinstance(found, Mapping) else {}
    page, beat, title = (_read_text(told.get(key), 80) for key in ("page", "beat", "title"))
    if not re.fullmatch(r"\w{1,40}", page) or not re.fullmatch(r"\w{0,40}", beat):
        raise RoomError(NOT_UNDERSTOOD)
    link = _read_text(told.get("link"), bounds.LINK_CHARACTERS)
    return {"page": page, "beat": beat, "title": title, "link": keep_dials(link)}


def keep_dials(link: str) -> str:
    """The query of a link without whatever is no dial, or no value of one."""
    pairs = parse_qsl(link.removeprefix("?"), max_num_fields=100) if link.count("&") < 100 else []
    checks = ((key, value, links.find_check(key)) for key, value in pairs if key not in OWN)
    return urlencode([(key, value) for key, value, check in checks if check and check.accepts(value)])


def read_question(found: object) -> Question | None:
    """The question that a browser tells of, None for none. RoomError where it is something else."""
    if found is None:
        return None
    told = found if isinstance(found, Mapping) else {}
    mark, text = _read_text(told.get("mark"), 80), _read_text(told.get("text"), bounds.TEXT_CHARACTERS)
    options = told.get("options")
    if not mark or not text or not isinstance(options, Sequence) or isinstance(options, str):
        raise RoomError(NOT_UNDERSTOOD)
    words = tuple(_read_text(option, bounds.TEXT_CHARACTERS) for option in options)
    if not 1 < len(words) <= bounds.OPTIONS or not all(words):
        raise RoomError(NOT_UNDERSTOOD)
    return Question(mark, text, words)


def _read_text(found: object, longest: int) -> str:
    if not isinstance(found, str) or len(found) > longest:
        raise RoomError(NOT_UNDERSTOOD)
    return "".join(letter for letter in found if letter.isprintable())
