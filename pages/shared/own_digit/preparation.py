"""How a visitor's picture becomes a digit: every step as a picture, and what the visitor may change."""

from __future__ import annotations

import numpy as np
import streamlit as st

from ae_core.errors import ImageError
from ae_core.figures.preparation import framed, steps_html
from ae_core.pictures import preparation as digits
from ae_core.pictures.preparation import PreparedDigit, Wishes
from pages.shared import linked, session
from pages.shared.own_digit import my_digit

REFUSED_WIDTH = 236
FLIP, THRESHOLD, PREPARE = "own_flip", "own_threshold", "own_prepare"


def show_preparation(pixels_hwc: np.ndarray) -> PreparedDigit | None:
    """Show the steps from a picture (h, w, 3) to a digit, with the dials below. What came of it, or None.

    None, and a box that says why, where there is no digit on it.
    """
    steps = st.container()
    wishes = _choose_wishes()
    try:
        prepared = digits.prepare(pixels_hwc, wishes)
    except ImageError as problem:
        with steps:
            st.image(pixels_hwc, width=REFUSED_WIDTH, caption="Your picture")
            st.error(str(problem), icon=":material/error:")
            st.caption("Or turn the ink around, or move its threshold, below.")
        return None
    with steps:
        st.html(steps_html(prepared))
        _choose_digit(prepared)
    my_digit.keep_digit(prepared.digit_hw)
    return prepared


def reset_preparation() -> None:
    """Put every dial of the preparation back, for the next picture."""
    for key in (session.OWN_TURNS, session.OWN_WHICH):
        st.session_state.pop(key, None)
    for name in (FLIP, THRESHOLD, PREPARE):
        linked.renew_widget_key(name)  # what is only taken out of the session, the browser would send again


def _choose_wishes() -> Wishes:
    with st.expander("Change the preparation", icon=":material/tune:", key="own_dials"):
        low, high = digits.THRESHOLDS
        first, second = st.columns(2, gap="medium")
        threshold = first.slider(
            "What counts as ink",
            low,
            high,
            digits.THRESHOLD,
            0.05,
            key=linked.widget_key(THRESHOLD),
            persist_state="session",
            help="The least ink, as a share of the strongest. Lower keeps faint strokes, higher drops "
            "shadows.",
        )
        with second.container(horizontal=True, vertical_alignment="bottom"):
            st.button("Turn", key="own_turn", icon=":material/rotate_left:", on_click=_turn_picture)
            flip = st.toggle(
                "Swap ink and paper",
                key=linked.widget_key(FLIP),
                persist_state="session",
                help="For when dark ink was taken for paper, or the other way round.",
            )
        prepare = second.toggle(
            "Prepare it",
            True,
            key=linked.widget_key(PREPARE),
            persist_state="session",
            help="Off: the picture as it is, only made small. No network has learnt from such pictures.",
        )
    which = st.session_state.get(session.OWN_WHICH)
    return Wishes(
        flip,
        threshold,
        st.session_state.get(session.OWN_TURNS, 0),
        None if which is None else which - 1,
        prepare,
    )


def _choose_digit(prepared: PreparedDigit) -> None:
    """Show a choice of several digits; a chosen one that is gone gives way to the one shown."""
    count = len(prepared.boxes)
    if count < 2:
        st.session_state.pop(session.OWN_WHICH, None)
        return
    st.session_state[session.OWN_WHICH] = prepared.chosen + 1
    st.image(framed(prepared))
    st.segmented_control(
        f"{count} digits were found. Which one?",
        range(1, count + 1),
        required=True,
        key=session.OWN_WHICH,
        persist_state="session",
    )


def _turn_picture() -> None:
    st.session_state[session.OWN_TURNS] = (st.session_state.get(session.OWN_TURNS, 0) + 1) % 4
    st.session_state.pop(session.OWN_WHICH, None)
