"""Strokes of a pen on a drawing board -> a picture of them. `ae_core/living/strokes.js` does the same.

A pen is as wide as MNIST's strokes are once the digit is 20 pixels long, however large or small it was drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from ae_core.pictures.preparation import LONGER_SIDE

# Pixels on a side of the picture.
PICTURE_SIDE = 384
# The board's side, and the widths of its pens and its rubber, in the board's units.
BOARD = 280
PENS = {"thin": 13, "medium": 18, "thick": 28}
PEN, RUBBER = PENS["medium"], 40
WIDTHS = (4, 60)
MOST_STROKES, MOST_POINTS = 200, 6_000
# A width where the device says nothing of pressure, which is 0.5 there, is the width chosen.
LIGHTEST, MORE_WITH_PRESSURE = 0.6, 0.8
# The medium pen in a digit of LONGER_SIDE pixels; but no pen grows thinner than this share of its width.
PIXELS_WIDE, LEAST_SHARE = 2, 0.25
ROUNDS = 8
# Paper around the board, so that no ink touches the picture's edge; the least of the board that is drawn, in
# lengths of the ink; and dots for each pixel of the picture.
MARGIN, LEAST_PART, DOTS = 30, 2.5, 4


@dataclass(frozen=True)
class Stroke:
    """One line of the pen, or of the rubber.

    width: in the board's units. points: x, y, pressure of each point, one after the other; x and y in
    [0, BOARD] from the upper left corner, pressure in [0, 1].
    """

    rubs: bool
    width: float
    points: tuple[float, ...]

    @property
    def points_n3(self) -> np.ndarray:
        """x, y and radius of each point."""
        points_n3 = np.array(self.points).reshape(-1, 3)
        points_n3[:, 2] = self.width / 2 * (LIGHTEST + MORE_WITH_PRESSURE * points_n3[:, 2])
        return points_n3


def read_strokes(found: object) -> tuple[Stroke, ...] | None:
    """Strokes as a browser tells them: of each "rubs", "width" and "points". None from whatever else."""
    if not isinstance(found, Sequence) or isinstance(found, str) or len(found) > MOST_STROKES:
        return None
    strokes = [_read_stroke(each) for each in found]
    whole = tuple(stroke for stroke in strokes if stroke is not None)
    points = sum(len(stroke.points) for stroke in whole) // 3
    return whole if len(whole) == len(strokes) and points <= MOST_POINTS else None


def _read_stroke(each: object) -> Stroke | None:
    if not isinstance(each, Mapping):
        return None
    rubs, width, points = each.get("rubs"), each.get("width"), each.get("points")
    if not isinstance(rubs, bool) or not isinstance(points, list):
        return None
    if not isinstance(width, int | float) or not _is_between(width, *WIDTHS):
        return None
    if not 0 < len(points) <= 3 * MOST_POINTS or len(points) % 3:
        return None
    if not all(_is_between(value, 0, 1 if i % 3 == 2 else BOARD) for i, value in enumerate(points)):
        return None
    return Stroke(rubs, width, tuple(points))


def _is_between(value: object, low: float, high: float) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and low <= value <= high


def has_ink(strokes: Sequence[Stroke]) -> bool:
    """Whether anything that a pen drew has not been rubbed out."""
    return len(_points_left(strokes)) > 0


def draw_strokes(strokes: Sequence[Stroke]) -> np.ndarray:
    """Black on white: (PICTURE_SIDE, PICTURE_SIDE, 3) of 0 to 255, for `page.prepare_drawing`.

    The board with a margin; of what was drawn small, the part with the ink.
    """
    share = measure_pen(strokes)
    left, top, side = _choose_part(strokes, share)
    scale = DOTS * PICTURE_SIDE / side
    picture = Image.new("L", (DOTS * PICTURE_SIDE, DOTS * PICTURE_SIDE), 255)
    pencil = ImageDraw.Draw(picture)
    for stroke in strokes:
        colour = 255 if stroke.rubs else 0
        points_n3 = stroke.points_n3
        points_n3[:, :2] -= (left, top)
        points_n3[:, 2] *= max(share, 1) if stroke.rubs else share
        for first, second in pairwise(scale * points_n3):
            pencil.polygon(_sides(first, second), fill=colour)
        for x, y, radius in scale * points_n3:
            pencil.circle((x - 0.5, y - 0.5), radius, fill=colour)
    grey_hw = np.asarray(picture.resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BOX))
    return np.repeat(grey_hw[..., None], 3, axis=2)


def _choose_part(strokes: Sequence[Stroke], share: float) -> tuple[float, float, float]:
    """Left and upper edge, and side, of the square to draw."""
    side = BOARD + 2.0 * MARGIN
    points_k3 = _points_left(strokes)
    if not len(points_k3):
        return -MARGIN, -MARGIN, side
    low_2, high_2 = _ink_corners(points_k3, share)
    side = min(side, LEAST_PART * float((high_2 - low_2).max()))
    left, top = ((low_2 + high_2 - side) / 2).clip(-MARGIN, BOARD + MARGIN - side)
    return float(left), float(top), side


def _ink_corners(points_k3: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Upper left and lower right corner of the ink around these points, whose widths are times `share`."""
    places_k2, radii_k1 = points_k3[:, :2], share * points_k3[:, 2:]
    return (places_k2 - radii_k1).min(0), (places_k2 + radii_k1).max(0)


def _sides(first: np.ndarray, second: np.ndarray) -> list[tuple[float, float]]:
    """Corners of the line between two points (x, y, radius), as wide at each as its radius says."""
    right, down = second[:2] - first[:2]
    length = math.hypot(right, down) or 1
    across = np.array([-down, right]) / length
    ends = [
        (point[:2], sign * point[2]) for point, sign in ((first, 1), (second, 1), (second, -1), (first, -1))
    ]
    return [tuple(place + far * across - 0.5) for place, far in ends]


def measure_pen(strokes: Sequence[Stroke]) -> float:
    """By what each pen's width is multiplied, so that the medium one is PIXELS_WIDE in a prepared digit."""
    points_k3 = _points_left(strokes)
    share = 1.0
    if not len(points_k3):
        return share
    for _ in range(ROUNDS):  # the wider the pen, the longer the digit: each round has a quarter of the error
        low_2, high_2 = _ink_corners(points_k3, share)
        share = max(float((high_2 - low_2).max()) * PIXELS_WIDE / LONGER_SIDE / PEN, LEAST_SHARE)
    return share


def _points_left(strokes: Sequence[Stroke]) -> np.ndarray:
    """x, y and radius (k, 3) of the pens' points that no later rubber went over."""
    left = np.empty((0, 3))
    for stroke in strokes:
        points_n3 = stroke.points_n3
        if not stroke.rubs:
            left = np.concatenate([left, points_n3])
            continue
        for first, second in pairwise([points_n3[0], *points_n3]):
            left = left[_distances(left, first, second) > first[2]]
    return left


def _distances(points_n3: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far each point lies from the line between two."""
    along_2 = second[:2] - first[:2]
    offsets_n2 = points_n3[:, :2] - first[:2]
    shares_n = (offsets_n2 @ along_2 / (along_2 @ along_2 or 1)).clip(0, 1)
    return np.asarray(np.hypot(*(offsets_n2 - shares_n[:, None] * along_2).T))
