"""Every digit on a page, in reading order; tests.benchmarks.digit_pages asks for more."""

from __future__ import annotations

import numpy as np
import pytest

from ae_core.errors import ImageError
from ae_core.pictures.page import prepare_box, prepare_page
from ae_core.pictures.pieces import Box
from ae_core.pictures.preparation import Wishes
from tests.support.photos import enlarged_digit, nearest_shift


def row_of(digits_nhw, times: int = 5) -> np.ndarray:
    """A white page with dark digits beside each other."""
    return np.pad(
        np.concatenate([enlarged_digit(digit_hw, times) for digit_hw in digits_nhw], axis=1),
        ((40, 40), (20, 20), (0, 0)),
        constant_values=255,
    )


def test_a_row_is_read_from_left_to_right(digits):
    originals = digits.test_nhw[:5]
    page = prepare_page(row_of(originals))
    assert len(page.digits) == 5
    for each, original_hw in zip(page.digits, originals, strict=True):
        assert nearest_shift(each.digit_hw, original_hw)[0] < 0.06
    assert [each.box.left for each in page.digits] == sorted(each.box.left for each in page.digits)


def test_a_digits_box_dragged_by_hand_gives_the_digit(digits):
    picture = row_of(digits.test_nhw[:3])
    box = prepare_page(picture).digits[1].box
    wider = Box(box.top - 6, box.left - 6, box.bottom + 6, box.right + 6)
    prepared = prepare_box(picture, wider)
    assert prepared.steps
    assert nearest_shift(prepared.digit_hw, digits.test_nhw[1])[0] < 0.06


def test_a_box_outside_the_picture_and_one_without_ink_are_refused(digits):
    picture = row_of(digits.test_nhw[:3])
    for box in (Box(500, 900, 600, 1000), Box(0, 0, 30, 200)):
        with pytest.raises(ImageError, match=r"\. .*\.$"):
            prepare_box(picture, box)


def test_boxes_are_in_pixels_of_the_picture_as_it_is_turned(digits):
    picture = row_of(digits.test_nhw[:2])
    page = prepare_page(np.rot90(picture, 3), Wishes(quarter_turns=1))
    assert page.pixels_hwc.shape == picture.shape
    assert page.quarter_turns == 1
    assert [each.box for each in page.digits] == [each.box for each in prepare_page(picture).digits]
