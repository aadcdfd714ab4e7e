"""Speaker notes: a second window of the presenter's browser, which follows the beats that the first shows.

The windows talk to each other in the browser (`beats.js`, `notes.js`): the server sends all notes at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st

from ae_core.words.sentences import say, translate
from pages.shared.browser.files import read_script, style_html

LINK = "notes"
CATALOGUE = Path(__file__).with_suffix(".toml")
WORDS = {
    "title": say("Speaker notes"),
    "waiting": say(
        "No window of this browser presents yet. Turn on “Present to a room” at the foot of a lesson."
    ),
    "none": say("There is no note on this page."),
    "next": say("Next"),
    "last": say("the end of the path"),
    "clock": say("Time"),
    "since": say("Presenting for"),
}

_window = st.components.v2.component("autoencoder_lab_notes", js=read_script("notes"))


def show_notes_if_asked(path: Mapping[str, str], beside: Mapping[str, str]) -> None:
    """Show the notes in place of the page, and end its run, where the link says `?notes=1`.

    path, beside: names of the lessons on the path, in order, and of the pages beside it, by page.
    """
    if st.query_params.get(LINK) != "1":
        return
    st.html(style_html("notes"))
    names = {**path, **beside}
    _window(
        key="unseen_notes",
        data={"notes": read_notes(), "names": names, "path": list(path), "words": WORDS},
    )
    st.stop()


def offer_notes() -> None:
    """Draw the link that opens the notes in a window of their own."""
    st.link_button(say("Open the notes in a second window"), f"?{LINK}=1", icon=":material/speaker_notes:")


@cache
def read_notes() -> dict[str, dict[str, str]]:
    """What to say at each beat, by page and beat: 2 to 4 sentences each, in this server's language."""
    pages = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {
        page: {beat: translate(text.strip()) for beat, text in notes.items()} for page, notes in pages.items()
    }
