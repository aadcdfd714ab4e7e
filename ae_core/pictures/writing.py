"""What on a page is no digit: lines of writing and odd pieces; and which way up the page is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ae_core.errors import ImageError
from ae_core.pictures.finder import Found
from ae_core.pictures.pieces import Piece
from ae_core.words.sentences import say

# Digits (n, 28, 28) in [0, 1] -> probability of each of the ten classes (n, 10).
Judge = Callable[[Tensor], Tensor]

# A digit is at most so many times as wide as it is tall, as tall as SAME_HEIGHT of the others, has no more
# than MOST_STROKES beside each other, as joined-up letters have, and a judge is SURE of it; a row in which
# fewer than LEAST_DIGITS of the pieces are so is writing.
WIDEST, SAME_HEIGHT, MOST_STROKES, SURE, LEAST_DIGITS = 1.45, (0.6, 1.6), 2.0, 0.9, 0.5
# Letters stand closer together than digits, at less than TIGHT of their height: of LEAST_WORD or more that
# do, a judge must be VERY_SURE of a share LEAST_TIGHT.
TIGHT, LEAST_WORD, LEAST_TIGHT = 0.3, 4, 0.85
# What a judge is less sure of than DOUBTED may be no digit.
DOUBTED = 0.6
# A spot fills so much of a box around it that is no longer than SOLID of its width; ink is PALE below this
# share of full ink.
FULL, SOLID, PALE = 0.82, 2.2, 0.55
# A page is turned where it has LEAST_TURNED digits, and a judge is VERY_SURE of a share READ_TURNED of them,
# which is GAIN more than as it lies, divided by the root of how many they are, as chance is. One with a share
# READ of which it is so as it lies is not.
LEAST_TURNED, VERY_SURE, READ_TURNED, READ, GAIN = 4, 0.95, 0.7, 0.75, 0.8

ONLY_WRITING = say(
    "There is only writing on this picture, and no digit that can be told from it. Write "
    "the digits 0 to 9 apart from each other, on a line of their own."
)
WIDE = say("This is wider than a digit: two digits may touch each other here, or it is writing.")
CUT_OFF = say("This touches the edge of the picture: it may be cut off, or no digit at all.")
SPOT = say("This is a filled spot and has no strokes: it may be no digit.")
FAINT = say("This is much paler than full ink: it may be a stain, a shadow or the other side of the paper.")
UNSURE = say("This may be no digit: nothing it could be read as is likely.")


def find_turns(images_nhw: Tensor, look_sideways: Callable[[], Tensor], judge: Judge) -> int:
    """Quarter turns counter-clockwise after which a page's digits read best, 0 if none helps.

    images_nhw: its digits (n, 28, 28) as it lies. look_sideways: gives those that are found once it is turned
    by a quarter: others, since parts of a digit lie over each other rather than side by side.
    """
    as_it_lies = _measure_reading(images_nhw, judge)[0]
    gain = GAIN / max(1, len(images_nhw)) ** 0.5
    if as_it_lies >= min(READ, 1 - gain):
        return 0  # no other way up can be so much better
    try:
        sideways_nhw = look_sideways()
    except ImageError:
        sideways_nhw = images_nhw[:0]
    ways = {
        2: torch.rot90(images_nhw, 2, (1, 2)),
        1: sideways_nhw,
        3: torch.rot90(sideways_nhw, 2, (1, 2)),
    }
    read = {turns: _measure_reading(each, judge) for turns, each in ways.items()}
    best = max(read, key=lambda turns: read[turns])
    share = read[best][0]
    return best if share > READ_TURNED and share - as_it_lies > gain else 0


def _measure_reading(images_nhw: Tensor, judge: Judge) -> tuple[float, float]:
    """The share of digits (n, 28, 28) that a judge is VERY_SURE of, how sure it is of all; 0 of too few."""
    if len(images_nhw) < LEAST_TURNED:
        return 0.0, 0.0
    sure_n = judge(images_nhw).max(1).values
    return float((sure_n > VERY_SURE).float().mean()), float(sure_n.mean())


def drop_writing(rows: Sequence[Sequence[int]], found: Found, sure: Mapping[int, float]) -> list[list[int]]:
    """The rows without those that are writing.

    rows: places of the pieces found. sure: how sure a judge is of each, in [0, 1]; what it leaves out may be
    a digit. Raises ImageError where nothing else is there.
    """
    pieces = found.pieces
    shaped = [
        i
        for row in rows
        for i in row
        if pieces[i].width <= WIDEST * pieces[i].height
        and sure.get(i, 1) >= SURE
        and _count_strokes(pieces[i], found) <= MOST_STROKES
    ]
    everything = [i for row in rows for i in row]
    heights = sorted(pieces[i].height for i in shaped or everything)
    tall = heights[len(heights) // 2]
    low, high = (share * tall for share in SAME_HEIGHT)
    alike = {i for i in shaped if low <= pieces[i].height <= high}
    very = {i for i in alike if sure.get(i, 1) >= VERY_SURE}
    kept = [
        list(row)
        for row in rows
        if sum(i in alike for i in row) >= LEAST_DIGITS * len(row)
        and (
            len(row) < LEAST_WORD
            or _usual_gap(row, pieces) > TIGHT * tall
            or sum(i in very for i in row) >= LEAST_TIGHT * len(row)
        )
    ]
    if kept:
        return kept
    if len(everything) > 3:
        raise ImageError(ONLY_WRITING)
    return [list(row) for row in rows]


def _count_strokes(piece: Piece, found: Found) -> float:
    """How many strokes lie beside each other in a piece, on average from its top to its foot."""
    own_hw = _mask_of(piece, found)
    return float((np.diff(own_hw.astype(np.int8), axis=1, prepend=0) == 1).sum(1).mean())


def _mask_of(piece: Piece, found: Found) -> np.ndarray:
    """Where in its box a piece's ink is."""
    box = piece.box
    return np.isin(found.labels_hw[box.top : box.bottom, box.left : box.right], piece.labels)


def _usual_gap(row: Sequence[int], pieces: Sequence[Piece]) -> float:
    """Pixels of paper between neighbours in a row."""
    return float(np.median([pieces[j].box.left - pieces[i].box.right for i, j in pairwise(row)]))


def say_doubt(piece: Piece, found: Found, sure: float | None) -> str:
    """Why a piece may be no digit, in one sentence; empty where nothing speaks against it.

    sure: how sure a judge is of it, in [0, 1], None without one.
    """
    box, (height, width) = piece.box, found.strength_hw.shape
    if piece.width > WIDEST * piece.height and piece.width > min(found.digit, SOLID * piece.height):
        return WIDE
    if box.top == 0 or box.left == 0 or box.bottom == height or box.right == width:
        return CUT_OFF
    if piece.area > FULL * piece.height * piece.width and piece.side < SOLID * min(piece.height, piece.width):
        return SPOT
    ink_n = found.strength_hw[box.top : box.bottom, box.left : box.right][_mask_of(piece, found)]
    if len(ink_n) and float(np.percentile(ink_n, 80)) < PALE:
        return FAINT
    return UNSURE if sure is not None and sure < DOUBTED else ""
