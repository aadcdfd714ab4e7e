"""The order in which digits on a page are read: row by row, from left to right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# How far a row may rise or fall, and how far apart in height, in digits' heights, neighbours in it may be.
MOST_TILT, SAME_ROW = 20, 0.55
USUAL_SLOPE = 0.15


def find_rows(centres_n2: np.ndarray, side: float) -> list[list[int]]:
    """Places of the digits, row by row from the top, in each from left to right.

    centres_n2: (row, column) of each digit's middle, in pixels. side: how tall digits are, in pixels.
    """
    if not len(centres_n2):
        return []
    down_n, right_n = centres_n2.T
    slope = _slope(down_n, right_n, side)
    level_n = down_n - slope * right_n
    rows: list[list[int]] = []
    for i in np.argsort(right_n, kind="stable"):
        # a row may lean a little more than the others: what counts is how high its last digits are
        near = [(abs(float(np.mean(level_n[row[-3:]])) - level_n[i]), row) for row in rows]
        distance, row = min(near, key=lambda each: each[0], default=(np.inf, []))
        if distance < SAME_ROW * side:
            row.append(int(i))
        else:
            rows.append([int(i)])
    return sorted(rows, key=lambda row: float(np.mean(level_n[row])))


def measure_slope(centres_n2: np.ndarray, rows: Sequence[Sequence[int]]) -> float:
    """How much rows fall, in pixels down for each to the right; 0 where that cannot be told from chance.

    centres_n2: (row, column) of each digit's middle. rows: places of the digits in each. It is the slope of
    least squares within rows, and counts where it is twice its own standard error.
    """
    away_n2 = np.concatenate([centres_n2[row] - centres_n2[row].mean(0) for row in map(list, rows)])
    (down_n, right_n), free = away_n2.T, len(away_n2) - len(rows) - 1
    spread = float((right_n**2).sum())
    if free < 2 or spread == 0:
        return 0.0
    slope = float((down_n * right_n).sum()) / spread
    error = float(np.sqrt(((down_n - slope * right_n) ** 2).sum() / free / spread))
    return slope if abs(slope) > 2 * error else 0.0


def _slope(down_n: np.ndarray, right_n: np.ndarray, side: float) -> float:
    """How steeply rows fall: the angle at which the digits' heights gather best."""
    slopes = np.tan(np.radians(np.arange(-MOST_TILT, MOST_TILT + 0.1, 0.5)))
    best, least = 0.0, np.inf
    for slope in slopes[np.argsort(np.abs(slopes), kind="stable")]:
        level_n = np.sort(down_n - slope * right_n)
        steps = np.diff(level_n)
        # Rows are apart: what lies between two levels of one row is spread, what lies between rows is not.
        # And few people write or photograph at a slant.
        spread = float(np.minimum(steps, SAME_ROW * side).sum()) + side * (slope / USUAL_SLOPE) ** 2
        if spread < least - 1e-6:
            best, least = float(slope), spread
    return best
