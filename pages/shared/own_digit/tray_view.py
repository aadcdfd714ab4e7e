"""The tray on the page: the visitor's digits to tap, and what the networks make of the chosen one."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
import torch

from ae_core.living.packing import pack_digits
from ae_core.living.words import WORDS as LIVING_WORDS
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say
from pages.shared import session
from pages.shared.browser import living
from pages.shared.own_digit import digit_source, drawing_board, tray

WORDS = {
    "tray": say("My digits. Arrows choose one, with Alt they move it, Delete takes it off."),
    "nth": say("Digit {i} of {n}."),
    "count": say("Digit {i} of {n}"),
    "earlier": say("Move it one place to the left"),
    "later": say("Move it one place to the right"),
    "remove": say("Remove"),
    "remove_label": say("Take this digit off the tray"),
    "digit": say("digit"),
    "digit_label": say("The chosen digit as the networks see it"),
    "rebuilt_label": say("What the {name} rebuilds of the chosen digit"),
    "error": say("error {error}"),
    "read_as": LIVING_WORDS["read_as"],
}


def show_tray(runs: Mapping[str, StoredRun], way: str) -> None:
    """Show the tray and what networks, by their names, make of the chosen digit; empty, what to do.

    way: the way in for pictures that is shown: the drawing board itself shows what they make of a drawing.
    """
    found = tray.read_tray()
    if not found.digits:
        st.info(digit_source.PROMPTS[way], icon=digit_source.WAYS[way])
        st.caption(digit_source.LIMITS)
        return
    digits_nhw = torch.stack([digit.digit_hw for digit in found.digits])
    data = {
        "digits": pack_digits(digits_nhw),
        "numbers": [digit.number for digit in found.digits],
        "chosen": found.chosen,
        "heard": living.count_heard(session.TRAY_VIEW),
        "doubts": [digit.doubt for digit in found.digits],
        "shows_answers": not (way == digit_source.DRAW and found.chosen == tray.ON_BOARD),
        "networks": {name: living.network_address(run) for name, run in runs.items()},
        "classifier": living.describe_classifier(),
        "words": WORDS,
    }
    living.draw_living("tray", session.TRAY_VIEW, data, on_told=obey_tray)


def obey_tray() -> None:
    """Do what the tray on the page has told: another order, another choice, digits taken off."""
    told = getattr(st.session_state.get(session.TRAY_VIEW), "told", None)
    try:
        order, chosen, known = (told[name] for name in ("order", "chosen", "known"))
        numbers, shown = [int(each) for each in order], [int(each) for each in known]
    except (TypeError, KeyError, ValueError, OverflowError):
        return
    had_drawing = tray.find_digit(tray.ON_BOARD) is not None
    tray.arrange_digits(numbers, chosen, shown)
    if had_drawing and tray.find_digit(tray.ON_BOARD) is None:
        drawing_board.renew_board()


def offer_forgetting() -> None:
    """Show a button that forgets all digits, where there are any; hand the browser what it is to keep."""
    tray.hand_to_browser()
    if tray.read_tray().digits:
        st.button(
            say("Forget all my digits") if len(tray.read_tray().digits) > 1 else say("Forget this digit"),
            key="own_forget",
            icon=":material/delete:",
            width="stretch",
            on_click=digit_source.forget_everything,
        )
