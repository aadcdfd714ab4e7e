"""A page that a presenter turned to: its first beat is on the screen before the rest of the page is sent.

A browser draws in one go all that has come meanwhile. The room sees the first beat alone, and should wait
neither for the page below it nor for dials that are out of sight.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.shared import lab, session

# Seconds in which a browser takes up what it has of a page before more of it comes.
BREATH = 0.06
# What draws something. All else, such as what the page's address is now, goes out in its order.
DRAWS = ("delta", "ref_hash")


def begin_turn() -> None:
    """Note that the page opened next is one that a presenter turned to."""
    st.session_state[session.FIRST_BEAT] = ""


@contextmanager
def delay_hidden() -> Iterator[None]:
    """Send what is drawn within, and hidden from the room, after the first beat of a page turned to.

    Nothing may be drawn later into what begins within. On any other page it is sent at once.
    """
    context = get_script_run_ctx()
    is_hidden = lab.is_presenting() and not st.session_state.get(session.DIALS_SHOWN)
    if context is None or not is_hidden or session.FIRST_BEAT not in st.session_state:
        yield
        return
    send, delayed = context._enqueue, st.session_state.setdefault(session.DELAYED, [])

    def delay(message: ForwardMsg) -> None:
        (delayed.append if message.WhichOneof("type") in DRAWS else send)(message)

    context._enqueue = delay
    try:
        yield
    finally:
        context._enqueue = send


def let_first_beat_be_painted(beat: str) -> None:
    """Wait a moment where another beat than the first begins, and send what was delayed. As each begins."""
    first = st.session_state.get(session.FIRST_BEAT, beat)
    if first == "":
        st.session_state[session.FIRST_BEAT] = beat
    elif first != beat:
        time.sleep(BREATH)
        end_turn()


def forget_delayed() -> None:
    """Forget what a run of the page that was cut short has not sent. As a page begins."""
    st.session_state.pop(session.DELAYED, None)


def end_turn() -> None:
    """Send what was delayed, if anything still is, and delay no more. At the end of a page at the latest."""
    st.session_state.pop(session.FIRST_BEAT, None)
    context = get_script_run_ctx()
    for message in st.session_state.pop(session.DELAYED, []):
        assert context is not None
        context._enqueue(message)
