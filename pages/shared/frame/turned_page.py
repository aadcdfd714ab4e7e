"""A page that a presenter turned to: its first beat is on the screen before the rest of the page is sent.

A browser draws in one go all that has come meanwhile. The room sees the first beat alone, and should wait
neither for the page below it nor for dials that are out of sight.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.shared import session

# Seconds in which a browser takes up what it has of a page before more of it comes.
BREATH = 0.06


def begin_turn() -> None:
    """Note that the page opened next is one that a presenter turned to."""
    st.session_state[session.FIRST_BEAT] = ""


@contextmanager
def held_back() -> Iterator[None]:
    """What is drawn within, and hidden from the room, is sent after the first beat of a page turned to.

    Nothing may be drawn later into what begins within. On any other page it is sent at once.
    """
    context = get_script_run_ctx()
    shown = st.session_state.get(session.DIALS_SHOWN)
    if context is None or shown or session.FIRST_BEAT not in st.session_state:
        yield
        return
    send, context._enqueue = context._enqueue, st.session_state.setdefault(session.HELD_BACK, []).append
    try:
        yield
    finally:
        context._enqueue = send


def let_first_beat_be_painted(beat: str) -> None:
    """Before the second beat of a page turned to, wait a moment and send what was held back. At each beat."""
    first = st.session_state.get(session.FIRST_BEAT, beat)
    if first == "":
        st.session_state[session.FIRST_BEAT] = beat
    elif first != beat:
        del st.session_state[session.FIRST_BEAT]
        time.sleep(BREATH)
        send_held_back()


def forget_held_back() -> None:
    """Forget what a run of the page that was cut short held back. As a page begins."""
    st.session_state.pop(session.HELD_BACK, None)


def send_held_back() -> None:
    """Send it, if anything still is: on a page without a second beat, where it ends."""
    context = get_script_run_ctx()
    for message in st.session_state.pop(session.HELD_BACK, []):
        assert context is not None
        context._enqueue(message)
