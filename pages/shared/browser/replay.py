"""Buttons that play a figure with a slider: first step, play and pause, how fast."""

from __future__ import annotations

import streamlit as st

from ae_core.words.sentences import say
from pages.shared.browser.files import read_script, read_style

WORDS = {
    "first": say("First step"),
    "play": say("Play"),
    "pause": say("Pause"),
    "step": say("Step {step}"),
    "speed": say("Speed"),
    "slow": say("slow"),
    "normal": say("normal"),
    "fast": say("fast"),
}

_buttons = st.components.v2.component(
    "autoencoder_lab_replay", js=read_script("replay"), css=read_style("replay")
)


def draw_replay_buttons(key: str) -> None:
    """Draw the buttons of the figure with this key. It needs `slider_keys.enable_slider_keys`, too."""
    _buttons(key=f"{key}_replay", data={"figure": key, "words": WORDS})
