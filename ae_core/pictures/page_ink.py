"""Ink told from paper on a whole page, whatever lies on it: shadows, thumbs, the table around the sheet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from ae_core.errors import ImageError
from ae_core.pictures.ink import ALL_INK, BLACK, NO_INK, has_light_ink, resize

# Strokes are thinner than the window in which paper is looked for, shadows and tables wider: shares of the
# picture's longer side, the later ones for what the earlier ones take for one large blot.
WINDOWS = (0.3, 0.12, 0.05)
# The paper is looked for at no more than this side.
PAPER_SIDE = 700
# A blot is no stroke: more of its length than AT_EDGE lies on the picture's edge, or it is thicker than SOLID
# of its length. Smaller ones than LEAST_BLOT, a share of the longer side, may be dots, ones thinner than THIN
# lines; what lies on the edge is looked for DEEP into the picture as well.
AT_EDGE, SOLID, LEAST_BLOT, THIN, DEEP = 0.35, 0.42, 0.05, 0.04, 0.025
# The least ink, as a share of the paper's brightness, and in standard deviations of the paper's grain.
LEAST_INK, GRAIN = 0.07, 5.0
# What is so dark, as a share of the sheet's brightness, on most of the picture's rim, is a table; it is
# looked for at no more than this side.
TABLE_GREY, TABLE_RIM, TABLE_SIDE = 0.6, 0.85, 256
# There is no ink on a picture with less than this share of it.
LEAST_AREA = 1.5e-5
# What is nearer to the picture's edge than EDGE of its side does not count where so much ink lies ELSEWHERE.
EDGE, ELSEWHERE = 0.08, 0.2
EIGHT = np.ones((3, 3))


@dataclass(frozen=True)
class Ink:
    """How strong ink is on a page (h, w), 1 at full ink.

    least: what is no grain. light: whether it is light on dark. grey_hw: the picture in the ink's colour, ink
    dark. weights_c, grain, level: how much each colour counts, and what of the paper's and of full ink's
    darkness is 0 and 1.
    """

    strength_hw: np.ndarray
    least: float
    light: bool
    grey_hw: np.ndarray
    weights_c: np.ndarray
    grain: float
    level: float


def find_page_ink(pixels_hwc: np.ndarray, *, flip: bool) -> Ink:
    """Ink of a picture (h, w, 3) float32 of 0 to 255. Raises ImageError where there is none."""
    light = has_light_ink(pixels_hwc, flip=flip)
    seen_hwc = ndimage.gaussian_filter(255 - pixels_hwc if light else pixels_hwc, (0.7, 0.7, 0))
    seen_hwc = np.maximum(seen_hwc, 1)
    table_hw = None if light else _table_around(seen_hwc)
    if table_hw is not None:
        nearest = ndimage.distance_transform_edt(table_hw, return_distances=False, return_indices=True)
        seen_hwc = seen_hwc[tuple(nearest)]
    longer = max(seen_hwc.shape)
    small_hwc = _shrunk(seen_hwc)
    finest_hw = _darker(seen_hwc, small_hwc, WINDOWS[-1]).max(2)
    grain = float(np.median(finest_hw))
    spread = 1.48 * float(np.median(np.abs(finest_hw - grain)))
    least = max(LEAST_INK, GRAIN * spread)
    weights_c, strength_hw = np.zeros(3, np.float32), np.zeros(seen_hwc.shape[:2], np.float32)
    undecided_hw = np.ones(seen_hwc.shape[:2], bool)
    for window in WINDOWS:
        darker_hwc = _darker(seen_hwc, small_hwc, window) - grain
        if not weights_c.any():
            weights_c = _colour(darker_hwc, longer, least)
        at_scale_hw = darker_hwc @ weights_c
        strength_hw[undecided_hw] = at_scale_hw[undecided_hw]
        blots_hw = _blots(strength_hw, undecided_hw, least, longer)
        if not blots_hw.any():
            break
        undecided_hw = blots_hw
    else:
        strength_hw[_blots(strength_hw, undecided_hw, least, longer, filled=False)] = 0
    level = _level(strength_hw, least)
    if level is None:
        raise ImageError(ALL_INK if pixels_hwc.mean() < BLACK else NO_INK)
    return Ink(strength_hw / level, least / level, light, seen_hwc @ weights_c, weights_c, grain, level)


def measure_cut(pixels_hwc: np.ndarray, ink: Ink, window: int) -> np.ndarray:
    """Ink (h, w), 1 at full ink, of a part of the page with more pixels; paper is what is within `window`."""
    seen_hwc = np.maximum(255 - pixels_hwc if ink.light else pixels_hwc, 1).astype(np.float32)
    seen_hwc = ndimage.gaussian_filter(seen_hwc, (0.7, 0.7, 0))
    paper_hwc = ndimage.grey_closing(seen_hwc, (window, window, 1), mode="nearest")
    darker_hw = (1 - seen_hwc / paper_hwc) @ ink.weights_c
    return np.asarray((darker_hw - ink.grain) / ink.level)


def _table_around(seen_hwc: np.ndarray) -> np.ndarray | None:
    """A mask (h, w) of the dark table around a sheet; None where there is none on most of the rim."""
    height, width, _ = seen_hwc.shape
    scale = min(1, TABLE_SIDE / max(height, width))
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    grey_hw = resize(seen_hwc.mean(2), shape)
    middle_hw = grey_hw[shape[0] // 5 : -(shape[0] // 5) or None, shape[1] // 5 : -(shape[1] // 5) or None]
    dark_hw = grey_hw < TABLE_GREY * np.percentile(middle_hw, 75)
    labels_hw, count = ndimage.label(dark_hw)
    rim = np.concatenate([labels_hw[0], labels_hw[-1], labels_hw[:, 0], labels_hw[:, -1]])
    counts = np.bincount(rim, minlength=count + 1)
    if counts[1:].sum() < TABLE_RIM * len(rim):
        return None
    at_rim = np.zeros(count + 1, bool)
    at_rim[rim] = True
    at_rim[0] = False
    table_hw = ndimage.binary_dilation(at_rim[labels_hw], EIGHT, iterations=2)
    if table_hw.mean() > 0.9:
        return None
    return np.asarray(resize(table_hw, (height, width), Image.Resampling.BILINEAR) > 0.1)


def _shrunk(seen_hwc: np.ndarray) -> np.ndarray:
    scale = min(1, PAPER_SIDE / max(seen_hwc.shape))
    height, width, _ = seen_hwc.shape
    return _resized(seen_hwc, (max(1, round(height * scale)), max(1, round(width * scale))))


def _resized(
    picture_hwc: np.ndarray, shape: tuple[int, int], how: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    if picture_hwc.shape[:2] == shape:
        return picture_hwc
    return np.dstack([resize(channel_hw, shape, how) for channel_hw in picture_hwc.transpose(2, 0, 1)])


def _darker(seen_hwc: np.ndarray, small_hwc: np.ndarray, window: float) -> np.ndarray:
    """How much darker than paper each pixel is (h, w, 3): what a closing of a window fills.

    A closing leaves the edges of whatever is wider than the window where they are, so a shadow with a hard
    edge is paper on both sides of it (Serra 1982, the top-hat transform by closing).
    """
    size = max(3, round(window * max(small_hwc.shape)) | 1)
    paper_hwc = ndimage.grey_closing(small_hwc, (size, size, 1), mode="nearest")
    paper_hwc = _resized(paper_hwc, seen_hwc.shape[:2], Image.Resampling.BILINEAR)
    return np.asarray(1 - seen_hwc / np.maximum(paper_hwc, seen_hwc))


def _colour(darker_hwc: np.ndarray, longer: int, least: float) -> np.ndarray:
    """How much each colour counts: as much as ink differs from the paper in it."""
    most_hw = darker_hwc.max(2)
    inky_hw = most_hw > least
    blots_hw = _blots(most_hw, np.ones_like(inky_hw), least, longer)
    if (inky_hw & ~blots_hw).any():
        inky_hw &= ~blots_hw
    if not inky_hw.any():
        return np.full(3, 1 / 3, np.float32)
    strong_hw = inky_hw & (most_hw >= 0.6 * np.percentile(most_hw[inky_hw], 95))
    weights_c = darker_hwc[strong_hw].mean(0).clip(0, None) + 1e-6
    return np.asarray(weights_c / weights_c.sum(), np.float32)


def _blots(
    strength_hw: np.ndarray, where_hw: np.ndarray, least: float, longer: int, *, filled: bool = True
) -> np.ndarray:
    """A mask of what is too large and solid for strokes, or lies along the picture's edge."""
    labels_hw, count = ndimage.label((strength_hw > least) & where_hw, EIGHT)
    blots_hw = np.zeros(strength_hw.shape, bool)
    if not count:
        return blots_hw
    areas = np.bincount(labels_hw.ravel(), minlength=count + 1)
    rims = np.bincount(_rim(labels_hw).ravel(), minlength=count + 1)
    contacts = np.bincount(_edge(labels_hw, 0), minlength=count + 1)
    # a line along the edge is thin
    contacts = np.minimum(contacts, np.bincount(_edge(labels_hw, round(DEEP * longer)), minlength=count + 1))
    reach = max(2, round(0.004 * longer))
    for i, (rows, columns) in enumerate(ndimage.find_objects(labels_hw), start=1):
        side = max(rows.stop - rows.start, columns.stop - columns.start)
        if side < LEAST_BLOT * longer:
            continue
        thick = 2 * areas[i] / max(rims[i], 1)
        if (contacts[i] > AT_EDGE * side and thick > THIN * side) or thick > SOLID * side:
            around = (
                slice(max(0, rows.start - reach), rows.stop + reach),
                slice(max(0, columns.start - reach), columns.stop + reach),
            )
            mask_hw = ndimage.binary_dilation(labels_hw[around] == i, EIGHT, iterations=reach)
            blots_hw[around] |= ndimage.binary_fill_holes(mask_hw) if filled else mask_hw
    return blots_hw


def _edge(labels_hw: np.ndarray, depth: int) -> np.ndarray:
    """The labels so many pixels from the picture's edge, or in its middle where that is nearer."""
    depth = min(depth, (min(labels_hw.shape) - 1) // 2)
    return np.concatenate([
        labels_hw[depth], labels_hw[-1 - depth], labels_hw[:, depth], labels_hw[:, -1 - depth]
    ])  # fmt: skip


def _rim(labels_hw: np.ndarray) -> np.ndarray:
    """The labels where a neighbour has another one, 0 elsewhere."""
    padded = np.pad(labels_hw, 1)
    middle = padded[1:-1, 1:-1]
    inside_hw = (
        (padded[:-2, 1:-1] == middle)
        & (padded[2:, 1:-1] == middle)
        & (padded[1:-1, :-2] == middle)
        & (padded[1:-1, 2:] == middle)
    )
    return np.where(inside_hw, 0, labels_hw)


def _level(strength_hw: np.ndarray, least: float) -> float | None:
    """The strength of full ink: what most of the strong pixels reach. None where there is too little.

    What lies near the picture's edge may be the table's; it counts only where little else is.
    """
    margins = [round(EDGE * side) for side in strength_hw.shape]
    middle_hw = strength_hw[margins[0] : -margins[0] or None, margins[1] : -margins[1] or None]
    everywhere = int((strength_hw > least).sum())
    enough = max(6.0, LEAST_AREA * strength_hw.size)
    for part_hw, least_count in ((middle_hw, ELSEWHERE * everywhere), (strength_hw, 0)):
        inky_n = part_hw[part_hw > least]
        if len(inky_n) >= max(enough, least_count):
            top = float(np.percentile(inky_n, 98))
            return float(np.percentile(inky_n[inky_n >= top / 2], 70))
    return None
