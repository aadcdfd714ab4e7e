"""A picture that follows a slider while that is being dragged: the browser changes it by itself, without asking anybody."""

from __future__ import annotations

import json
from dataclasses import asdict

import streamlit as st

from ae_core.figures.base import Frames
from pages.shared.browser.files import read_script

_follower = st.components.v2.component("autoencoder_lab_scrubber", js=read_script("scrubber"))


def show(picture: str, key: str) -> None:
    """`picture`, rows or columns of digits as HTML, under the key by which `follow` finds it."""
    with st.container(key=key):
        st.markdown(f'<div class="lab-following">{picture}</div>', unsafe_allow_html=True)


def packed(slider: str, picture: str, frames: Frames) -> bytes:
    """What the browser needs to let `picture` follow the slider with the key `slider`, as JSON; both by their keys."""
    return json.dumps({"slider": slider, "picture": picture, **asdict(frames)}).encode()


def follow(key: str, packed_frames: bytes) -> None:
    """Let the picture `key` follow its slider. What is packed must be of the same picture.

    The same bytes are the same message, which a browser that has it is not sent again. Anything but bytes Streamlit would put
    into JSON twice for every answer.
    """
    _follower(key=f"unseen_{key}_follower", data=packed_frames)
