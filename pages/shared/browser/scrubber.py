"""Pictures that follow a slider while it is being dragged, without a request to the server."""

from __future__ import annotations

import json
from dataclasses import asdict

import streamlit as st

from ae_core.figures.base import Frames
from pages.shared.browser.files import read_script

_follower = st.components.v2.component("autoencoder_lab_scrubber", js=read_script("scrubber"))


def draw_following_picture(picture: str, key: str) -> None:
    """Draw `picture`, rows or columns of digits as HTML, under the key that `follow_slider` is given."""
    with st.container(key=key):
        st.markdown(f'<div class="lab-following">{picture}</div>', unsafe_allow_html=True)


def pack_frames(slider: str, picture: str, frames: Frames) -> bytes:
    """JSON for `follow_slider`: the pictures at each value of the slider. slider, picture: their keys."""
    return json.dumps({"slider": slider, "picture": picture, **asdict(frames)}).encode()


def follow_slider(key: str, packed_frames: bytes) -> None:
    """Let the picture `key` follow its slider. packed_frames: from `pack_frames`, for the same picture.

    Bytes, because Streamlit would put anything else into JSON twice for every answer. The same bytes are the
    same message, which is not sent again to a browser that has it.
    """
    _follower(key=f"unseen_{key}_follower", data=packed_frames)
