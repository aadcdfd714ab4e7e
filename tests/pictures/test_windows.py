"""Opening and closing by sliding windows, against SciPy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ae_core.pictures.windows import close_picture, grow, open_picture


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 30), st.integers(1, 30), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1)
)
def test_windows_of_any_size_do_what_scipys_filters_do(height, width, tall, wide, seed):
    size = (min(tall, height), min(wide, width))  # SciPy repeats a picture that is smaller than the window
    picture_hw = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    np.testing.assert_array_equal(open_picture(picture_hw, size), ndimage.grey_opening(picture_hw, size))
    np.testing.assert_array_equal(close_picture(picture_hw, size), ndimage.grey_closing(picture_hw, size))
    mask_hw = picture_hw > 0.9
    grown_hw = ndimage.binary_dilation(mask_hw, np.ones((3, 3)), iterations=tall)
    np.testing.assert_array_equal(grow(mask_hw, tall), grown_hw)


def test_a_picture_in_colour_is_closed_colour_by_colour():
    picture_hwc = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    closed_hwc = close_picture(picture_hwc, (5, 4))
    assert closed_hwc.dtype == np.uint8
    for i in range(3):
        np.testing.assert_array_equal(closed_hwc[..., i], ndimage.grey_closing(picture_hwc[..., i], (5, 4)))
