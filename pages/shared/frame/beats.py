"""A lesson's beats: a few short steps with a picture each, all below each other or one screen at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from ae_core.words.sentences import say
from pages.shared import lab, session
from pages.shared.browser.files import read_script

WORDS = {
    "nav": say("Steps of this lesson"),
    "back": say("One step back"),
    "next": say("Next step"),
    "onward": say("Next lesson: {name}"),
    "keys": say("R: a room of phones · ?: all keys"),
}
# The foot of a lesson, which belongs to its last beat.
FOOT = "lesson_foot"
# Seconds in which a browser takes up what it has of a page before more of it comes.
BREATH = 0.06

_guide = st.components.v2.component("autoencoder_lab_beats", js=read_script("beats"))


@contextmanager
def beat(name: str, title: str, part: int = 1) -> Iterator[None]:
    """A beat of the lesson: what is drawn within belongs together, and fills a screen while presenting.

    name: one word in small letters, which the address has after its `#`. title: what a list of the beats
    calls it. part: from 1, for a beat whose parts lie in more than one place of the page.
    """
    _let_first_beat_be_painted(name)
    with st.container(key=f"beat_{name}_{part}"):
        st.html(f'<i class="lab-beat" data-name="{escape(name)}" data-title="{escape(title)}"></i>')
        yield


def _let_first_beat_be_painted(name: str) -> None:
    """Wait a moment after the first beat of a page that a presenter turned to.

    A browser draws in one go all that it was sent meanwhile. The room sees the first beat alone, and should
    not wait for the page below it.
    """
    first = st.session_state.get(session.FIRST_BEAT, name)
    if first == "":
        st.session_state[session.FIRST_BEAT] = name
    elif first != name:
        del st.session_state[session.FIRST_BEAT]
        time.sleep(BREATH)


def guide_through_beats(page: str, following: str) -> None:
    """Show which beat of the page called `page` one is at, and lead to the next. Once, after the last.

    following: what the page is called that the first link of the lesson's foot leads to.
    """
    words = {**WORDS, "onward": WORDS["onward"].format(name=following)}
    _guide(
        key="unseen_beats",
        data={"page": page, "isPresenting": lab.is_presenting(), "foot": FOOT, "words": words},
    )
