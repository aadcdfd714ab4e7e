"""How a visitor's picture became a digit: every step as a picture, and what the visitor may change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from ae_core.errors import ImageError
from ae_core.figures.preparation import steps_html
from ae_core.pictures import preparation as digits
from ae_core.pictures.decoding import take_turn
from ae_core.pictures.page import prepare_drawing, prepare_page
from ae_core.pictures.preparation import Step, Wishes
from ae_core.study.classifier import find_judge
from ae_core.words.sentences import say
from pages.shared import lab, session
from pages.shared.browser import living
from pages.shared.own_digit import tray
from pages.shared.own_digit.drawing_board import Board
from pages.shared.own_digit.tray_text import Share4, TrayDigit, read_box

GONE = say("The picture of this digit is kept no longer: only as many are as a browser has room for.")
CUT_OUT_WORDS = {
    "picture": say("Your picture, with a box around each digit"),
    "box": say("The box of digit {i} of {n}. Arrows move it, with Shift they make it larger or smaller."),
    "other": say("Choose digit {i} of {n}."),
}
HOW_TO_CUT = say(
    "**Tap** a digit to choose it. **Drag** its box, or a round handle, where the "
    "cut-out is wrong; or use the arrow keys, with Shift for its size."
)


def show_preparation(digit: TrayDigit) -> None:
    """Show the steps from a picture to this digit of the tray, where it lies on it, and the dials."""
    st.html(steps_html(_find_steps(digit)))
    if not tray.picture_text(digit.picture):
        st.caption(GONE)
        return
    number, problem = st.session_state.get(session.PREPARE_PROBLEM, (None, ""))
    if number == digit.number:
        st.error(say("{problem} The digit stays as it was.", problem=problem), icon=":material/error:")
    title = say("Change the preparation") if digit.is_drawn else say("Change the cut-out or the preparation")
    with st.expander(title, icon=":material/tune:", key="own_dials"):
        if digit.is_drawn:
            _choose_wishes(digit)
            return
        picture, dials = st.columns([3, 2], gap="medium")
        with picture:
            _show_picture(digit)
        with dials:
            _choose_wishes(digit)


def change_wishes(number: int, change: Callable[[Wishes], Wishes]) -> None:
    """Have the tray's digit of this number prepared anew, as changed wishes say; or its whole picture."""
    digit = tray.find_digit(number)
    if digit is None or (pixels_hwc := tray.read_picture(digit.picture)) is None:
        return
    wishes = change(digit.wishes)
    siblings = tray.digits_of_picture(digit.picture)
    is_whole = st.session_state.get(session.OWN_WHOLE_PICTURE, False) or len(siblings) == 1
    st.session_state.pop(session.PREPARE_PROBLEM, None)
    try:
        if digit.is_drawn:
            drawn = prepare_drawing(pixels_hwc, wishes)
            tray.change_digit(tray.prepared_anew(digit, drawn, wishes))
            _take_the_boards_digit(number, wishes)
        elif is_whole and not digit.is_moved:
            with take_turn(lab.asker()):
                page = prepare_page(pixels_hwc, wishes, find_judge(), allow_turn=False)
            tray.change_picture(digit, page, wishes)
        else:
            _cut_out(digit, digit.box_4, wishes, pixels_hwc)
    except ImageError as problem:
        tray.change_digit(replace(digit, wishes=wishes))
        st.session_state[session.PREPARE_PROBLEM] = (number, str(problem))


def move_box(number: int, box_4: Share4) -> None:
    """Cut the tray's digit of this number out of another place of its picture."""
    digit = tray.find_digit(number)
    if digit is None or (pixels_hwc := tray.read_picture(digit.picture)) is None:
        return
    st.session_state.pop(session.PREPARE_PROBLEM, None)
    try:
        _cut_out(digit, box_4, digit.wishes, pixels_hwc)
    except ImageError as problem:
        st.session_state[session.PREPARE_PROBLEM] = (number, str(problem))


def _cut_out(digit: TrayDigit, box_4: Share4, wishes: Wishes, pixels_hwc: np.ndarray) -> None:
    found = tray.prepared_anew(digit, tray.cut_out(pixels_hwc, box_4, wishes), wishes)
    tray.change_digit(replace(found, box_4=box_4, is_moved=digit.is_moved or box_4 != digit.box_4))


def _take_the_boards_digit(number: int, wishes: Wishes) -> None:
    """Have a drawing whose dials are back where they began be what the drawing board itself shows."""
    board: Board | None = st.session_state.get(session.OWN_BOARD)
    digit = tray.find_digit(number)
    if digit and board and number == tray.ON_BOARD and wishes == Wishes() and board.digit_hw is not None:
        tray.change_digit(replace(digit, digit_hw=board.digit_hw))


def _find_steps(digit: TrayDigit) -> Sequence[Step]:
    """The steps to a digit, the last of which is the digit itself; that alone where no others are known."""
    steps: Sequence[Step] = digit.steps
    if not steps and (pixels_hwc := tray.read_picture(digit.picture)) is not None:
        try:
            steps = (
                prepare_drawing(pixels_hwc, digit.wishes).steps
                if digit.is_drawn
                else tray.cut_out(pixels_hwc, digit.box_4, digit.wishes).steps
            )
        except ImageError:
            steps = ()
    last = steps[-1] if steps else Step(say("Your digit"), say("As MNIST has its digits."), np.empty(0))
    return [*steps[:-1], replace(last, picture_hw=digit.digit_hw.numpy())]


# The picture and its boxes


def _show_picture(digit: TrayDigit) -> None:
    siblings = tray.digits_of_picture(digit.picture)
    text = tray.picture_text(digit.picture)
    kind = "png" if text.startswith("iVBOR") else "jpeg"
    data = {
        "picture": f"data:image/{kind};base64,{text}",
        "numbers": [each.number for each in siblings],
        "boxes": [list(each.box_4) for each in siblings],
        "chosen": digit.number,
        "heard": living.count_heard(session.CUT_OUT),
        "doubts": [each.doubt for each in siblings],
        "words": CUT_OUT_WORDS,
    }
    living.draw_living("cutout", session.CUT_OUT, data, on_told=obey_picture)
    st.caption(HOW_TO_CUT)


def obey_picture() -> None:
    """Do what the picture on the page has told: another digit is chosen, or a box was dragged."""
    told = getattr(st.session_state.get(session.CUT_OUT), "told", None)
    try:
        chosen, box_4 = int(told["chosen"]), read_box(told.get("box"))
        moved = int(told.get("moved", chosen))
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        return
    numbers = [each.number for each in tray.read_tray().digits]
    tray.arrange_digits(numbers, chosen, numbers)
    if box_4 is not None:
        move_box(moved, box_4)


# The dials


def _choose_wishes(digit: TrayDigit) -> None:
    """Show the dials as the digit's own wishes have them; what they do is done before the page is drawn."""
    number, wishes = digit.number, digit.wishes
    if len(tray.digits_of_picture(digit.picture)) > 1:
        st.toggle(
            say("All digits of this picture"),
            key=session.OWN_WHOLE_PICTURE,
            help=say(
                "What is changed below holds for the whole picture, and its digits are found "
                "anew. Off: for the chosen digit alone."
            ),
        )
    low, high = digits.THRESHOLDS
    st.slider(
        say("What counts as ink"),
        low,
        high,
        wishes.threshold,
        0.05,
        key=f"own_threshold_{number}",
        on_change=_obey_dial,
        args=(number, "threshold"),
        help=say(
            "The least ink, as a share of the strongest. Lower keeps faint strokes, higher drops shadows."
        ),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(say("Turn"), key="own_turn", icon=":material/rotate_left:", on_click=_turn, args=(number,))
        st.toggle(
            say("Swap ink and paper"),
            wishes.flip,
            key=f"own_flip_{number}",
            on_change=_obey_dial,
            args=(number, "flip"),
            help=say("For when dark ink was taken for paper, or the other way round."),
        )
    st.toggle(
        say("Prepare it"),
        wishes.prepare,
        key=f"own_prepare_{number}",
        on_change=_obey_dial,
        args=(number, "prepare"),
        help=say("Off: the picture as it is, only made small. No network has learnt from such pictures."),
    )


def _obey_dial(number: int, name: str) -> None:
    """Do what a dial says, where that is new: a browser that has not yet heard of a change sends it again."""
    value, digit = _dial_value(f"own_{name}_{number}"), tray.find_digit(number)
    if value is not None and digit is not None and value != getattr(digit.wishes, name):
        change_wishes(number, lambda wishes: replace(wishes, **{name: value}))


def _dial_value(key: str) -> float | bool | None:
    value: float | bool | None = st.session_state.get(key)
    return value


def _turn(number: int) -> None:
    change_wishes(number, lambda wishes: replace(wishes, quarter_turns=(wishes.quarter_turns + 1) % 4))
