"""A picture of a page -> every digit on it, in reading order, each as MNIST has them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from ae_core.errors import ImageError
from ae_core.pictures.finder import Found, find_pieces, measure_pieces
from ae_core.pictures.ink import ALL_INK, MOST_INK, NO_INK, Ink, find_ink, measure_cut, turn_ink
from ae_core.pictures.pieces import Box, Piece
from ae_core.pictures.preparation import Step, Wishes, finish_digit, shrink_as_it_is
from ae_core.pictures.rows import find_rows, measure_slope
from ae_core.pictures.scaling import resize, resize_picture
from ae_core.pictures.windows import grow
from ae_core.pictures.writing import Judge, drop_writing, find_turns, say_doubt
from ae_core.words.sentences import say

# Digits are looked for on a picture of a side between these; each is prepared from its own cut-out, of which
# CUT_SIDE pixels are enough, with MARGIN of its side around it.
LEAST_SIDE, FIND_SIDE, CUT_SIDE, MARGIN = 256, 1200, 100, 0.25
# Where every digit is LARGE, in pixels, at COARSE_SIDE, and none so many times as wide as it is tall, as
# several are that printed lines join, they are looked for on so small a picture.
COARSE_SIDE, LARGE, JOINED = 600, 60, 2.0
# A step is shown no larger than this.
SHOWN_SIDE = 256
# One digit is looked for within a part of a picture at no more than this side.
BOX_SIDE = 384
# From this many times as many pixels on a cut-out is worth measuring anew, with paper looked for within
# CUT_WINDOW of the digit's side.
FINER, CUT_WINDOW = 1.15, 0.7
MOST_DIGITS, MOST_PIECES = 60, 150
# In pixels; and how much of the picture around a box is looked at, as a share of its side.
LEAST_BOX, BOX_MARGIN = 4, 0.3
# Digits in a row that falls or rises by so many degrees are turned upright.
LEAST_TILT = 1.0
# The soft edge of a stroke, as a share of a digit's side.
SOFT = 0.05

EMPTY_BOX = say(
    "There is no ink in this box that could be a digit. Drag it over a digit, with some paper around."
)
OUTSIDE = say("This box lies outside the picture. Drag it over a digit.")
TURNED = say("The page was turned, so that its digits stand upright.")
MANY = say("There are {count} digits on this picture. The first {most} of them are taken.")


@dataclass(frozen=True)
class PageDigit:
    """One digit of a page.

    box: where it is, in pixels of the page's `pixels_hwc`. digit_hw: (28, 28) float32 in [0, 1]. doubt:
    empty, or one plain sentence why it may be no digit. steps: the way to it.
    """

    box: Box
    digit_hw: Tensor
    doubt: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class PreparedPage:
    """A page's digits.

    pixels_hwc: the picture as it was turned, (h, w, 3) of 0 to 255. digits: in reading order, at least one.
    quarter_turns: counter-clockwise, from the picture that came. note: empty, or one plain sentence that
    holds for the whole page (turned by itself, more digits than are taken).
    """

    pixels_hwc: np.ndarray
    digits: tuple[PageDigit, ...]
    quarter_turns: int = 0
    note: str = ""


def prepare_page(
    pixels_hwc: np.ndarray,
    wishes: Wishes | None = None,
    judge: Judge | None = None,
    *,
    allow_turn: bool = True,
) -> PreparedPage:
    """All digits on a picture (h, w, 3) of 0 to 255, in reading order, MOST_DIGITS at most.

    judge: a classifier, which helps to tell which way up the page is and what is no digit; without one the
    page stays as it lies. allow_turn: whether the page may be turned where the wishes do not. Raises
    ImageError, with one sentence for the cause and one for the next step, where there is no digit.
    """
    wishes = wishes or Wishes()
    turned_hwc = np.rot90(pixels_hwc, wishes.quarter_turns)
    height, width, _ = turned_hwc.shape
    if not wishes.prepare:
        whole = _take_as_it_is(turned_hwc, Box(0, 0, height, width), wishes)
        return PreparedPage(turned_hwc, (whole,), wishes.quarter_turns % 4)
    ink, found = _find_at_scale(turned_hwc, wishes)
    rows, prepared = _prepare_pieces(turned_hwc, ink, found)
    sure = {}
    if judge is not None:
        images_nhw = _stack_digits(prepared)

        def look_sideways() -> Tensor:
            sideways = turn_ink(ink)
            found = find_pieces(sideways, wishes.threshold)
            return _stack_digits(_prepare_pieces(np.rot90(turned_hwc), sideways, found)[1])

        turns = find_turns(images_nhw, look_sideways, judge) if allow_turn and not wishes.quarter_turns else 0
        if turns:
            page = prepare_page(np.rot90(turned_hwc, turns), wishes, judge, allow_turn=False)
            return replace(page, quarter_turns=turns, note=" ".join(filter(None, (TURNED, page.note))))
        sure = dict(zip(prepared, judge(images_nhw).max(1).values.tolist(), strict=True))
    rows = drop_writing(rows, found, sure)
    order = [i for row in rows for i in row]
    digits = tuple(
        replace(prepared[i], doubt=say_doubt(found.pieces[i], found, sure.get(i)))
        for i in order[:MOST_DIGITS]
        if i in prepared
    )
    note = MANY.format(count=len(order), most=MOST_DIGITS) if len(order) > MOST_DIGITS else ""
    return PreparedPage(turned_hwc, digits, wishes.quarter_turns % 4, note)


def prepare_drawing(pixels_hwc: np.ndarray, wishes: Wishes | None = None) -> PageDigit:
    """A digit drawn dark on clean white paper (h, w, 3) of 0 to 255: all ink on it is the digit's.

    Raises ImageError where there is no ink, or more ink than paper.
    """
    wishes = wishes or Wishes()
    turned_hwc = np.rot90(pixels_hwc, wishes.quarter_turns)
    box = Box(0, 0, *turned_hwc.shape[:2])
    if not wishes.prepare:
        return _take_as_it_is(turned_hwc, box, wishes)
    grey_hw = (turned_hwc.mean(2) / 255).astype(np.float32)
    # strokes of a pen on paper have soft edges
    ink_hw = ndimage.gaussian_filter(grey_hw if wishes.flip else 1 - grey_hw, 1)
    dark_hw = ink_hw >= wishes.threshold
    if not dark_hw.any():
        raise ImageError(NO_INK)
    if dark_hw.mean() > MOST_INK:
        raise ImageError(ALL_INK)
    alone_hw = np.where(grow(dark_hw, max(1, round(SOFT * box.side / 2))), ink_hw, 0)
    steps = [
        Step(say("Your picture"), say("In grey: the networks know no colour."), grey_hw),
        Step(say("Ink bright, paper black"), say("As MNIST has its digits."), alone_hw),
    ]
    return PageDigit(box, torch.from_numpy(finish_digit(alone_hw, steps)), steps=tuple(steps))


def _take_as_it_is(pixels_hwc: np.ndarray, box: Box, wishes: Wishes) -> PageDigit:
    """A part of a picture, only made small."""
    part_hwc = pixels_hwc[box.top : box.bottom, box.left : box.right]
    digit_hw, steps = shrink_as_it_is(part_hwc, flip=wishes.flip)
    return PageDigit(box, torch.from_numpy(digit_hw), steps=tuple(steps))


def _find_at_scale(pixels_hwc: np.ndarray, wishes: Wishes) -> tuple[Ink, Found]:
    """A page's ink and what of it may be digits, at a side of COARSE_SIDE where all are large on that."""
    if max(pixels_hwc.shape) > FINER * COARSE_SIDE:
        with contextlib.suppress(ImageError):  # what is small may be seen at FIND_SIDE
            ink = find_ink(resize_picture(pixels_hwc, LEAST_SIDE, COARSE_SIDE), flip=wishes.flip)
            if measure_pieces(ink, wishes.threshold) >= LARGE:
                found = find_pieces(ink, wishes.threshold)
                if all(each.side >= LARGE and each.width < JOINED * each.height for each in found.pieces):
                    return ink, found
    ink = find_ink(resize_picture(pixels_hwc, LEAST_SIDE, FIND_SIDE), flip=wishes.flip)
    return ink, find_pieces(ink, wishes.threshold)


def _prepare_pieces(
    pixels_hwc: np.ndarray, ink: Ink, found: Found
) -> tuple[list[list[int]], dict[int, PageDigit]]:
    """Places of the pieces row by row; and by its place each one prepared, the first MOST_PIECES."""
    centres_n2 = np.array([piece.middle for piece in found.pieces])
    rows = find_rows(centres_n2, found.digit)
    tilt = math.degrees(math.atan(measure_slope(centres_n2, rows)))
    order = [i for row in rows for i in row][:MOST_PIECES]
    return rows, {i: _prepare_piece(pixels_hwc, ink, found, found.pieces[i], tilt) for i in order}


def _stack_digits(prepared: Mapping[int, PageDigit]) -> Tensor:
    return torch.stack([each.digit_hw for each in prepared.values()])


def _prepare_piece(
    pixels_hwc: np.ndarray, ink: Ink, found: Found, piece: Piece, tilt: float = 0
) -> PageDigit:
    """A piece of the page, prepared from its own cut-out of the picture.

    tilt: how much its row falls to the right, in degrees.
    """
    shape = found.strength_hw.shape
    scale = pixels_hwc.shape[0] / shape[0]
    margin = max(2, round(MARGIN * piece.side))
    box = piece.box
    place = (
        slice(max(0, box.top - margin), min(shape[0], box.bottom + margin)),
        slice(max(0, box.left - margin), min(shape[1], box.right + margin)),
    )
    cut = _enlarge_place(place, scale, pixels_hwc.shape)
    own_hw = np.isin(found.labels_hw[place], piece.labels)
    near_hw = _surroundings(own_hw, found, place, max(1, round(SOFT * piece.side)))
    ink_hw = found.strength_hw[place].clip(0, None)
    if scale > FINER and piece.side < CUT_SIDE:
        finer_hw = measure_cut(pixels_hwc[cut], ink, round(CUT_WINDOW * piece.side * scale) | 1).clip(0, None)
        near_hw, own_hw, lines_hw = (
            resize(np.asarray(mask_hw), finer_hw.shape)
            for mask_hw in (near_hw, own_hw, found.lines[(slice(None), *place)].any(0))
        )
        near_hw, own_hw = near_hw > 0.5, own_hw > 0.5
        # where lines were removed, what was left of them counts
        coarse_hw = resize(ink_hw, finer_hw.shape)
        ink_hw = np.where(lines_hw > 0.1, np.minimum(coarse_hw, finer_hw), finer_hw)
    full = float(np.percentile(ink_hw[own_hw], 75)) if own_hw.any() else 1.0
    alone_hw = np.where(near_hw, (ink_hw / max(full, 1e-3)).clip(0, 1), 0).astype(np.float32)
    shown_hwc = resize_picture(pixels_hwc[cut], 1, SHOWN_SIDE)
    steps = [
        Step(say("Your picture"), say("The part of it with this digit, in grey."), shown_hwc.mean(2) / 255),
        Step(say("Ink bright, paper black"), say("Compared with the paper around it."), ink_hw.clip(0, 1)),
        Step(
            say("Only the digit"),
            say("Lines, specks and other digits go; broken strokes stay together."),
            alone_hw,
        ),
    ]
    if abs(tilt) >= LEAST_TILT:
        askew = Image.fromarray(alone_hw)
        alone_hw = np.asarray(askew.rotate(tilt, Image.Resampling.BILINEAR, expand=True)).clip(0, 1)
        steps.append(Step(say("Upright"), say("Its row was askew by {tilt:.0f}°.", tilt=abs(tilt)), alone_hw))
    digit_hw = finish_digit(alone_hw, steps)
    rows, columns = _enlarge_place(
        (slice(box.top, box.bottom), slice(box.left, box.right)), scale, pixels_hwc.shape
    )
    whole = Box(rows.start, columns.start, rows.stop, columns.stop)
    return PageDigit(whole, torch.from_numpy(digit_hw), steps=tuple(steps))


def _enlarge_place(place: tuple[slice, slice], scale: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The same part of a picture `scale` times as large, (h, w, …) in `shape`: at least a pixel."""
    ends = []
    for part, side in zip(place, shape, strict=False):
        start = min(max(0, round(part.start * scale)), side - 1)
        ends.append(slice(start, max(start + 1, min(side, round(part.stop * scale)))))
    return ends[0], ends[1]


def _surroundings(own_hw: np.ndarray, found: Found, place: tuple[slice, slice], reach: int) -> np.ndarray:
    """A piece's ink (a mask of a part of the page) with the soft edges of its strokes."""
    near_hw = ndimage.binary_dilation(own_hw, iterations=reach)
    near_hw &= ~found.lines[(slice(None), *place)].any(0) | own_hw
    others_hw = (found.labels_hw[place] > 0) & ~own_hw
    if others_hw.any():
        near_hw &= ~ndimage.binary_dilation(others_hw, iterations=reach) | own_hw
    return np.asarray(near_hw)


def prepare_box(pixels_hwc: np.ndarray, box: Box, wishes: Wishes | None = None) -> PageDigit:
    """The digit in a box of the picture, with the steps to it: (h, w, 3) of 0 to 255.

    box: in pixels of the picture as `wishes` turn it; all ink in it is taken for one digit. Raises ImageError
    where there is none in it.
    """
    wishes = wishes or Wishes()
    turned_hwc = np.rot90(pixels_hwc, wishes.quarter_turns)
    height, width, _ = turned_hwc.shape
    top, left, bottom, right = (
        max(box.top, 0), max(box.left, 0), min(box.bottom, height), min(box.right, width)
    )  # fmt: skip
    if bottom - top < LEAST_BOX or right - left < LEAST_BOX:
        raise ImageError(OUTSIDE)
    if not wishes.prepare:
        return _take_as_it_is(turned_hwc, Box(top, left, bottom, right), wishes)
    around = round(BOX_MARGIN * max(bottom - top, right - left))
    first, second = max(0, top - around), max(0, left - around)
    cut_hwc = turned_hwc[first : bottom + around, second : right + around]
    ink = find_ink(resize_picture(cut_hwc, LEAST_SIDE, BOX_SIDE), flip=wishes.flip)
    found = find_pieces(ink, wishes.threshold)
    scale = cut_hwc.shape[0] / ink.strength_hw.shape[0]
    inside = [
        piece
        for piece in found.pieces
        if top <= first + scale * piece.middle[0] <= bottom
        and left <= second + scale * piece.middle[1] <= right
    ]
    if not inside:
        raise ImageError(EMPTY_BOX)
    return replace(_prepare_piece(cut_hwc, ink, found, reduce(or_, inside)), box=box)
