"""A visitor's picture, kept by their browser until its tab is closed: a page loaded anew, or a server started anew, gets it from there."""

from __future__ import annotations

import base64
import io

import numpy as np
import streamlit as st
from PIL import Image

# Under this the session remembers what the browser is to keep: a JPEG file in base64, or nothing once a picture was forgotten.
KEPT = "own_picture_kept"
QUALITY = 95
# A picture of 1,024 × 1,024 pixels of noise has less. A browser keeps 5 MB for each lab.
MOST_CHARACTERS = 2_700_000

# A session that has been told nothing yet gets what there is.
REMEMBER = """
export default function ({ data: file, setTriggerValue }) {
    const NAME = "lab-picture";
    try {
        if (file && file.length) sessionStorage.setItem(NAME, new TextDecoder().decode(file));
        else if (file) sessionStorage.removeItem(NAME);
        else if (sessionStorage.getItem(NAME)) setTriggerValue("picture", sessionStorage.getItem(NAME));
    } catch (problem) {
        console.info("This browser keeps no pictures.", problem);
    }
}
"""
_memory = st.components.v2.component("autoencoder_lab_browser_memory", js=REMEMBER)


def keep(pixels_hwc: np.ndarray) -> None:
    """Have the browser keep this picture (h, w, 3) of 0 to 255 in place of the one before."""
    file = io.BytesIO()
    Image.fromarray(pixels_hwc).save(file, "JPEG", quality=QUALITY)
    st.session_state[KEPT] = base64.b64encode(file.getvalue())


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
    if told or not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
