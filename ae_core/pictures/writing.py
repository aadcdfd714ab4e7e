"""What on a page is no digit: lines of writing and odd pieces; and which way up the page is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ae_core.errors import ImageError
from ae_core.pictures.finder import Piece

# Digits (n, 28, 28) in [0, 1] -> probability of each of the ten classes (n, 10).
Judge = Callable[[Tensor], Tensor]

# A digit is at most so many times as wide as it is tall, as tall as SAME_HEIGHT of the others, and a judge is
# SURE of it; a row in which fewer than LEAST_DIGITS of the pieces are so is writing.
WIDEST, SAME_HEIGHT, SURE, LEAST_DIGITS = 1.45, (0.6, 1.6), 0.9, 0.5
# What a judge is less sure of than DOUBTED may be no digit.
DOUBTED = 0.6
# A page is turned where it has LEAST_TURNED digits, and a judge is VERY_SURE of a share READ_TURNED of them,
# which is GAIN more than as it lies.
LEAST_TURNED, VERY_SURE, READ_TURNED, GAIN = 4, 0.95, 0.7, 0.3

ONLY_WRITING = (
    "There is only writing on this picture, and no digit that can be told from it. "
    "Write the digits 0 to 9 apart from each other, on a line of their own."
)
WIDE = "This is wider than a digit: two digits may touch each other here, or it is writing."
UNSURE = "This may be no digit: nothing it could be read as is likely."


def find_turns(images_nhw: Tensor, judge: Judge) -> int:
    """Quarter turns counter-clockwise after which a page's digits (n, 28, 28) read best, 0 if none helps."""
    if len(images_nhw) < LEAST_TURNED:
        return 0
    shares = [
        float((judge(torch.rot90(images_nhw, turns, (1, 2))).max(1).values > VERY_SURE).float().mean())
        for turns in range(4)
    ]
    best = max(range(4), key=lambda turns: shares[turns])
    return best if shares[best] > READ_TURNED and shares[best] - shares[0] > GAIN else 0


def drop_writing(
    rows: Sequence[Sequence[int]], pieces: Sequence[Piece], sure: Mapping[int, float]
) -> list[list[int]]:
    """The rows without those that are writing.

    rows: places of pieces. sure: how sure a judge is of each, in [0, 1]; what it leaves out may be a digit.
    Raises ImageError where nothing else is there.
    """
    shaped = [
        i
        for row in rows
        for i in row
        if pieces[i].width <= WIDEST * pieces[i].height and sure.get(i, 1) >= SURE
    ]
    everything = [i for row in rows for i in row]
    heights = sorted(pieces[i].height for i in shaped or everything)
    tall = heights[len(heights) // 2]
    low, high = (share * tall for share in SAME_HEIGHT)
    alike = {i for i in shaped if low <= pieces[i].height <= high}
    kept = [list(row) for row in rows if sum(i in alike for i in row) >= LEAST_DIGITS * len(row)]
    if kept:
        return kept
    if len(everything) > 3:
        raise ImageError(ONLY_WRITING)
    return [list(row) for row in rows]


def say_doubt(piece: Piece, digit: float, sure: float | None) -> str:
    """Why a piece may be no digit, in one sentence; empty where nothing speaks against it.

    digit: how long the page's digits are, in pixels. sure: how sure a judge is of it, None without one.
    """
    if piece.width > WIDEST * piece.height and piece.width > digit:
        return WIDE
    return UNSURE if sure is not None and sure < DOUBTED else ""
