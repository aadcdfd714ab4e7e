"""Whether ink is darker or lighter than the paper that it lies on."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from ae_core.pictures.scaling import resize_picture
from ae_core.pictures.windows import close_picture, open_picture

# It is decided at no more than this side; strokes are thinner than a share WINDOW of it.
SIDE, WINDOW = 384, 0.2
# Paper changes slowly: a small picture of it will do. A window of half the page holds more paper than ink.
PAPER_SIDE, PAPER_WINDOW = 32, 17
# What is lighter than this share of the lightest may be paper on which no ink can be light. Below
# DARKEST_PAPER, of 0 to 255, all is mostly noise.
LIGHT_PAPER, DARKEST_PAPER = 0.66, 20.0


def has_light_ink(pixels_hwc: np.ndarray, *, flip: bool) -> bool:
    """Whether the ink is lighter than the paper: uint8 pixels (h, w, 3). flip: the other way round."""
    small_hwc = resize_picture(pixels_hwc, 1, SIDE).astype(np.float32)
    grey_hw = small_hwc.mean(2)
    if np.median(grey_hw) > LIGHT_PAPER * np.percentile(grey_hw, 99):
        return flip  # no ink can be lighter than the lightest paper
    # Ink takes away as large a share of the light in the shade. A shadow and a table are no ink: where
    # neither a dark nor a light stroke is, the paper is what is there.
    grey_hw = np.log(np.maximum(grey_hw, DARKEST_PAPER))
    size = max(3, round(WINDOW * max(grey_hw.shape)) | 1)
    darkest_hw = open_picture(grey_hw, (size, size))
    lightest_hw = close_picture(grey_hw, (size, size))
    paper_hw = np.log(np.maximum(_guess_paper(pixels_hwc, grey_hw.shape), DARKEST_PAPER))
    paper_hw = paper_hw.clip(darkest_hw, lightest_hw)
    # Ink is rare and far from the paper, noise is small and goes both ways: the third power hears the ink.
    return bool(((grey_hw - paper_hw).astype(float) ** 3).sum() > 0) != flip


def _guess_paper(pixels_hwc: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The paper's brightness (h, w) in this shape, without knowing the ink: what is frequent around there."""
    around = (PAPER_WINDOW, PAPER_WINDOW, 1)
    paper_hwc = ndimage.percentile_filter(
        resize_picture(pixels_hwc, 1, PAPER_SIDE), 50, around, mode="nearest"
    )
    paper = Image.fromarray(paper_hwc).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(np.asarray(paper, np.float32).mean(2))
