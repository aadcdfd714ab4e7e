"""A note while the lab cannot be reached, in place of Streamlit's own, which is meant for developers."""

from __future__ import annotations

import streamlit as st

from pages.shared.browser.files import read_script, read_style

# Why, by whether the browser knows of a network; then what is safe, and what to do about it.
WORDS = {
    "title": "The lab cannot be reached at the moment.",
    "offline": "This device has no network.",
    "silent": "The server does not answer.",
    "safe": "Nothing is lost: your settings are in this page's address, and a training goes on without you.",
    "next": "You need not do anything: as soon as the lab can be reached, this page goes on by itself.",
    "look": "Turn this device's network on: as soon as the lab can be reached, this page goes on by itself.",
}
_teller = st.components.v2.component("autoencoder_lab_connection", js=read_script("connection"))


def announce_lost_connection() -> None:
    """Have the browser show the note whenever it cannot reach the lab, until its tab is closed."""
    _teller(key="unseen_connection", data={"words": WORDS, "style": read_style("connection")})
