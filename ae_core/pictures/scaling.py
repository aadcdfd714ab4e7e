"""Pictures made larger or smaller."""

from __future__ import annotations

import numpy as np
from PIL import Image


def resize(
    picture_hw: np.ndarray, shape: tuple[int, int], how: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    """A grey picture (h, w) as float32 in another shape (height, width)."""
    return np.array(Image.fromarray(picture_hw.astype(np.float32)).resize(shape[::-1], how))


def resize_picture(pixels_hwc: np.ndarray, least: int, most: int) -> np.ndarray:
    """A picture (h, w, 3) of uint8, its longer side between two numbers of pixels."""
    side = max(pixels_hwc.shape)
    scale = min(max(side, least), most) / side
    picture = Image.fromarray(np.ascontiguousarray(pixels_hwc))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX))
