"""Lines that are printed on paper: rulings, tables, boxes. They are straight, thin, and level or upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from ae_core.pictures.scaling import resize
from ae_core.pictures.windows import close_picture, open_picture, widen

# How far a page may be held askew, degrees; found to a STEP, where this often as much of it points one way.
# Seen at a slant, level and upright lines may be askew by MOST_SHEAR more.
MOST_TILT, MOST_SHEAR, STEP, PEAK = 14.0, 8.0, 0.5, 2.0
# That is looked for at no more than this side.
TILT_SIDE = 700
# Lines are no thicker than LINE, a share of the picture's longer side, and interrupted by no more than GAP;
# over RUN of it they are straight. Of their length COVERED is there, within STRAIGHT pixels.
LINE, GAP, RUN, COVERED, STRAIGHT = 0.014, 0.03, 0.07, 0.65, 1.5
WITHOUT_GAPS = 0.92
# They go over ACROSS of the picture; on a page of small digits, over LONG of a digit's length and
# LEAST_ACROSS, or are at least TABLE.
ACROSS, LONG, LEAST_ACROSS, TABLE = 0.55, 1.9, 0.1, 5
# A side of a box is there over SIDE of it, within EDGE of the edge of all ink, and no thicker than THICK of
# the box, or LEAST_THICK pixels, soft edges and all; it rises or falls by one of SLOPES. Where three sides
# are, the last need be there over FOURTH_SIDE of it alone.
SIDE, FOURTH_SIDE, EDGE, THICK, LEAST_THICK = 0.72, 0.5, 0.2, 0.1, 6
# The least side of a box, in pixels and as a share of the picture's longer side. What ends TOUCHING pixels
# from a line ends at it; what is more than DARKER times as dark is none.
LEAST_BOX, LEAST_BOX_SIDE, TOUCHING, DARKER = 12, 0.012, 2, 1.4
SLOPES = np.linspace(-0.08, 0.08, 17)
# The faintest line, as a share of full ink.
LEAST_LINE = 0.15
EIGHT = np.ones((3, 3))


def find_lines(strength_hw: np.ndarray, least: float, digit: float) -> np.ndarray:
    """Where lines are printed: a mask (2, h, w), of level and of upright ones, for a page turned by tilt.

    strength_hw: ink, 1 where it is full. least: the least that is no grain. digit: how long digits are, in
    pixels, 0 if that cannot be told.
    """
    tilts = _tilts(strength_hw)
    onto = _straighten(tilts)
    back = np.linalg.inv(onto)
    turned_hw = strength_hw
    if any(tilts):
        height, width = np.ceil(np.abs(back[::-1, ::-1]) @ strength_hw.shape).astype(int)
        turned_hw = _transformed(strength_hw, onto, (int(height), int(width)))
    longer, shorter = max(strength_hw.shape), min(strength_hw.shape)
    lines = _boxes(turned_hw, max(least, 1.5 * LEAST_LINE), longer)
    rest_hw = np.where(lines.any(0), 0, turned_hw)
    shortest = ACROSS * shorter
    if digit:
        shortest = min(shortest, max(LONG * digit, LEAST_ACROSS * longer))
    runs = [_thin_runs(seen_hw, least, longer) for seen_hw in (rest_hw, rest_hw.T)]
    lines |= _grid(runs, shortest, strength_hw.shape)[0]
    if not digit:
        grid, count = _grid(runs, LEAST_ACROSS * longer, strength_hw.shape)
        if count >= TABLE:
            lines |= grid
    lines[1] |= _rungs(turned_hw.T, lines[0].T, least, longer).T
    if not any(tilts) or not lines.any():
        return lines if not any(tilts) else np.zeros((2, *strength_hw.shape), dtype=bool)
    shape = strength_hw.shape[0], strength_hw.shape[1]
    return np.stack([_transformed(lines_hw, back, shape) > 0.25 for lines_hw in lines])


def _tilts(strength_hw: np.ndarray) -> tuple[float, float]:
    """By how many degrees level lines fall to the right, and upright ones lean to the left as they fall.

    The two differ where the page is seen at a slant. 0 and 0 where no lines can be told.
    """
    scale = min(1, TILT_SIDE / max(strength_hw.shape))
    height, width = strength_hw.shape
    small_hw = resize(strength_hw.clip(0, 0.5), (max(1, round(height * scale)), max(1, round(width * scale))))
    down_hw, right_hw = np.gradient(ndimage.gaussian_filter(small_hw, 1))
    strong_hw = np.hypot(down_hw, right_hw) > 0.04
    if np.count_nonzero(strong_hw) < 50:
        return 0.0, 0.0
    down_n, right_n = down_hw[strong_hw], right_hw[strong_hw]
    angles_n = (np.degrees(np.arctan2(down_n, right_n)) + 45) % 90 - 45
    both = _peak(angles_n)
    if both is None:
        return 0.0, 0.0
    is_level_n = np.abs(down_n) > np.abs(right_n)
    near_n = np.abs(angles_n - both) <= MOST_SHEAR
    level, upright = (_peak(angles_n[near_n & is_n]) for is_n in (is_level_n, ~is_level_n))
    return both if level is None else level, both if upright is None else upright


def _peak(angles_n: np.ndarray) -> float | None:
    """The angle in degrees that far more of these are near than others; None if there is none."""
    counts, edges = np.histogram(angles_n, round(2 * MOST_TILT / STEP), (-MOST_TILT, MOST_TILT))
    smooth = ndimage.uniform_filter1d(counts.astype(float), 3)
    best = int(smooth.argmax())
    if smooth[best] < PEAK * max(float(np.median(smooth)), 1):
        return None
    near = slice(max(0, best - 1), best + 2)
    middles = (edges[:-1] + edges[1:])[near] / 2
    return float((middles * counts[near]).sum() / max(counts[near].sum(), 1))


def _straighten(tilts: tuple[float, float]) -> np.ndarray:
    """The matrix (2, 2) from (x, y) where lines are level and upright to where they are tilted like this."""
    level, upright = np.radians(tilts)
    return np.array([[np.cos(level), -np.sin(upright)], [np.sin(level), np.cos(upright)]])


def _transformed(picture_hw: np.ndarray, onto: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A picture of this shape: what is at p from its middle is at `onto` @ p from the other's."""
    middle, there = np.array(shape[::-1]) / 2, np.array(picture_hw.shape[::-1]) / 2
    (a, b), (d, e) = onto
    c, f = there - onto @ middle
    picture = Image.fromarray(picture_hw.astype(np.float32))
    return np.asarray(
        picture.transform(shape[::-1], Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BILINEAR)
    )


@dataclass(frozen=True)
class _Runs:
    """Level runs of thin ink: masks (h, w) of all ink and of the thin, and the label of each pixel's run."""

    inky_hw: np.ndarray
    thin_hw: np.ndarray
    labels_hw: np.ndarray
    thickest: int


def _thin_runs(strength_hw: np.ndarray, least: float, longer: int) -> _Runs:
    """Where ink is thin from top to bottom and long from left to right.

    It may be not quite level, and interrupted by strokes and other lines.
    """
    thickest = max(3, round(LINE * longer))
    bound = max(LEAST_LINE, 0.8 * least)
    thin_hw = strength_hw - open_picture(strength_hw, (thickest, 1)) > bound
    gap, run = max(3, round(GAP * longer)), max(5, round(RUN * longer))
    runs_hw = open_picture(close_picture(widen(thin_hw, (3, 1)), (1, gap)), (1, run))
    return _Runs(strength_hw > bound, thin_hw, ndimage.label(runs_hw, EIGHT)[0], thickest)


def _grid(runs: Sequence[_Runs], shortest: float, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
    """Level and upright lines of at least `shortest` pixels: a mask (2, h, w). How many, 0 without either."""
    (level_hw, levels), (upright_hw, uprights) = (_long_lines(each, shortest, shape) for each in runs)
    return np.stack([level_hw, upright_hw.T]), levels + uprights if min(levels, uprights) > 1 else 0


def _long_lines(runs: _Runs, shortest: float, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
    """Level lines of at least `shortest` pixels: a mask (h, w), and how many."""
    across, count = ACROSS * min(shape), 0
    lines_hw = np.zeros(runs.thin_hw.shape, dtype=bool)
    for i, (rows, columns) in enumerate(ndimage.find_objects(runs.labels_hw), start=1):
        if columns.stop - columns.start < shortest:
            continue
        own_hw = runs.labels_hw[rows, columns] == i
        # what is shorter might be the bars of digits in a row: a printed line has no gaps
        covered = COVERED if columns.stop - columns.start >= across else WITHOUT_GAPS
        thin_hw, inky_hw = runs.thin_hw[rows, columns], runs.inky_hw[rows, columns]
        straight_hw = _straight(own_hw & thin_hw, inky_hw, covered, runs.thickest)
        lines_hw[rows, columns] |= straight_hw
        count += bool(straight_hw.any())
    return lines_hw, count


def _rungs(strength_hw: np.ndarray, upright_hw: np.ndarray, least: float, longer: int) -> np.ndarray:
    """Level lines (a mask) from one upright line to the next, as between boxes that stand close together."""
    rungs_hw = np.zeros_like(upright_hw)
    bound = max(LEAST_LINE, 0.8 * least)
    inky_hw = strength_hw > bound
    printed_hw = upright_hw & inky_hw
    if not printed_hw.any():
        return rungs_hw
    thickest = max(3, round(LINE * longer))
    thin_hw = (strength_hw - open_picture(strength_hw, (thickest, 1)) > bound) & ~upright_hw
    shortest = round(max(LEAST_BOX, LEAST_BOX_SIDE * longer))
    runs_hw = open_picture(close_picture(widen(thin_hw, (3, 1)), (1, 3)), (1, shortest))
    labels_hw, _ = ndimage.label(runs_hw, EIGHT)
    usual = float(np.median(strength_hw[printed_hw]))
    for i, (rows, columns) in enumerate(ndimage.find_objects(labels_hw), start=1):
        before = slice(max(0, columns.start - TOUCHING), columns.start + 1)
        after = slice(columns.stop - 1, columns.stop + TOUCHING)
        if upright_hw[rows, before].any() and upright_hw[rows, after].any():
            own_hw = (labels_hw[rows, columns] == i) & thin_hw[rows, columns]
            own_n = strength_hw[rows, columns][own_hw]
            if not len(own_n) or float(np.median(own_n)) > DARKER * usual:
                continue  # nothing but what was widened, or a stroke
            rungs_hw[rows, columns] |= _straight(own_hw, inky_hw[rows, columns], WITHOUT_GAPS, thickest)
    return rungs_hw


def _straight(own_hw: np.ndarray, inky_hw: np.ndarray, covered: float, thickest: int) -> np.ndarray:
    """The part of thin ink (a mask) that is one straight line from left to right; nothing if it is not.

    inky_hw: all ink there, which must be on such a share `covered` of the line.
    """
    counts = own_hw.sum(0)
    there = np.flatnonzero(counts)
    empty_hw = np.zeros_like(own_hw)
    if len(there) < COVERED * own_hw.shape[1]:
        return empty_hw
    y = np.arange(own_hw.shape[0])[:, None]
    middles = (own_hw * y).sum(0)[there] / counts[there]
    line = np.polynomial.Polynomial.fit(there, middles, 1)
    for _ in range(4):  # strokes and other lines pull it aside: again without what is far from it
        away = np.abs(line(there) - middles)
        near = away <= max(1.5, float(np.median(away)) * 2)
        if near.sum() < 4:
            return empty_hw
        line = np.polynomial.Polynomial.fit(there[near], middles[near], 2)
    far_hw = np.abs(y - line(np.arange(own_hw.shape[1])))
    band_hw = own_hw & (far_hw <= STRAIGHT)
    if band_hw.any(0).mean() < COVERED or (inky_hw & (far_hw <= STRAIGHT)).any(0).mean() < covered:
        return empty_hw
    # as thick as it is where nothing else lies on it
    thick = float(np.percentile((own_hw & (far_hw <= thickest)).sum(0)[band_hw.any(0)], 40))
    if thick > thickest:
        return empty_hw
    return np.asarray(far_hw <= thick / 2 + 1)


def _boxes(strength_hw: np.ndarray, least: float, longer: int) -> np.ndarray:
    """The sides of boxes around single digits: a mask (2, h, w), level and upright."""
    lines = np.zeros((2, *strength_hw.shape), dtype=bool)
    labels_hw, _ = ndimage.label(strength_hw > least, EIGHT)
    height, width = strength_hw.shape
    for i, place in enumerate(ndimage.find_objects(labels_hw), start=1):
        tall, wide = (part.stop - part.start for part in place)
        if min(tall, wide) < max(LEAST_BOX, LEAST_BOX_SIDE * longer) or max(tall, wide) > 4 * min(tall, wide):
            continue
        own_hw = labels_hw[place] == i
        views = [own_hw, own_hw[::-1], own_hw.T, own_hw.T[::-1]]
        sides = [_upper_side(view, SIDE) for view in views]
        outside = [
            place[0].start <= 1, place[0].stop >= height - 1, place[1].start <= 1, place[1].stop >= width - 1
        ]  # fmt: skip
        there = [bool(side.any()) for side in sides]
        if sum(there) == 3:  # a digit lies on the fourth
            sides = [
                side if known else _upper_side(view, FOURTH_SIDE)
                for side, known, view in zip(sides, there, views, strict=True)
            ]
        closed = sum(side or out for side, out in zip(there, outside, strict=True))
        if sum(there) >= 3 or (sum(there) == 2 and closed == 4):
            lines[0][place] |= sides[0] | sides[1][::-1]
            lines[1][place] |= (sides[2] | sides[3][::-1]).T
    return lines


def _upper_side(own_hw: np.ndarray, share: float) -> np.ndarray:
    """The straight, thin, nearly level line along a piece's upper edge (a mask); nothing without one.

    share: how much of the edge must be there.
    """
    tall, wide = own_hw.shape
    x, y = np.arange(wide), np.arange(tall)[:, None]
    first = own_hw.argmax(0)
    heights = first - SLOPES[:, None] * (x - wide / 2)
    middles = np.median(heights, axis=1, keepdims=True)
    counts = (np.abs(heights - middles) <= 1.2).sum(1)
    which = int(counts.argmax())
    best, count = middles[which] + SLOPES[which] * (x - wide / 2), int(counts[which])
    on_line = np.abs(first - best) <= 1.2
    side_hw = np.zeros_like(own_hw)
    if count < share * wide or np.median(best) > EDGE * tall + 2:
        return side_hw
    # how much ink lies under it without a gap
    under_hw = own_hw | (y < first)
    thick = np.where(under_hw.all(0), tall, (~under_hw).argmax(0)) - first
    usual = float(np.percentile(thick[on_line], 40))
    if usual > max(LEAST_THICK, THICK * max(tall, wide)):
        return side_hw
    return np.asarray((y >= best - 1.5) & (y <= best + usual + 0.5))


def remove_lines(lines: np.ndarray, strength_hw: np.ndarray) -> np.ndarray:
    """Ink without lines (2, h, w): on a line only such ink stays as is thicker than the line is."""
    for axis, lines_hw in enumerate(lines):
        if not lines_hw.any():
            continue
        thick = max(3, min(round(LINE * max(strength_hw.shape)) + 2, _thickness(lines_hw, axis)))
        size = (thick, 1) if axis == 0 else (1, thick)
        strength_hw = np.where(lines_hw, open_picture(strength_hw, size), strength_hw)
    return strength_hw


def measure_thickness(lines: np.ndarray) -> int:
    """How thick lines (2, h, w) usually are, in pixels; 0 where there are none."""
    return max(_thickness(lines_hw, axis) if lines_hw.any() else 0 for axis, lines_hw in enumerate(lines))


def _thickness(lines_hw: np.ndarray, axis: int) -> int:
    """How thick lines usually are, in pixels."""
    seen_hw = lines_hw if axis == 0 else lines_hw.T
    starts = int(np.count_nonzero(np.diff(seen_hw.astype(np.int8), axis=0, prepend=0) == 1))
    return round(int(np.count_nonzero(seen_hw)) / max(starts, 1)) + 1
