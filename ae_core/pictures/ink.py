"""Ink told from paper: how strong it is at each pixel of a picture in colour, without ruled lines."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from ae_core.errors import ImageError

# Paper changes slowly: a small picture of it will do. A window of half the page holds more paper than ink.
PAPER_SIDE, PAPER_WINDOW = 32, 17
# LEAST_CONTRAST is a share of the paper's brightness. Below DARKEST_PAPER, of 0 to 255, that is mostly noise;
# a picture darker than BLACK has no paper.
LEAST_CONTRAST = 0.1
DARKEST_PAPER, BLACK = 20.0, 64
# A page is full of ink when most of it, or most of its rim, is; shadows do not make paper as dark as INK_GREY
# of the brightest.
MOST_INK, INK_GREY = 0.5, 0.35
# Whether the ink or the paper is dark is decided at no more than this side.
POLARITY_SIDE, POLARITY_WINDOW, LIGHT_PAPER = 384, 0.2, 0.66
# What is kept off the paper's colour, as a share of the strongest ink.
PROBABLY_INK = 0.3
# Ruled lines: runs of at least RUN, with gaps of at most CROSSED, that go over ACROSS of the page and are no
# thicker than LINE; shares of the page's longer side. LEAST_LINE: the faintest one, as a share of the
# strongest ink.
RUN, CROSSED, ACROSS, LINE, LEAST_LINE = 0.1, 0.15, 0.6, 0.015, 0.15
NO_INK = "There is no ink on this picture. Draw or photograph a digit with a dark pen on light paper."
ALL_INK = (
    "There is too much ink on this picture: it fills the page or frames it. "
    "Draw or photograph one digit with paper all around it."
)


def resize(
    picture_hw: np.ndarray, shape: tuple[int, int], how: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    """A grey picture (h, w) as float32 in another shape (height, width)."""
    return np.array(Image.fromarray(picture_hw.astype(np.float32)).resize(shape[::-1], how))


def find_ink(pixels_hwc: np.ndarray, *, flip: bool) -> np.ndarray:
    """The strength of the ink at each pixel (h, w), 1 for the strongest.

    How much darker (or, on a dark ground, brighter) than the paper around it the pixel is. Raises ImageError
    where there is no ink, or nothing but ink.
    """
    pixels_hwc = ndimage.gaussian_filter(pixels_hwc, (1, 1, 0))  # a pixel's own noise is no ink
    paper_hwc = _paper_around(pixels_hwc, 50)
    # Ink is rare and far from the paper, noise is small and goes both ways: the third power hears the ink
    # alone.
    light_ink = bool(((pixels_hwc - paper_hwc).mean(2).astype(float) ** 3).sum() > 0) != flip
    if not light_ink and _is_mostly_dark(pixels_hwc):
        raise ImageError(ALL_INK)
    # Broad strokes colour that first guess of the paper, the more so if they are light: guess again without
    # them.
    sign = 1 if light_ink else -1
    if light_ink:
        paper_hwc = _paper_around(pixels_hwc, 20)
    strength_hw = _strength(sign * (pixels_hwc - paper_hwc), paper_hwc)
    paper_hwc = _paper_beside(pixels_hwc, strength_hw > PROBABLY_INK * _strongest(strength_hw))
    strength_hw = _strength(sign * (pixels_hwc - paper_hwc), paper_hwc)
    strongest = _strongest(strength_hw)
    if strongest < LEAST_CONTRAST:
        raise ImageError(ALL_INK if pixels_hwc.mean() < BLACK else NO_INK)
    grain = 2 * float(np.median(np.abs(strength_hw)))
    return ((strength_hw - grain) / max(strongest - grain, LEAST_CONTRAST / 2)).clip(0, 1)


def has_light_ink(pixels_hwc: np.ndarray, *, flip: bool) -> bool:
    """Whether the ink is lighter than the paper: pixels (h, w, 3) of 0 to 255. flip: the other way round."""
    scale = min(1, POLARITY_SIDE / max(pixels_hwc.shape))
    height, width, _ = pixels_hwc.shape
    small_hwc = _in_colour(pixels_hwc, (max(1, round(height * scale)), max(1, round(width * scale))))
    grey_hw = small_hwc.mean(2).astype(float)
    if np.median(grey_hw) > LIGHT_PAPER * np.percentile(grey_hw, 99):
        return flip  # no ink can be lighter than the lightest paper
    # Ink takes away as large a share of the light in the shade. A shadow and a table are no ink: where
    # neither a dark nor a light stroke is, the paper is what is there.
    grey_hw = np.log(np.maximum(grey_hw, DARKEST_PAPER))
    size = max(3, round(POLARITY_WINDOW * max(grey_hw.shape)) | 1)
    darkest_hw = ndimage.grey_opening(grey_hw, (size, size), mode="nearest")
    lightest_hw = ndimage.grey_closing(grey_hw, (size, size), mode="nearest")
    paper_hw = np.log(np.maximum(_paper_around(small_hwc, 50).mean(2), DARKEST_PAPER))
    paper_hw = paper_hw.clip(darkest_hw, lightest_hw)
    return bool(((grey_hw - paper_hw) ** 3).sum() > 0) != flip


def _is_mostly_dark(pixels_hwc: np.ndarray) -> bool:
    grey_hw = pixels_hwc.mean(2)
    return bool((grey_hw < INK_GREY * np.percentile(grey_hw, 99)).mean() > MOST_INK)


def _paper_around(pixels_hwc: np.ndarray, percentile: int) -> np.ndarray:
    """The paper's colour at each place (h, w, 3), guessed without knowing the ink: what is frequent there."""
    small_hwc = _in_colour(pixels_hwc, _paper_shape(pixels_hwc))
    small_hwc = ndimage.percentile_filter(
        small_hwc, percentile, (PAPER_WINDOW, PAPER_WINDOW, 1), mode="nearest"
    )
    return _in_colour(small_hwc, pixels_hwc.shape[:2], Image.Resampling.BILINEAR)


def _paper_beside(pixels_hwc: np.ndarray, ink_hw: np.ndarray) -> np.ndarray:
    """The paper's colour at each place (h, w, 3), and under the ink (a mask) that of the nearest paper."""
    shape = _paper_shape(pixels_hwc)
    small_hwc = _in_colour(pixels_hwc, shape)
    inky_hw = ndimage.binary_dilation(resize(ink_hw, shape) > 0.01)
    if not inky_hw.all():
        nearest = ndimage.distance_transform_edt(inky_hw, return_distances=False, return_indices=True)
        small_hwc = ndimage.gaussian_filter(small_hwc[tuple(nearest)], (1, 1, 0))
    return _in_colour(small_hwc, pixels_hwc.shape[:2], Image.Resampling.BILINEAR)


def _paper_shape(pixels_hwc: np.ndarray) -> tuple[int, int]:
    height, width, _ = pixels_hwc.shape
    scale = PAPER_SIDE / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _in_colour(
    picture_hwc: np.ndarray, shape: tuple[int, int], how: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    return np.dstack([resize(channel_hw, shape, how) for channel_hw in picture_hwc.transpose(2, 0, 1)])


def _strength(away_hwc: np.ndarray, paper_hwc: np.ndarray) -> np.ndarray:
    """How far from the paper each pixel is (h, w), as a share of the paper's own brightness.

    So ink in the shade counts as ink in the light does.

    Each colour counts as much as the ink differs from the paper in it. Very dark grounds are mostly noise.
    """
    share_hwc = away_hwc / np.maximum(paper_hwc, DARKEST_PAPER)
    most = max(float(share_hwc.max()), 0.0)
    if most == 0:
        return np.zeros(share_hwc.shape[:2], dtype=np.float32)
    far_hw = share_hwc.max(2) >= most / 2
    weights_c = share_hwc[far_hw].mean(0).clip(0, None) + 1e-6
    return np.asarray(share_hwc @ (weights_c / weights_c.sum()))


def _strongest(strength_hw: np.ndarray) -> float:
    """The strength of full ink: what most of the strong pixels reach, however few they are."""
    top = float(np.percentile(strength_hw, 99.95))
    return float(np.percentile(strength_hw[strength_hw >= top / 2], 80)) if top > 0 else 0.0


def find_ruled_lines(ink_hw: np.ndarray) -> np.ndarray:
    """Where lines run across the paper, level or upright: a mask (2, h, w), one for either direction."""
    return np.stack([_level_lines(ink_hw), _level_lines(ink_hw.T).T])


def _level_lines(ink_hw: np.ndarray) -> np.ndarray:
    side = max(ink_hw.shape)
    thickest = max(3, round(LINE * side))
    # What is thin from top to bottom ...
    thin_hw = ink_hw - ndimage.grey_opening(ink_hw, (thickest, 1)) > LEAST_LINE
    # ... and long from left to right, if not quite level and interrupted by strokes and other lines,
    gap, run = round(CROSSED * side), round(RUN * side)
    joined_hw = ndimage.grey_closing(ndimage.maximum_filter1d(thin_hw.astype(np.uint8), 3, axis=0), (1, gap))
    runs_hw = ndimage.grey_opening(joined_hw, (1, run)) > 0
    labels_hw, _ = ndimage.label(runs_hw, np.ones((3, 3)))
    lines_hw = np.zeros(ink_hw.shape, dtype=bool)
    for i, (rows, columns) in enumerate(ndimage.find_objects(labels_hw)):
        # ... over most of the page.
        if columns.stop - columns.start > ACROSS * ink_hw.shape[1]:
            lines_hw[rows, columns] |= labels_hw[rows, columns] == i + 1
    return lines_hw


def remove_lines(lines_hw: np.ndarray, ink_hw: np.ndarray) -> np.ndarray:
    """On a line only such ink stays as is thicker than the line, in the line's own direction across."""
    thickest = max(3, round(LINE * max(ink_hw.shape)))
    for line_hw, size in zip(lines_hw, ((thickest, 1), (1, thickest)), strict=True):
        ink_hw = np.where(line_hw, ndimage.grey_opening(ink_hw, size), ink_hw)
    return ink_hw
