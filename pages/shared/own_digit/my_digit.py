"""A visitor's own picture and the digit made of it, kept for them alone until they close the tab."""

from __future__ import annotations

import base64
import json

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.figures.png import grey_pixels, png_bytes
from pages.shared import session
from pages.shared.browser import browser_memory

SIDE = 28


def own_picture() -> np.ndarray | None:
    """The picture (h, w, 3) of 0 to 255 that came last, or None."""
    kept: np.ndarray | None = st.session_state.get(session.OWN_PICTURE)
    return kept


def keep_picture(pixels_hwc: np.ndarray) -> None:
    """Keep a picture (h, w, 3) of 0 to 255 in place of the last one."""
    st.session_state[session.OWN_PICTURE] = pixels_hwc


def own_digit() -> Tensor | None:
    """The digit (28, 28) in [0, 1] last made of a picture, or the one that the browser has kept, or None."""
    if session.OWN_DIGIT not in st.session_state and (
        found := _decode_digit(browser_memory.kept_text("digit"))
    ):
        st.session_state[session.OWN_DIGIT], st.session_state[session.OWN_DIGIT_SHOWN] = found
    kept: Tensor | None = st.session_state.get(session.OWN_DIGIT)
    return kept


def keep_digit(digit_hw: Tensor) -> None:
    """Keep a digit (28, 28) in [0, 1], in the session and the browser, for the lessons to show."""
    own_digit()  # with it comes whether it is shown
    st.session_state[session.OWN_DIGIT] = digit_hw
    _keep_in_browser()


def forget_own_digit() -> None:
    """Forget the picture and the digit, in the session and in the browser."""
    for key in (session.OWN_PICTURE, session.OWN_DIGIT, session.OWN_DIGIT_SHOWN):
        st.session_state.pop(key, None)
    for name in ("picture", "board", "digit"):
        browser_memory.forget_in_browser(name)


def shown_digit() -> Tensor | None:
    """The visitor's digit (28, 28) where the lessons are to show it; else None."""
    own_hw = own_digit()
    return own_hw if st.session_state.get(session.OWN_DIGIT_SHOWN, True) else None


def draw_digit_switch(key: str, label: str = "My digit") -> None:
    """Draw the switch for the visitor's digit in the lessons; nothing where there is none."""
    if own_digit() is not None:
        st.toggle(
            label,
            st.session_state.get(session.OWN_DIGIT_SHOWN, True),
            key=f"{key}_own",
            on_change=_store_switch,
            args=(f"{key}_own",),
        )
        browser_memory.hand_to_browser("digit", key)


def put_own_digit_first(digits_nhw: Tensor) -> Tensor:
    """These digits (n, 28, 28), the visitor's own in place of the first if it is to be shown."""
    own = shown_digit()
    return digits_nhw if own is None else torch.cat([own[None], digits_nhw[1:]])


def encode_png(digit_hw: Tensor) -> bytes:
    """A digit (28, 28) in [0, 1] as a PNG file of 28 × 28 greys, without a word on where it comes from."""
    return png_bytes(grey_pixels(digit_hw))


def _store_switch(key: str) -> None:
    st.session_state[session.OWN_DIGIT_SHOWN] = st.session_state.get(key, True)
    if own_digit() is not None:
        _keep_in_browser()
    if key in st.session_state:
        st.rerun()  # the whole page, not the switch's fragment alone: every part of a page may show the digit


def _keep_in_browser() -> None:
    greys = base64.b64encode(st.session_state[session.OWN_DIGIT].numpy().astype("<f4").tobytes()).decode()
    browser_memory.keep_in_browser(
        "digit",
        json.dumps({"greys": greys, "shown": bool(st.session_state.get(session.OWN_DIGIT_SHOWN, True))}),
    )


def _decode_digit(text: str) -> tuple[Tensor, bool] | None:
    """The digit, and whether it is shown; None from whatever `_keep_in_browser` has not written."""
    try:
        found = json.loads(text)
        greys = np.frombuffer(base64.b64decode(found["greys"], validate=True), "<f4").reshape(SIDE, SIDE)
        shown = found["shown"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(shown, bool) or not ((greys >= 0) & (greys <= 1)).all():
        return None
    return torch.from_numpy(greys.astype(np.float32)), shown
