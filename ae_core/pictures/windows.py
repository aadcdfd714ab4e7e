"""The least and the greatest value within a window that slides over a picture; opening and closing by them.

A window twice as wide costs one step more: the extreme of 2 k values is that of two extremes of k (van Herk
1992 does with three steps for any width, but not on whole arrays).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Extreme = Callable[[np.ndarray, np.ndarray], np.ndarray]


def open_picture(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture (h, w, …) without whatever bright is smaller than a window (height, width) in pixels."""
    return _slide(_slide(picture, size, np.minimum), size, np.maximum, mirrored=True)


def close_picture(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture (h, w, …) without whatever dark is smaller than a window (height, width) in pixels."""
    return _slide(_slide(picture, size, np.maximum, mirrored=True), size, np.minimum)


def grow(mask_hw: np.ndarray, reach: int) -> np.ndarray:
    """A mask (h, w) grown by so many pixels to all eight sides."""
    return _slide(mask_hw, (2 * reach + 1, 2 * reach + 1), np.logical_or)


def widen(mask_hw: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask (h, w) grown by a window (height, width) in pixels, both odd."""
    return _slide(mask_hw, size, np.logical_or)


def _slide(
    picture: np.ndarray, size: tuple[int, int], extreme: Extreme, *, mirrored: bool = False
) -> np.ndarray:
    """The extreme of each window around a pixel; beyond the picture's edge there is nothing.

    mirrored: the middle of an even window is left of its centre, not right of it.
    """
    for axis, length in enumerate(size):
        picture = _slide_along(picture, axis, length, length // 2 - (mirrored and length % 2 == 0), extreme)
    return picture


def _slide_along(picture: np.ndarray, axis: int, length: int, before: int, extreme: Extreme) -> np.ndarray:
    if length <= 1:
        return picture
    around = [(0, 0)] * picture.ndim
    around[axis] = (before, length - 1 - before)
    picture = np.pad(picture, around, mode="edge")
    before_axis, reached = (slice(None),) * axis, 1
    while reached < length:
        step = min(reached, length - reached)
        picture = extreme(
            picture[(*before_axis, slice(None, -step))], picture[(*before_axis, slice(step, None))]
        )
        reached += step
    return picture
