"""The tray of a visitor's own digits: kept for them alone, in the session and in their browser's memory.

A page may be stopped at any access to the session, when the visitor does something else meanwhile. So each
change is one assignment of a whole new tray; what else is to be done can be done again.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
import torch
from PIL import Image
from torch import Tensor

from ae_core.errors import ImageError
from ae_core.figures.png import grey_pixels
from ae_core.pictures import decoding
from ae_core.pictures.page import PageDigit, PreparedPage, prepare_box
from ae_core.pictures.pieces import Box
from ae_core.pictures.preparation import Step, Wishes
from ae_core.words.sentences import say
from pages.shared import lab, session
from pages.shared.browser import browser_memory
from pages.shared.own_digit import recent, tray_text
from pages.shared.own_digit.tray_text import Share4, Tray, TrayDigit

MOST_DIGITS = 60
FULL = say(
    "Your tray is full: it holds {most_digits} digits, and {{count}} more found no room. "
    "Remove some, then try again.",
    most_digits=MOST_DIGITS,
)
# The number of what is on the drawing board, until the next drawing is begun.
ON_BOARD = 0
# Characters of all pictures together that the browser keeps; the oldest give way.
MOST_OF_PICTURES = 3_400_000
# A picture is kept with its longer side of so many pixels at most: a small one as a PNG file up to so many
# bytes, else as a JPEG file of this quality.
KEPT_SIDE, SMALL_SIDE, SMALL_FILE, QUALITY = 1_400, 600, 60_000, 82
# Paper around a digit that its box has, as a share of its longer side.
AROUND = 0.1
STEP_SIDE = 224


def read_tray() -> Tray:
    """This session's tray; where it has none, the one that the browser kept."""
    if session.OWN_TRAY not in st.session_state:
        kept = tray_text.decode_tray(browser_memory.kept_text("tray"))
        if kept is None:
            return Tray()
        st.session_state[session.OWN_TRAY], st.session_state[session.OWN_DIGITS_SHOWN] = kept
    tray: Tray = st.session_state[session.OWN_TRAY]
    return tray


def chosen_digit() -> TrayDigit | None:
    """The digit that is chosen, or None from an empty tray."""
    tray = read_tray()
    return next((digit for digit in tray.digits if digit.number == tray.chosen), None)


def find_digit(number: int) -> TrayDigit | None:
    """The tray's digit of this number, or None."""
    return next((digit for digit in read_tray().digits if digit.number == number), None)


def digits_of_picture(picture: int | None) -> list[TrayDigit]:
    """The tray's digits that were cut out of the picture of this number."""
    return [digit for digit in read_tray().digits if digit.picture == picture]


def room_left() -> int:
    """How many digits more the tray takes."""
    return MOST_DIGITS - len(read_tray().digits)


def put_page(page: PreparedPage, wishes: Wishes | None = None) -> int:
    """Put a page's digits at the end of the tray, the first of them chosen. How many found no room."""
    fit = page.digits[: room_left()]
    if fit:
        tray = read_tray()
        picture = tray.newest + 1
        keep_picture(picture, page.pixels_hwc)
        new = _page_digits(page, picture, picture, wishes or Wishes())[: len(fit)]
        _store(replace(tray, digits=(*tray.digits, *new), chosen=new[0].number, newest=new[-1].number))
    return len(page.digits) - len(fit)


def put_drawing(digit_hw: Tensor, steps: Sequence[Step], pixels_hwc: np.ndarray, wishes: Wishes) -> None:
    """Have the digit of the drawing board on the tray, in place of what was drawn there before."""
    keep_picture(ON_BOARD, pixels_hwc)
    digit = TrayDigit(
        ON_BOARD, whole_greys(digit_hw), ON_BOARD, wishes=wishes, is_drawn=True, steps=small_steps(steps)
    )
    tray = read_tray()
    before = find_digit(ON_BOARD)
    if before is None and room_left():
        _store(replace(tray, digits=(*tray.digits, digit), chosen=ON_BOARD))
    elif before is not None:
        digits = tuple(digit if each is before else each for each in tray.digits)
        is_new = not before.digit_hw.equal(digit.digit_hw)
        _store(replace(tray, digits=digits, chosen=ON_BOARD if is_new else tray.chosen))


def detach_drawing(board: int) -> None:
    """Give what is on the drawing board of this number a place of its own: the board is free for the next."""
    drawn, tray = find_digit(ON_BOARD), read_tray()
    if drawn is None or board < tray.board:
        return
    number = tray.newest + 1
    browser_memory.keep_in_browser(f"picture_{number}", picture_text(ON_BOARD))
    own = replace(drawn, number=number, picture=number)
    digits = tuple(own if each.number == ON_BOARD else each for each in tray.digits)
    chosen = number if tray.chosen == ON_BOARD else tray.chosen
    _store(Tray(digits, chosen, number, board + 1))


def change_digit(digit: TrayDigit) -> None:
    """Put a digit in the place of the one of its number."""
    tray = read_tray()
    digits = tuple(digit if each.number == digit.number else each for each in tray.digits)
    _store(replace(tray, digits=digits))


def change_picture(digit: TrayDigit, page: PreparedPage, wishes: Wishes) -> None:
    """Put what was found anew on a picture, turned as `wishes` say, in the place of all its digits.

    digit: the one that is chosen; what lies nearest to its place is chosen then.
    """
    tray, picture = read_tray(), digit.picture
    if picture is None:
        return
    mine = [each.number for each in tray.digits if each.picture == picture]
    new = _page_digits(page, picture, tray.newest, wishes)
    new = new[: room_left() + len(mine)]
    place = next(i for i, each in enumerate(tray.digits) if each.picture == picture)
    others = [each for each in tray.digits if each.picture != picture]
    middle_2 = _middle(digit.box_4)
    nearest = min(new, key=lambda each: float(np.hypot(*(_middle(each.box_4) - middle_2))))
    # The chosen one keeps its number, and so its dials.
    digits = [replace(each, number=digit.number) if each is nearest else each for each in new]
    newest = max(tray.newest, *(each.number for each in digits))
    arranged = (*others[:place], *digits, *others[place:])
    _store(replace(tray, digits=arranged, chosen=digit.number, newest=newest))


def remove_digits(numbers: Sequence[int]) -> None:
    """Take digits off the tray; the one after a chosen one that goes is chosen then."""
    told = [each.number for each in read_tray().digits if each.number not in numbers]
    arrange_digits(told, read_tray().chosen, numbers)


def arrange_digits(order: Sequence[int], chosen: int | None, known: Sequence[int]) -> None:
    """Have the tray's digits in this order, and one of them chosen.

    order: numbers; those left out go if they are among the `known`: whoever ordered them has seen these, and
    not what came meanwhile, as a drawing does.
    """
    tray = read_tray()
    there = {each.number: each for each in tray.digits}
    kept = [there[number] for number in dict.fromkeys(order) if number in there]
    kept += [each for each in tray.digits if each.number not in (*order, *known)]
    numbers = [each.number for each in kept]
    if chosen not in numbers:
        chosen = numbers[_place_after(tray, numbers)] if numbers else None
    _store(replace(tray, digits=tuple(kept), chosen=chosen))


def is_shown() -> bool:
    """Whether the lessons are to show the tray's digits; so they are at first."""
    return bool(st.session_state.get(session.OWN_DIGITS_SHOWN, True))


def show_in_lessons(*, are_shown: bool) -> None:
    """Have the lessons show the tray's digits, or not."""
    st.session_state[session.OWN_DIGITS_SHOWN] = are_shown


def forget_all() -> None:
    """Forget every digit and every picture, in the session and in the browser."""
    for name in [*_picture_names(), "tray"]:
        browser_memory.forget_in_browser(name)
    for key in (session.OWN_TRAY, session.OWN_DIGITS_SHOWN, session.OWN_PICTURE):
        st.session_state.pop(key, None)


def hand_to_browser() -> None:
    """Draw what hands the browser the tray, its pictures and the drawing board to keep."""
    tell_browser()
    for name in ["board", "tray", *_picture_names()]:
        browser_memory.hand_to_browser(name)


def tell_browser() -> None:
    """Note the tray as it is now for the browser to keep, and what it is to forget."""
    tray = read_tray()
    text = tray_text.encode_tray(tray, is_shown=is_shown()) if tray.digits else ""
    if text != browser_memory.kept_text("tray"):
        browser_memory.keep_in_browser("tray", text)
    _let_pictures_go({each.picture for each in tray.digits})


# The pictures that digits were cut out of


def keep_picture(number: int, pixels_hwc: np.ndarray) -> None:
    """Keep a picture (h, w, 3) of 0 to 255, as long as the tray has digits of it and the browser room."""
    text = base64.b64encode(encode_picture(pixels_hwc)).decode()
    browser_memory.keep_in_browser(f"picture_{number}", text)
    st.session_state[session.OWN_PICTURE] = (number, recent.keep_pixels(pixels_hwc))


def encode_picture(pixels_hwc: np.ndarray) -> bytes:
    """A file, PNG or JPEG, of a picture (h, w, 3) of 0 to 255, its longer side KEPT_SIDE at most."""
    picture = Image.fromarray(np.ascontiguousarray(pixels_hwc))
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.BOX)
    file = io.BytesIO()
    if max(picture.size) <= SMALL_SIDE:
        picture.save(file, "PNG", compress_level=1)
    if not 0 < file.tell() <= SMALL_FILE:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def picture_text(number: int | None) -> str:
    """The file of a picture, PNG or JPEG, in base64; empty where it is kept no longer."""
    return "" if number is None else browser_memory.kept_text(f"picture_{number}")


def read_picture(number: int | None) -> np.ndarray | None:
    """A picture (h, w, 3) of 0 to 255; None where it is kept no longer, or is none."""
    kept: tuple[int, recent.Picture] | None = st.session_state.get(session.OWN_PICTURE)
    if kept is not None and kept[0] == number and (pixels_hwc := recent.find_pixels(kept[1])) is not None:
        return pixels_hwc
    if not (text := picture_text(number)) or number is None:
        return None
    try:
        pixels_hwc = decoding.decode_picture(base64.b64decode(text, validate=True), lab.asker())
    except (ValueError, ImageError):
        browser_memory.forget_in_browser(f"picture_{number}")
        return None
    st.session_state[session.OWN_PICTURE] = (number, recent.keep_pixels(pixels_hwc))
    return pixels_hwc


def cut_out(pixels_hwc: np.ndarray, box_4: Share4, wishes: Wishes) -> PageDigit:
    """The digit in a box of a picture (h, w, 3) of 0 to 255. Raises ImageError where there is none in it."""
    turned_hwc = np.rot90(pixels_hwc, wishes.quarter_turns)
    box = pixel_box(turn_box(box_4, wishes.quarter_turns), turned_hwc.shape)
    return prepare_box(pixels_hwc, box, wishes)


def prepared_anew(digit: TrayDigit, found: PageDigit, wishes: Wishes) -> TrayDigit:
    """A digit of the tray as what was found in its place, as wishes say; without a doubt."""
    grey_hw, steps = whole_greys(found.digit_hw), small_steps(found.steps)
    return replace(digit, digit_hw=grey_hw, wishes=wishes, doubt="", steps=steps)


def turn_box(box_4: Share4, quarter_turns: int) -> Share4:
    """A box, in shares, where it lies once the picture is turned counter-clockwise."""
    for _ in range(quarter_turns % 4):
        top, left, bottom, right = box_4
        box_4 = (1 - right, top, 1 - left, bottom)
    return box_4


def pixel_box(box_4: Share4, shape: tuple[int, ...]) -> Box:
    """A box in shares as one in pixels of a picture of this shape (h, w, …)."""
    return Box(*(round(share * shape[i % 2]) for i, share in enumerate(box_4)))


# As they are kept


def whole_greys(digit_hw: Tensor) -> Tensor:
    """A digit (28, 28) in [0, 1] as MNIST's files have them: each value a whole number of 255ths."""
    return torch.from_numpy(grey_pixels(digit_hw).astype(np.float32) / 255)


def _page_digits(page: PreparedPage, picture: int, newest: int, wishes: Wishes) -> list[TrayDigit]:
    """The digits of a page that was found as `wishes` say, for the tray, with numbers after `newest`."""
    found = []
    for i, digit in enumerate(page.digits):
        box_4 = turn_box(_with_paper(digit.box, page.pixels_hwc.shape), -wishes.quarter_turns)
        steps = small_steps(digit.steps)
        grey_hw = whole_greys(digit.digit_hw)
        found.append(TrayDigit(newest + 1 + i, grey_hw, picture, box_4, wishes, digit.doubt, steps=steps))
    return found


def _with_paper(box: Box, shape: tuple[int, ...]) -> Share4:
    """A digit's box with the paper around it, as shares of the picture's height and width."""
    height, width = shape[:2]
    around = AROUND * max(box.bottom - box.top, box.right - box.left)
    return (
        max(0.0, (box.top - around) / height),
        max(0.0, (box.left - around) / width),
        min(1.0, (box.bottom + around) / height),
        min(1.0, (box.right + around) / width),
    )


def small_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Steps with pictures no larger than they are shown, as bytes' worth of numbers."""
    return tuple(replace(step, picture_hw=_small_picture(step.picture_hw)) for step in steps)


def _small_picture(picture_hw: np.ndarray) -> np.ndarray:
    if max(picture_hw.shape) > STEP_SIDE:
        small = Image.fromarray((picture_hw * 255).clip(0, 255).astype(np.uint8))
        small.thumbnail((STEP_SIDE, STEP_SIDE))
        picture_hw = np.asarray(small) / 255
    return picture_hw.astype(np.float16)


def _middle(box_4: Share4) -> np.ndarray:
    top, left, bottom, right = box_4
    return np.array([top + bottom, left + right]) / 2


def _place_after(tray: Tray, numbers: Sequence[int]) -> int:
    """Place among `numbers`, which are left, of the first after the chosen one; of the last where none is."""
    before = [each.number for each in tray.digits]
    place = before.index(tray.chosen) if tray.chosen in before else 0
    return next((numbers.index(each) for each in before[place:] if each in numbers), len(numbers) - 1)


def _store(tray: Tray) -> None:
    st.session_state[session.OWN_TRAY] = tray


def _let_pictures_go(wanted: set[int | None]) -> None:
    """Forget the pictures that no digit was cut out of, and the oldest where there are too many."""
    room = MOST_OF_PICTURES
    for name in sorted(_picture_names(), key=lambda each: -int(each.removeprefix("picture_"))):
        room -= len(browser_memory.kept_text(name))
        if room < 0 or int(name.removeprefix("picture_")) not in wanted:
            browser_memory.forget_in_browser(name)


def _picture_names() -> list[str]:
    """Names of the pictures that are kept, as the browser's memory has them."""
    return [name for name in browser_memory.kept_names("picture") if name.removeprefix("picture_").isdigit()]
