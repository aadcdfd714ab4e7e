"""A picture that follows a slider while that is being dragged: the browser changes it by itself, without asking anybody."""

from __future__ import annotations

import json
from dataclasses import asdict

import streamlit as st

from ae_core.figures.base import Frames

# A Streamlit slider tells the server its value when it is let go, and the page before: its input element has it all along.
FOLLOW = """
export default function ({ data: bytes, parentElement }) {
    const data = JSON.parse(new TextDecoder().decode(bytes));
    const show = (value) => {
        const step = data.values.reduce((best, one, i) => Math.abs(one - value) < Math.abs(data.values[best] - value) ? i : best, 0);
        const at = (row) => row[row.length > 1 ? step : 0];
        document.querySelectorAll(`.st-key-${data.picture} img`).forEach((image, i) => {
            image.src = at(data.pictures[i]);
            image.alt = at(data.labels[i]);
            image.previousElementSibling.firstChild.nodeValue = at(data.labels[i]);
        });
    };
    const observer = new MutationObserver((changes) => {
        const moved = changes.map((change) => change.target).findLast((input) => input.closest(`.st-key-${data.slider}`));
        if (moved) show(Number(moved.value));
    });
    // Called again with other pictures, while what it gives back is called only when the element goes.
    parentElement.following?.disconnect();
    parentElement.following = observer;
    observer.observe(document.body, { subtree: true, attributeFilter: ["value"] });
    return () => parentElement.following.disconnect();
}
"""
_follower = st.components.v2.component("autoencoder_lab_scrubber", js=FOLLOW)


def show(picture: str, key: str) -> None:
    """`picture`, rows or columns of digits as HTML, under the key by which `follow` finds it."""
    st.html(
        f"""<style>
        .st-key-{key} {{padding-bottom: 1rem}}
        /* Streamlit keeps pictures in its text small. */
        .st-key-{key} img {{width: 100% !important; max-width: 100% !important; object-fit: fill !important}}
        </style>"""
    )
    with st.container(key=key):
        st.markdown(picture, unsafe_allow_html=True)


def packed(slider: str, picture: str, frames: Frames) -> bytes:
    """What the browser needs to let `picture` follow the slider with the key `slider`, as JSON; both by their keys."""
    return json.dumps({"slider": slider, "picture": picture, **asdict(frames)}).encode()


def follow(key: str, packed_frames: bytes) -> None:
    """Let the picture `key` follow its slider. What is packed must be of the same picture.

    The same bytes are the same message, which a browser that has it is not sent again. Anything but bytes Streamlit would put
    into JSON twice for every answer.
    """
    st.html(
        f"<style>.st-key-{key}_follower {{position: absolute; width: 1px !important; overflow: hidden}}</style>"
    )
    _follower(key=f"{key}_follower", data=packed_frames)
