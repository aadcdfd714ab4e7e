"""What was said to a question's card, answers and the room's votes, as the visitor's browser keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pages.shared.browser import browser_memory

MOST_VOTES, MOST_OPTIONS = 999, 9
# Of each card's questions as they were under different dials, so many are remembered.
MOST_REMEMBERED = 12
WHEN = ("before", "after")
# Of what an answer depends on, the hash's digits.
MARK_LENGTH = 12


def load_said(key: str) -> dict[str, Any]:
    """Answers and votes of the card `key` by their question's mark, as the visitor's browser keeps them."""
    return _parse_memory(browser_memory.kept_text(f"question_{key}"))


def store_said(key: str, what: str, mark: str, value: object) -> None:
    """Keep an answer or votes (`what`) for the question with this mark, and forget the oldest ones."""
    said = load_said(key)
    said[what].pop(mark, None)
    said[what][mark] = value  # the last of all
    said[what] = dict(list(said[what].items())[-MOST_REMEMBERED:])
    save_said(key, said)


def save_said(key: str, said: Mapping[str, object]) -> None:
    """Have the browser keep all that was said to the card `key`, as `load_said` gave it."""
    browser_memory.keep_in_browser(f"question_{key}", json.dumps(said, separators=(",", ":")))


def _parse_memory(text: str) -> dict[str, Any]:
    """What `save_said` has written, from a text that may hold anything; the rest is left out."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = {}
    found = found if isinstance(found, dict) else {}
    return {
        "answers": _keep_usable(found.get("answers"), _is_answer),
        "votes": _keep_usable(found.get("votes"), _are_votes),
        "votes_shown": found.get("votes_shown") is True,
    }


def _keep_usable(found: object, is_good: Callable[[Any], bool]) -> dict[str, Any]:
    items = list(found.items())[-MOST_REMEMBERED:] if isinstance(found, dict) else []
    return {
        mark: value
        for mark, value in items
        if len(mark) == MARK_LENGTH and isinstance(value, dict) and is_good(value)
    }


def _is_answer(value: Mapping[str, Any]) -> bool:
    of = value.get("of")
    return (
        value.keys() == {"choice", "of"}
        and (value["choice"] is None or _is_count(value["choice"], MOST_OPTIONS))
        and isinstance(of, dict)
        and all(isinstance(mark, str) and len(mark) == MARK_LENGTH for mark in of.values())
    )


def _are_votes(value: Mapping[str, Any]) -> bool:
    counts = [value.get(when) for when in WHEN]
    return all(
        isinstance(row, list)
        and len(row) <= MOST_OPTIONS
        and all(map(partial(_is_count, most=MOST_VOTES), row))
        for row in counts
    )


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
