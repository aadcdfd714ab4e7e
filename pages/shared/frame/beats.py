"""A lesson's beats: a few short steps with a picture each, all below each other or one screen at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from ae_core.words.sentences import say
from pages.shared import lab
from pages.shared.browser.files import read_script
from pages.shared.frame import turned_page

WORDS = {
    "nav": say("Steps of this lesson"),
    "back": say("One step back"),
    "next": say("Next step"),
    "onward": say("Next lesson: {name}"),
    "keys": say("R: a room of phones · ?: all keys"),
}
# The foot of a lesson, which belongs to its last beat.
FOOT = "lesson_foot"

_guide = st.components.v2.component("autoencoder_lab_beats", js=read_script("beats"))


@contextmanager
def beat(name: str, title: str, part: int = 1, *, breaks: bool = True) -> Iterator[None]:
    """A beat of the lesson: what is drawn within belongs together, and fills a screen while presenting.

    name: one word in small letters, which the address has after its `#`. title: what a list of the beats
    calls it. part: from 1, for a beat whose parts lie in more than one place of the page. breaks: whether the
    beat before has all it shows; False where its picture waits for what is asked within.
    """
    if breaks:
        turned_page.let_first_beat_be_painted(name)
    with st.container(key=f"beat_{name}_{part}"):
        st.html(f'<i class="lab-beat" data-name="{escape(name)}" data-title="{escape(title)}"></i>')
        yield


def guide_through_beats(page: str, following: str) -> None:
    """Show which beat of the page called `page` one is at, and lead to the next. Once, after the last.

    following: what the page is called that the first link of the lesson's foot leads to.
    """
    words = {**WORDS, "onward": WORDS["onward"].format(name=following)}
    _guide(
        key="unseen_beats",
        data={"page": page, "isPresenting": lab.is_presenting(), "foot": FOOT, "words": words},
    )
