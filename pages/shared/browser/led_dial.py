"""A dial that a room's presenter moves for whoever follows; no more than its part of the page is run."""

from __future__ import annotations

import streamlit as st

from ae_core.runs import links
from pages.shared import session
from pages.shared.browser.files import read_script

_dial = st.components.v2.component("autoencoder_lab_led_dial", js=read_script("led_dial"))


def draw_led_dial(key: str, default: float) -> None:
    """Have the slider `key`, drawn after this, obey the presenter; `default` where a link does not name it.

    Thirty followers at once would otherwise each have their whole page run, which takes three times as long.
    Draws nothing that is seen.
    """
    _dial(
        key=session.led_dial_key(key),
        data={"key": key, "default": default},
        on_value_change=lambda: _obey(key),
    )


def _obey(key: str) -> None:
    """Move the slider to where the browser was told that it is, if it can be there."""
    value, check = st.session_state[session.led_dial_key(key)].value, links.find_check(key)
    if isinstance(value, int | float) and (check is None or check.accepts(str(float(value)))):
        st.session_state[key] = float(value)
