"""A visitor's picture, kept in the memory of their browser's page too: a server that was restarted gets it back from there."""

from __future__ import annotations

import base64
import io

import numpy as np
import streamlit as st
from PIL import Image

# Under this the session remembers what the browser is to keep: a JPEG file, or nothing once a picture was forgotten.
KEPT = "own_picture_kept"
QUALITY = 95
# A picture of 1,024 × 1,024 pixels of noise has less.
MOST_BYTES = 2_000_000

# A server that has been told nothing yet gets what there is, once.
REMEMBER = """
export default function ({ data: file, setTriggerValue }) {
    if (file) {
        document.labPicture = file.length && new Blob([file]);
    } else if (document.labPicture) {
        const reader = new FileReader();
        reader.onload = () => setTriggerValue("picture", reader.result.split(",")[1]);
        reader.readAsDataURL(document.labPicture);
    }
}
"""
_memory = st.components.v2.component("autoencoder_lab_browser_memory", js=REMEMBER)


def keep(pixels_hwc: np.ndarray) -> None:
    """Have the browser keep this picture (h, w, 3) of 0 to 255 in place of the one before."""
    file = io.BytesIO()
    Image.fromarray(pixels_hwc).save(file, "JPEG", quality=QUALITY)
    st.session_state[KEPT] = file.getvalue()


def forget() -> None:
    """Have the browser forget it."""
    st.session_state[KEPT] = b""


def is_told() -> bool:
    """Whether this session has had a picture, or been told to forget one."""
    return KEPT in st.session_state


def returned() -> bytes | None:
    """The file that the browser has kept, unless `is_told`; from a stranger, as every file."""
    told = is_told()
    text = _memory(key="own_memory", data=st.session_state.get(KEPT), on_picture_change=lambda: None).picture
    if told or not isinstance(text, str) or len(text) > MOST_BYTES * 4 / 3:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
