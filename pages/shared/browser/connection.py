"""A note while the lab cannot be reached, in place of Streamlit's own, which is meant for developers."""

from __future__ import annotations

import streamlit as st

from ae_core.words.sentences import say
from pages.shared.browser.files import read_script, read_style

# Why, by whether the browser knows of a network; then what is safe, and what to do about it.
WORDS = {
    "title": say("The lab cannot be reached at the moment."),
    "offline": say("This device has no network."),
    "silent": say("The server does not answer."),
    "safe": say(
        "Nothing is lost: your settings are in this page's address, and a training goes on without you."
    ),
    "next": say("You need not do anything: as soon as the lab can be reached, this page goes on by itself."),
    "look": say(
        "Turn this device's network on: as soon as the lab can be reached, this page goes on by itself."
    ),
}
_teller = st.components.v2.component("autoencoder_lab_connection", js=read_script("connection"))


def announce_lost_connection() -> None:
    """Have the browser show the note whenever it cannot reach the lab, until its tab is closed."""
    _teller(key="unseen_connection", data={"words": WORDS, "style": read_style("connection")})
