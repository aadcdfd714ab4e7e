"""Any picture of digits -> one as MNIST has them: 28 × 28, bright on black, 20 pixels long, centred.

Every step on the way is kept, so that it can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from ae_core.pictures.ink import find_ink, find_ruled_lines, remove_lines, resize
from ae_core.pictures.pieces import Box, find_digits, isolate

# Pictures are brought to between these sides first, so that lengths below may be shares of a page or a digit.
LEAST_SIDE, WORKING_SIDE = 256, 384

# MNIST: 20 pixels on the longer side, the centre of mass within half a pixel of row and column 14, counted
# from 0.
LONGER_SIDE, CENTRE = 20, 14
# Strokes are about two pixels wide there; thinner ones than this would fade when made small.
LEAST_STROKE = 1.3
# The least grey of a stroke's soft edge that counts.
FAINTEST = 0.15

# Ink is what is at least half as strong as the strongest ink; a visitor may move that.
THRESHOLD = 0.5
THRESHOLDS = (0.2, 0.9)


@dataclass(frozen=True)
class Wishes:
    """What a visitor may change.

    flip: other polarity than the one found. threshold: the least ink, a share in THRESHOLDS of the strongest.
    quarter_turns: counter-clockwise. digit: which of several, from the left; the largest if None. prepare:
    False takes the picture as it is.
    """

    flip: bool = False
    threshold: float = THRESHOLD
    quarter_turns: int = 0
    digit: int | None = None
    prepare: bool = True


@dataclass(frozen=True)
class Step:
    """One stage of the preparation: a grey picture (h, w) in [0, 1], and why it was done."""

    title: str
    why: str
    picture_hw: np.ndarray


@dataclass(frozen=True)
class PreparedDigit:
    """The digit (28, 28) float32 in [0, 1], and every stage on the way to it.

    boxes: all digits found, from left to right, ten at most; empty for an unprepared picture. chosen: which
    of them this is.
    """

    digit_hw: Tensor
    steps: list[Step]
    boxes: list[Box]
    chosen: int = 0


def prepare(pixels_hwc: np.ndarray, wishes: Wishes | None = None) -> PreparedDigit:
    """Pixels (h, w, 3) of 0 to 255 -> a digit.

    Raises ImageError when there is no ink on it, or nothing but ink.
    """
    wishes = wishes or Wishes()
    pixels_hwc = np.rot90(pixels_hwc, wishes.quarter_turns)
    if not wishes.prepare:
        return prepare_as_it_is(pixels_hwc, flip=wishes.flip)
    pixels_hwc = resize_picture(pixels_hwc, LEAST_SIDE, WORKING_SIDE)
    steps = [Step("Your picture", "In grey: the networks know no colour.", pixels_hwc.mean(2) / 255)]

    ink_hw = find_ink(pixels_hwc, flip=wishes.flip)
    steps.append(
        Step("Ink bright, paper black", "Compared with the paper around it, so shadows do not count.", ink_hw)
    )

    lines_hw = find_ruled_lines(ink_hw)
    if lines_hw.any():
        ink_hw = remove_lines(lines_hw, ink_hw)
        steps.append(
            Step("Without the paper's lines", "They are long and thin; strokes that cross them stay.", ink_hw)
        )

    found = find_digits(ink_hw, wishes.threshold)
    largest = max(range(len(found)), key=lambda i: found[i].area)
    chosen = largest if wishes.digit is None else min(max(wishes.digit, 0), len(found) - 1)
    alone_hw = isolate(found, chosen, ink_hw)
    why = "Specks and edges go; broken strokes stay together." + (
        f" One of {len(found)} digits." if len(found) > 1 else ""
    )
    steps.append(Step("Only the digit", why, alone_hw))

    digit_hw = finish_digit(alone_hw, steps)
    return PreparedDigit(torch.from_numpy(digit_hw), steps, [piece.box for piece in found], chosen)


def finish_digit(alone_hw: np.ndarray, steps: list[Step]) -> np.ndarray:
    """Digit (28, 28) float32 in [0, 1] from its ink alone (h, w) in [0, 1]; its steps go to `steps`."""
    cut_hw = alone_hw[_extent(alone_hw.max(1)), _extent(alone_hw.max(0))]
    steps.append(Step("Cut out", "Only the ink counts, not where on the page it is.", cut_hw))

    thick_hw = _thickened(cut_hw)
    if thick_hw is not cut_hw:
        steps.append(
            Step("Thicker strokes", "As thin as they are, they would fade at 28 × 28 pixels.", thick_hw)
        )
    scaled_hw = _scaled(thick_hw, LONGER_SIDE)
    if not _fits(scaled_hw):
        scaled_hw = _scaled(thick_hw, LONGER_SIDE - 1)
    length = max(scaled_hw.shape)
    steps.append(
        Step(
            f"{length} pixels long",
            "As long as nearly all of MNIST's digits are, on their longer side.",
            scaled_hw,
        )
    )
    digit_hw = _centred(scaled_hw)
    steps.append(Step("Centred", "Its centre of mass is in the middle of 28 × 28 pixels.", digit_hw))
    return digit_hw


def prepare_as_it_is(pixels_hwc: np.ndarray, *, flip: bool) -> PreparedDigit:
    """The picture as it is, only made small: what happens without all this."""
    grey_hw = pixels_hwc.mean(2).astype(np.float32) / 255
    step = Step("Your picture", "In grey: the networks know no colour.", grey_hw)
    digit_hw = resize(1 - grey_hw if flip else grey_hw, (28, 28)).clip(0, 1)
    return PreparedDigit(
        torch.from_numpy(digit_hw),
        [step, Step("28 × 28 pixels", "Nothing else is done to it.", digit_hw)],
        [],
    )


def resize_picture(pixels_hwc: np.ndarray, least: int, most: int) -> np.ndarray:
    """A picture (h, w, 3) of 0 to 255 as float32, its longer side between two numbers of pixels."""
    side = max(pixels_hwc.shape)
    scale = min(max(side, least), most) / side
    picture = Image.fromarray(np.ascontiguousarray(pixels_hwc))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return np.asarray(
        picture.resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX),
        dtype=np.float32,
    )


# To MNIST's size


def _extent(profile: np.ndarray) -> slice:
    """From where to where a row or column is ink.

    That is where it has at least half the grey of what lies just inside.
    """
    length = np.count_nonzero(profile >= THRESHOLD)
    inside = max(1, round(length / LONGER_SIDE / 2))
    first, last = (_first(way, inside) for way in (profile, profile[::-1]))
    return slice(first, len(profile) - last)


def _first(profile: np.ndarray, inside: int) -> int:
    further = np.append(profile[inside:], np.zeros(inside))
    return int(np.argmax((profile >= FAINTEST) & (profile >= further / 2)))


def _thickened(ink_hw: np.ndarray) -> np.ndarray:
    """Strokes as wide as MNIST's at 28 × 28, where they are thinner; the same array where they are not."""
    inside_hw = np.pad(ink_hw >= THRESHOLD, 1)
    depth_hw = ndimage.distance_transform_edt(inside_hw)
    ridge_hw = (depth_hw == ndimage.maximum_filter(depth_hw, 3)) & inside_hw
    if not ridge_hw.any():
        return ink_hw
    width = float(np.median(depth_hw[ridge_hw])) * 2 - 1
    missing = LEAST_STROKE * max(ink_hw.shape) / LONGER_SIDE - width
    if missing < 1:
        return ink_hw
    reach = round(missing / 2) or 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(ndimage.grey_dilation(np.pad(ink_hw, reach), footprint=x**2 + y**2 <= reach**2 + 1))


def _scaled(ink_hw: np.ndarray, longer_side: int) -> np.ndarray:
    """The longer side so many pixels, the strokes as bright as can be."""
    scale = longer_side / max(ink_hw.shape)
    height, width = (max(1, round(side * scale)) for side in ink_hw.shape)
    scaled_hw = resize(
        ink_hw, (height, width), Image.Resampling.LANCZOS if scale > 1 else Image.Resampling.BOX
    ).clip(0, 1)
    return (scaled_hw / max(float(np.percentile(scaled_hw[scaled_hw > 0], 95)), 0.05)).clip(0, 1)


def _place(ink_hw: np.ndarray) -> tuple[int, int]:
    """The row and column of its upper left corner on 28 × 28.

    There its centre of mass is nearest (14, 14), where MNIST has it.
    """
    down, right = ndimage.center_of_mass(ink_hw)
    return round(CENTRE - down), round(CENTRE - right)


def _fits(ink_hw: np.ndarray) -> bool:
    """Whether nothing is cut off there; of a digit with nearly all its ink at one end, something may be."""
    return all(0 <= first <= 28 - side for first, side in zip(_place(ink_hw), ink_hw.shape, strict=True))


def _centred(ink_hw: np.ndarray) -> np.ndarray:
    """On 28 × 28, moved by whole pixels to its place, or as near to it as can be with nothing cut off."""
    height, width = ink_hw.shape
    top, left = (
        min(max(first, 0), 28 - side) for first, side in zip(_place(ink_hw), ink_hw.shape, strict=True)
    )
    page_hw = np.zeros((28, 28), dtype=np.float32)
    page_hw[top : top + height, left : left + width] = ink_hw
    return page_hw


def enlarge(picture_hw: np.ndarray, side: int = 224) -> Image.Image:
    """A small picture with its pixels made visible, on a black square of `side` pixels."""
    scale = side / max(picture_hw.shape)
    size = (max(1, round(picture_hw.shape[1] * scale)), max(1, round(picture_hw.shape[0] * scale)))
    picture = Image.fromarray((picture_hw * 255).round().clip(0, 255).astype(np.uint8)).resize(
        size, Image.Resampling.NEAREST
    )
    square = Image.new("L", (side, side), 0)
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square
