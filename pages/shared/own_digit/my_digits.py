"""A visitor's own digits in the lessons: they stand in for held-back ones, the chosen one first."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from ae_core.words.sentences import say
from pages.shared import my_room
from pages.shared.browser import browser_memory
from pages.shared.own_digit import tray


def own_digits() -> Tensor | None:
    """The visitor's digits (n, 28, 28) in [0, 1], the chosen one first, then in the tray's order; or None.

    In a room whose digits the presenter shows, those, the newest first.
    """
    if (room_nhw := my_room.lesson_digits()) is not None:
        return room_nhw
    found = tray.read_tray()
    if not found.digits:
        return None
    ordered = sorted(found.digits, key=lambda digit: digit.number != found.chosen)
    return torch.stack([digit.digit_hw for digit in ordered])


def own_digit() -> Tensor | None:
    """The digit (28, 28) that the visitor has chosen among their own, or None."""
    own_nhw = own_digits()
    return None if own_nhw is None else own_nhw[0]


def shown_digits() -> Tensor | None:
    """The visitor's digits (n, 28, 28), the chosen one first, if the lessons are to show them; else None."""
    return own_digits() if tray.is_shown() else None


def count_shown() -> int:
    """How many of the visitor's digits the lessons show."""
    own_nhw = shown_digits()
    return 0 if own_nhw is None else len(own_nhw)


def shown_digit() -> Tensor | None:
    """The visitor's chosen digit (28, 28) where the lessons are to show it; else None."""
    own_nhw = shown_digits()
    return None if own_nhw is None else own_nhw[0]


def put_own_digits_first(digits_nhw: Tensor, most: int | None = None) -> Tensor:
    """These digits (n, 28, 28), with all of the visitor's own in place of the first if they are to be shown.

    Digits (m, 28, 28): m is larger than n where there are more of the visitor's. most: so many at the most
    give way; all where it is None.
    """
    own_nhw = shown_digits()
    if own_nhw is None:
        return digits_nhw
    given_way = min(len(own_nhw), len(digits_nhw) if most is None else most)
    return torch.cat([own_nhw, digits_nhw[given_way:]])


def switch_words() -> str:
    """What the switch for the visitor's digits is called: there is one, or several, or they are a room's."""
    if my_room.lesson_digits() is not None:
        return say("The room's digits")
    return say("My digit") if len(tray.read_tray().digits) == 1 else say("My digits")


def whose() -> str:
    """Whose digits those of `own_digits` are, before their name."""
    return say("your") if my_room.lesson_digits() is None else say("the room's")


def draw_digit_switch(key: str, label: str | None = None) -> None:
    """Draw the switch for the visitor's digits in the lessons; nothing where there are none."""
    if own_digit() is not None:
        st.toggle(
            label or switch_words(),
            tray.is_shown(),
            key=f"{key}_own",
            on_change=_store_switch,
            args=(f"{key}_own",),
        )
        tray.tell_browser()
        browser_memory.hand_to_browser("tray", key)


def _store_switch(key: str) -> None:
    tray.show_in_lessons(are_shown=bool(st.session_state.get(key, True)))
    if key in st.session_state:
        st.rerun()  # the whole page, not the switch's fragment alone: any part of a page may show the digits
