"""A picture of a page -> every digit on it, in reading order, each as MNIST has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from ae_core.errors import ImageError
from ae_core.pictures.pieces import Box
from ae_core.pictures.preparation import PreparedDigit, Wishes, prepare

# Digits (n, 28, 28) in [0, 1] -> probability of each of the ten classes (n, 10).
Judge = Callable[[Tensor], Tensor]
OUTSIDE = "This box lies outside the picture. Drag it over a digit."
LEAST_BOX = 4  # pixels


@dataclass(frozen=True)
class PageDigit:
    """One digit of a page.

    box: where it is, in pixels of the page's `pixels_hwc`. digit_hw: (28, 28) float32 in [0, 1]. doubt:
    empty, or one plain sentence why it may be no digit.
    """

    box: Box
    digit_hw: Tensor
    doubt: str = ""


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
    pixels_hwc: np.ndarray, wishes: Wishes | None = None, judge: Judge | None = None
) -> PreparedPage:
    """All digits on a picture (h, w, 3) of 0 to 255, in reading order.

    wishes: as for `prepare`; which digit is ignored. judge: a classifier, which helps to tell which way up
    the page is and what is no digit; without one the page stays as it lies. Raises ImageError, with one
    sentence for the cause and one for the next step, where there is no digit.
    """
    wishes = replace(wishes or Wishes(), digit=None)
    first = prepare(pixels_hwc, wishes)
    turned_hwc = np.rot90(pixels_hwc, wishes.quarter_turns)
    height, width, _ = turned_hwc.shape
    if not first.boxes:
        whole = PageDigit(Box(0, 0, height, width), first.digit_hw)
        return PreparedPage(turned_hwc, (whole,), wishes.quarter_turns % 4)
    scale = height / first.steps[0].picture_hw.shape[0]
    found = [prepare(pixels_hwc, replace(wishes, digit=i)) for i in range(len(first.boxes))]
    digits = tuple(
        PageDigit(_scaled_box(box, scale, (height, width)), each.digit_hw)
        for box, each in zip(first.boxes, found, strict=True)
    )
    return PreparedPage(turned_hwc, digits, wishes.quarter_turns % 4)


def prepare_box(pixels_hwc: np.ndarray, box: Box, wishes: Wishes | None = None) -> PreparedDigit:
    """The digit in a box of the picture, with the steps to it: (h, w, 3) of 0 to 255.

    box: in pixels of the picture as `wishes` turn it. Raises ImageError where there is no digit in it.
    """
    wishes = wishes or Wishes()
    turned_hwc = np.rot90(pixels_hwc, wishes.quarter_turns)
    height, width, _ = turned_hwc.shape
    top, left, bottom, right = (
        max(box.top, 0), max(box.left, 0), min(box.bottom, height), min(box.right, width)
    )  # fmt: skip
    if bottom - top < LEAST_BOX or right - left < LEAST_BOX:
        raise ImageError(OUTSIDE)
    return prepare(turned_hwc[top:bottom, left:right], replace(wishes, quarter_turns=0, digit=None))


def _scaled_box(box: Box, scale: float, shape: tuple[int, int]) -> Box:
    height, width = shape
    return Box(
        max(0, round(box.top * scale)),
        max(0, round(box.left * scale)),
        min(height, round(box.bottom * scale)),
        min(width, round(box.right * scale)),
    )
