"""The room that this visitor presents to, or follows."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from html import escape
from typing import TypeVar

import streamlit as st
from torch import Tensor

from ae_core.errors import LabError
from ae_core.room import drawings, rooms, votes
from ae_core.room.database import open_rooms
from ae_core.runs.store import default_root
from pages.shared import session
from pages.shared.browser import browser_memory

STEER, FOLLOW = "steer", "follow"
KEPT = "room"
T = TypeVar("T")


def open_room() -> None:
    """Open a room for this visitor; note why not, where that fails."""
    try:
        code, secret = _write(rooms.open_room)
    except LabError as problem:
        st.session_state[session.ROOM_PROBLEM] = str(problem)
        return
    _keep((code, secret))
    st.session_state[session.ROOM_NEW] = True


def presented_room() -> tuple[str, str] | None:
    """Code and secret of the open room that this visitor presents to; None without one."""
    mine: tuple[str, str] | None = st.session_state.get(session.ROOM) or _parse(
        browser_memory.kept_text(KEPT)
    )
    if mine is None:
        return None
    is_open = _read(lambda db: rooms.is_presenter(db, *mine) and rooms.find_room(db, mine[0]) is not None)
    if is_open is False:  # not None: a store that is out of reach for a moment closes no room
        leave_room()
        return None
    st.session_state[session.ROOM] = mine
    return mine


def leave_room() -> None:
    """Forget the room, which is closed."""
    st.session_state.pop(session.ROOM, None)
    browser_memory.forget_in_browser(KEPT)


def read_link() -> None:
    """Take the room that the page's address names: to steer it, which the address then says no more, or to
    follow it.
    """
    mine = _parse(st.query_params.get(STEER, "").replace("-", " ", 1))
    if STEER in st.query_params:
        del st.query_params[STEER]
    if mine and _read(lambda db: rooms.is_presenter(db, *mine)):
        _keep(mine)
        st.session_state[session.PRESENTING] = True
    code = st.query_params.get(FOLLOW, "")
    if rooms.is_code(code) and not st.session_state.get(session.PRESENTING):
        st.session_state[session.FOLLOWED] = code


def followed_code() -> str:
    """Code of the room that this visitor follows; empty without one."""
    return str(st.session_state.get(session.FOLLOWED, ""))


def stop_following() -> None:
    """Follow no room any more."""
    st.query_params.pop(FOLLOW, None)
    st.session_state.pop(session.FOLLOWED, None)


def lesson_digits() -> Tensor | None:
    """The room's digits (n, 28, 28), the newest first, where lessons are to show them; else None."""
    mine = st.session_state.get(session.ROOM)
    code = mine[0] if mine else followed_code()
    return _read(lambda db: drawings.lesson_digits(db, code)) if code else None


def count_votes(mark: str) -> dict[str, list[int]] | None:
    """Votes of this visitor's room for each option of the question with this mark, by `votes.VOTES`.

    None without a room, or where the room has not been asked.
    """
    mine = st.session_state.get(session.ROOM)
    if mine is None:
        return None

    def count(db: sqlite3.Connection) -> dict[str, list[int]] | None:
        asked = votes.find_marked(db, mine[0], mark)
        return votes.count_votes(db, asked) if asked else None

    return _read(count)


def is_presented() -> bool:
    """Whether this visitor presents to a room."""
    return session.ROOM in st.session_state


def _keep(mine: tuple[str, str]) -> None:
    st.session_state[session.ROOM] = mine
    browser_memory.keep_in_browser(KEPT, " ".join(mine))


def _parse(text: str) -> tuple[str, str] | None:
    found = re.fullmatch(r"(\w{4}) ([\w-]{20,60})", text, re.ASCII)
    return (found[1], found[2]) if found else None


def _read(operation: Callable[[sqlite3.Connection], T]) -> T | None:
    """What is found; None where the store cannot be read just now."""
    with open_rooms(default_root()) as base:
        try:
            return base.read(operation)
        except LabError:
            return None


def _write(operation: Callable[[sqlite3.Connection], T]) -> T:
    with open_rooms(default_root()) as base:
        (outcome,) = base.write([operation])
    if isinstance(outcome, LabError):
        raise outcome
    return outcome


def asked_html(card: str, mark: str, question: str, options: Sequence[str], *, is_answered: bool) -> str:
    """What tells the browser what a room is to be asked: see `room.js`. mark: of the room's votes on it."""
    said = {
        "card": card, "mark": mark, "text": question,
        "options": json.dumps(options), "answered": str(int(is_answered)),
    }  # fmt: skip
    attributes = " ".join(f'data-{name}="{escape(text)}"' for name, text in said.items())
    return f'<i class="lab-asked" {attributes}></i>'


def right_html(mark: str, place: int) -> str:
    """What tells the browser, and by it a room's phones, which option is right."""
    return f'<i class="lab-right" data-mark="{escape(mark)}" data-right="{place}"></i>'
