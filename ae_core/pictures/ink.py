"""Ink told from paper on a whole page, whatever lies on it: shadows, thumbs, the table around the sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from ae_core.errors import ImageError
from ae_core.pictures.polarity import has_light_ink
from ae_core.pictures.scaling import resize, resize_picture
from ae_core.pictures.windows import close_picture, grow
from ae_core.words.sentences import say

# What smooths the noise of single pixels away: about a Gaussian bell of 0.7 pixels.
BELL = np.outer((1, 3, 1), (1, 3, 1))
# Strokes are thinner than the window in which paper is looked for, shadows and tables wider: shares of the
# picture's longer side, the later ones for what the earlier ones take for one large blot.
WINDOWS = (0.3, 0.12, 0.05)
# The paper is looked for at no more than this side.
PAPER_SIDE = 700
# A blot is no stroke: more of its length than AT_EDGE lies on the picture's edge, or it is thicker than SOLID
# of its length. Smaller ones than LEAST_BLOT, a share of the longer side, may be dots, ones thinner than THIN
# lines; what lies on the edge is looked for DEEP into the picture as well.
AT_EDGE, SOLID, LEAST_BLOT, THIN, DEEP = 0.35, 0.42, 0.05, 0.04, 0.025
# Strokes are stronger than this share of the strongest.
STRONG = 0.5
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
# What is darker than BLACK, of 0 to 255, or than INK_GREY of a picture's brightest is ink, where that is more
# than MOST_INK of the picture.
BLACK, MOST_INK, INK_GREY = 64, 0.5, 0.35
NO_INK = say("There is no ink on this picture. Draw or photograph a digit with a dark pen on light paper.")
ALL_INK = say(
    "There is too much ink on this picture: it fills the page or frames it. Draw or "
    "photograph one digit with paper all around it."
)


@dataclass(frozen=True)
class Ink:
    """How strong ink is on a page (h, w), 1 at full ink.

    least: what is no grain. light: whether it is light on dark. seen_hwc: the picture, 1 to 255, ink dark.
    weights_c, grain, level: how much each colour counts, and what of the paper's and of full ink's darkness
    is 0 and 1.
    """

    strength_hw: np.ndarray
    least: float
    light: bool
    seen_hwc: np.ndarray
    weights_c: np.ndarray
    grain: float
    level: float


def find_ink(pixels_hwc: np.ndarray, *, flip: bool) -> Ink:
    """Ink of a picture (h, w, 3) of uint8. Raises ImageError where there is none."""
    light = has_light_ink(pixels_hwc, flip=flip)
    seen_hwc = _softened(255 - pixels_hwc if light else pixels_hwc)
    if not light:
        seen_hwc = _without_table(seen_hwc)
    longer = max(seen_hwc.shape)
    small_hwc = resize_picture(seen_hwc, 1, PAPER_SIDE)
    every = 1 + longer // PAPER_SIDE  # what holds for the whole page, some of its pixels tell
    finest_hw = _most(_darker(seen_hwc[::every, ::every], small_hwc, WINDOWS[-1]))
    grain = float(np.median(finest_hw))
    spread = 1.48 * float(np.median(np.abs(finest_hw - grain)))
    least = max(LEAST_INK, GRAIN * spread)
    weights_c, strength_hw = np.zeros(3, np.float32), np.zeros(seen_hwc.shape[:2], np.float32)
    undecided_hw = np.ones(seen_hwc.shape[:2], bool)
    for window in WINDOWS:
        darker_hwc = _darker(seen_hwc, small_hwc, window) - grain
        if not weights_c.any():
            weights_c = _colour(darker_hwc[::every, ::every], longer / every, least)
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
        raise ImageError(ALL_INK if _is_mostly_dark(pixels_hwc) else NO_INK)
    return Ink(strength_hw / level, least / level, light, seen_hwc, weights_c, grain, level)


def _is_mostly_dark(pixels_hwc: np.ndarray) -> bool:
    grey_hw = pixels_hwc.mean(2)
    is_ink_hw = grey_hw < max(BLACK, INK_GREY * float(np.percentile(grey_hw, 99)))
    return bool(is_ink_hw.mean() > MOST_INK)


def turn_ink(ink: Ink) -> Ink:
    """The ink of the page turned counter-clockwise by a quarter."""
    return replace(ink, strength_hw=np.rot90(ink.strength_hw), seen_hwc=np.rot90(ink.seen_hwc))


def measure_cut(pixels_hwc: np.ndarray, ink: Ink, window: int) -> np.ndarray:
    """Ink (h, w), 1 at full ink, of a part of the page with more pixels; paper is what is within `window`."""
    seen_hwc = _softened(255 - pixels_hwc if ink.light else pixels_hwc)
    paper_hwc = close_picture(seen_hwc, (window, window))
    darker_hw = (1 - np.divide(seen_hwc, paper_hwc, dtype=np.float32)) @ ink.weights_c
    return np.asarray((darker_hw - ink.grain) / ink.level)


def _softened(pixels_hwc: np.ndarray) -> np.ndarray:
    """A picture of uint8 without the noise of single pixels, 1 at least."""
    bell = ImageFilter.Kernel(BELL.shape, BELL.ravel().tolist())
    wider = Image.fromarray(np.pad(pixels_hwc, ((1, 1), (1, 1), (0, 0)), mode="edge"))
    return np.asarray(np.maximum(np.asarray(wider.filter(bell))[1:-1, 1:-1], 1))


def _without_table(seen_hwc: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) with the sheet's colour in place of a dark table around it.

    The same picture where there is no table on most of its rim.
    """
    small_hwc = resize_picture(seen_hwc, 1, TABLE_SIDE)
    table_hw = _table_around(small_hwc.mean(2))
    if table_hw is None:
        return seen_hwc
    nearest = ndimage.distance_transform_edt(table_hw, return_distances=False, return_indices=True)
    shape = seen_hwc.shape[:2]
    sheet_hwc = _resized(small_hwc[tuple(nearest)], shape)
    at_table_hw = resize(table_hw, shape, Image.Resampling.BILINEAR) > 0.1
    return np.where(at_table_hw[..., None], sheet_hwc, seen_hwc)


def _table_around(grey_hw: np.ndarray) -> np.ndarray | None:
    """A mask (h, w) of the dark table around a sheet; None where there is none on most of the rim."""
    height, width = grey_hw.shape
    middle_hw = grey_hw[height // 5 : -(height // 5) or None, width // 5 : -(width // 5) or None]
    dark_hw = grey_hw < TABLE_GREY * np.percentile(middle_hw, 75)
    labels_hw, count = ndimage.label(dark_hw)
    rim = np.concatenate([labels_hw[0], labels_hw[-1], labels_hw[:, 0], labels_hw[:, -1]])
    counts = np.bincount(rim, minlength=count + 1)
    if counts[1:].sum() < TABLE_RIM * len(rim):
        return None
    at_rim = np.zeros(count + 1, bool)
    at_rim[rim] = True
    at_rim[0] = False
    table_hw = grow(at_rim[labels_hw], 2)
    return None if table_hw.mean() > 0.9 else table_hw


def _resized(picture_hwc: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    if picture_hwc.shape[:2] == shape:
        return picture_hwc
    picture = Image.fromarray(np.ascontiguousarray(picture_hwc))
    return np.asarray(picture.resize(shape[::-1], Image.Resampling.BILINEAR))


def _darker(seen_hwc: np.ndarray, small_hwc: np.ndarray, window: float) -> np.ndarray:
    """How much darker than paper each pixel is (h, w, 3): what a closing of a window fills.

    A closing leaves the edges of whatever is wider than the window where they are, so a shadow with a hard
    edge is paper on both sides of it (Serra 1982, the top-hat transform by closing).
    """
    size = max(3, round(window * max(small_hwc.shape)) | 1)
    paper_hwc = close_picture(small_hwc, (size, size))
    paper_hwc = np.maximum(_resized(paper_hwc, seen_hwc.shape[:2]), seen_hwc)
    return np.asarray(1 - np.divide(seen_hwc, paper_hwc, dtype=np.float32))


def _most(darker_hwc: np.ndarray) -> np.ndarray:
    """The greatest of the three colours, (h, w)."""
    return np.asarray(np.maximum(darker_hwc[..., 0], np.maximum(darker_hwc[..., 1], darker_hwc[..., 2])))


def _colour(darker_hwc: np.ndarray, longer: float, least: float) -> np.ndarray:
    """How much each colour counts: as much as ink differs from the paper in it."""
    most_hw = _most(darker_hwc)
    inky_hw = most_hw > least
    if not inky_hw.any():
        return np.full(3, 1 / 3, np.float32)
    # Where ink is lighter than paper in one colour, as red on grey is, the paper around it seems dark in
    # that, and is one blot with the strokes: they are what is STRONG.
    strong = max(least, STRONG * float(np.percentile(most_hw[inky_hw], 98)))
    strokes_hw = _strokes(most_hw, least, longer)
    if np.count_nonzero(strokes_hw) < np.count_nonzero(most_hw > strong):
        strokes_hw = max(strokes_hw, _strokes(most_hw, strong, longer), key=np.count_nonzero)
    if strokes_hw.any():
        inky_hw = strokes_hw
    strong_hw = inky_hw & (most_hw >= 0.6 * np.percentile(most_hw[inky_hw], 95))
    weights_c = darker_hwc[strong_hw].mean(0).clip(0, None) + 1e-6
    return np.asarray(weights_c / weights_c.sum(), np.float32)


def _strokes(strength_hw: np.ndarray, bound: float, longer: float) -> np.ndarray:
    """A mask of what is stronger than a bound, and no blot."""
    strong_hw = strength_hw > bound
    return np.asarray(strong_hw & ~_blots(strength_hw, strong_hw, bound, longer))


def _blots(
    strength_hw: np.ndarray, where_hw: np.ndarray, least: float, longer: float, *, filled: bool = True
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
            mask_hw = grow(labels_hw[around] == i, reach)
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
