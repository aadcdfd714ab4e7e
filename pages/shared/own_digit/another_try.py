"""A picture on which no digit was found: looked at again with other ideas of what is ink."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace

import streamlit as st
from PIL import Image

from ae_core.errors import ImageError
from ae_core.pictures.decoding import decode_picture, take_turn
from ae_core.pictures.page import prepare_page
from ae_core.pictures.preparation import THRESHOLD, THRESHOLDS, Wishes
from ae_core.study.classifier import find_judge
from ae_core.words.sentences import say
from pages.shared import lab, session
from pages.shared.own_digit import tray

SHOWN_SIDE = 320
TITLE = say("Look for digits on {name} in another way")
NOTHING_FOUND = say("Your picture on which no digit was found")


@dataclass(frozen=True, eq=False)
class WithoutDigit:
    """A picture on which nothing was found.

    name: of its file, empty where it has none. file_id: Streamlit's. content: the picture as
    `tray.encode_picture` has it. problem: what came of the last look again, empty before.
    """

    name: str
    file_id: str
    content: bytes
    problem: str = ""


def keep_picture(picture: WithoutDigit) -> None:
    """Have this picture be the one that can be looked at again, in place of any other."""
    st.session_state[session.OWN_WITHOUT_DIGIT] = picture


def forget_picture() -> None:
    """Have no picture to look at again."""
    st.session_state.pop(session.OWN_WITHOUT_DIGIT, None)


def offer_another_try() -> None:
    """Show the picture on which no digit was found, where there is one, and dials to look at it again."""
    picture: WithoutDigit | None = st.session_state.get(session.OWN_WITHOUT_DIGIT)
    if picture is None:
        return
    with st.expander(
        TITLE.format(name=picture.name or say("your picture")),
        icon=":material/tune:",
        key="own_retry",
        expanded=True,
    ):
        shown, dials = st.columns([2, 3], gap="medium")
        shown.html(f'<img src="{_address(picture.content)}" alt="{NOTHING_FOUND}">')
        with dials:
            if picture.problem:
                st.error(picture.problem, icon=":material/error:")
            low, high = THRESHOLDS
            st.slider(
                say("What counts as ink"),
                low,
                high,
                THRESHOLD,
                0.05,
                key=_dial_key("threshold", picture),
                on_change=_look_again,
                args=(picture,),
                help=say(
                    "The least ink, as a share of the strongest. Lower finds faint strokes, "
                    "higher drops shadows."
                ),
            )
            st.toggle(
                say("Swap ink and paper"),
                key=_dial_key("flip", picture),
                on_change=_look_again,
                args=(picture,),
                help=say("For when dark ink was taken for paper, or the other way round."),
            )


def _look_again(picture: WithoutDigit) -> None:
    """Put on the tray what is found as the dials are now; where that is nothing, say why.

    Once: a browser that has not yet heard of it sends its dials again.
    """
    if _kept_id() != picture.file_id:
        return
    threshold = _dial_value(_dial_key("threshold", picture), THRESHOLD)
    wishes = Wishes(bool(_dial_value(_dial_key("flip", picture), 0)), threshold)
    try:
        with take_turn(lab.asker()):
            page = prepare_page(decode_picture(picture.content, lab.asker()), wishes, find_judge())
    except ImageError as problem:
        keep_picture(replace(picture, problem=str(problem)))
        return
    if unfit := tray.put_page(page, wishes):
        keep_picture(replace(picture, problem=tray.FULL.format(count=unfit)))
    else:
        forget_picture()
    st.session_state.pop(session.OWN_TOLD, None)


def _kept_id() -> str | None:
    picture: WithoutDigit | None = st.session_state.get(session.OWN_WITHOUT_DIGIT)
    return picture.file_id if picture else None


def _dial_value(key: str, otherwise: float) -> float:
    value: float = st.session_state.get(key, otherwise)
    return value


def _dial_key(name: str, picture: WithoutDigit) -> str:
    return f"own_retry_{name}_{picture.file_id}"


def _address(content: bytes) -> str:
    shown = Image.open(io.BytesIO(content))  # a file that the lab itself has written
    shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.BOX)
    file = io.BytesIO()
    shown.save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
