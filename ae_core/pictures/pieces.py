"""Ink parted into digits: which pieces belong together, and which are specks, edges or other digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ae_core.errors import ImageError
from ae_core.pictures.ink import ALL_INK, MOST_INK, NO_INK

MOST_DIGITS, MOST_PIECES = 10, 40
# SPECK is a share of the largest piece's area, LEAST_HEIGHT of the page; the others are shares of the tallest
# piece. Gaps up to BROKEN are the pen's; what is lower than SMALL_PART and not farther than NEAR is part of
# its neighbour.
SPECK, LEAST_HEIGHT, BROKEN, SMALL_PART, NEAR, LEAST_DIGIT = 0.04, 0.03, 0.06, 0.6, 0.15, 0.33
# As a share of the threshold: what joins stronger ink.
WEAKER = 0.6
# The soft edge of a stroke is at most a pixel wide at 20 pixels.
SOFT = 0.05
SPECKS = "There are only specks on this picture, too small for a digit. Draw or photograph one digit, larger."


@dataclass(frozen=True)
class Box:
    """Where on the first step's picture a digit is, in that picture's pixels."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Piece:
    """Ink that belongs together: a mask (h, w) of the page, its number of pixels, and the box around it."""

    mask_hw: np.ndarray
    area: int
    box: Box

    @property
    def side(self) -> int:
        return max(self.box.bottom - self.box.top, self.box.right - self.box.left)

    @property
    def height(self) -> int:
        return self.box.bottom - self.box.top

    @property
    def at_edge(self) -> bool:
        height, width = self.mask_hw.shape
        return self.box.top == 0 or self.box.left == 0 or self.box.bottom == height or self.box.right == width

    def gap(self, other: Piece) -> int:
        """Pixels between the boxes, 0 if they overlap."""
        across = max(self.box.left, other.box.left) - min(self.box.right, other.box.right)
        down = max(self.box.top, other.box.top) - min(self.box.bottom, other.box.bottom)
        return max(across, down, 0)

    def __or__(self, other: Piece) -> Piece:
        return _piece(self.mask_hw | other.mask_hw)


def _piece(mask_hw: np.ndarray) -> Piece:
    rows, columns = _bounds(mask_hw)
    return Piece(mask_hw, int(mask_hw.sum()), Box(rows.start, columns.start, rows.stop, columns.stop))


def _bounds(mask_hw: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask_hw.any(1)), np.flatnonzero(mask_hw.any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def find_digits(ink_hw: np.ndarray, threshold: float) -> list[Piece]:
    """Each digit's ink, from left to right, ten at most. Raises ImageError when there is none."""
    mask_hw = ink_hw >= threshold
    if not mask_hw.any():
        raise ImageError(NO_INK)
    # Weaker ink joins what it lies between; where the pen left a stroke open, its parts lie close together.
    joined_hw = ink_hw >= WEAKER * threshold
    tallest = max(piece.side for piece in _on_the_page(_pieces(mask_hw, joined_hw)))
    joined_hw = ndimage.binary_dilation(joined_hw, iterations=max(1, round(BROKEN / 2 * tallest)))
    pieces = _on_the_page(_pieces(mask_hw, joined_hw))
    rim = np.concatenate([mask_hw[0], mask_hw[-1], mask_hw[:, 0], mask_hw[:, -1]])
    if pieces[0].at_edge and rim.mean() > MOST_INK:
        raise ImageError(ALL_INK)
    pieces = _with_small_parts(pieces)
    tallest = max(piece.side for piece in pieces)
    digits = sorted(
        (piece for piece in pieces if piece.side >= LEAST_DIGIT * tallest), key=lambda piece: -piece.area
    )[:MOST_DIGITS]
    if tallest < LEAST_HEIGHT * max(ink_hw.shape):
        raise ImageError(SPECKS)
    return sorted(digits, key=lambda piece: piece.box.left)


def _pieces(mask_hw: np.ndarray, joined_hw: np.ndarray) -> list[Piece]:
    """The largest pieces of ink, at most MOST_PIECES, without specks.

    What lies in one piece of `joined_hw` is one.
    """
    labels_hw, _ = ndimage.label(joined_hw, np.ones((3, 3)))
    areas = np.bincount(labels_hw[mask_hw])
    largest = np.argsort(-areas)[:MOST_PIECES]
    return [_piece((labels_hw == i) & mask_hw) for i in largest if areas[i] > SPECK * areas.max()]


def _on_the_page(pieces: list[Piece]) -> list[Piece]:
    """The pieces without those that touch the picture's edge, unless that is all there is.

    The border of the sheet does, and what lies beside it.
    """
    inside = [piece for piece in pieces if not piece.at_edge]
    least = LEAST_HEIGHT * max(pieces[0].mask_hw.shape)
    return inside if any(piece.side >= least for piece in inside) else pieces


def _with_small_parts(pieces: list[Piece]) -> list[Piece]:
    """Low parts joined to a tall piece near them, as the bar of a 5 to its body.

    Digits in a row are about as tall as each other.
    """
    tallest = max(piece.height for piece in pieces)
    tall = [piece for piece in pieces if piece.height >= SMALL_PART * tallest]
    alone = []
    for part in pieces:
        if part.height >= SMALL_PART * tallest:
            continue
        nearest = min(range(len(tall)), key=lambda i: tall[i].gap(part))
        if tall[nearest].gap(part) <= NEAR * tall[nearest].height:
            tall[nearest] |= part
        else:
            alone.append(part)
    return tall + alone


def isolate(digits: list[Piece], chosen: int, ink_hw: np.ndarray) -> np.ndarray:
    """The ink of one digit, with the soft edges of its strokes."""
    reach = max(1, round(SOFT * digits[chosen].side))
    others_hw = np.zeros(ink_hw.shape, dtype=bool)
    for other in digits[:chosen] + digits[chosen + 1 :]:
        others_hw |= other.mask_hw
    near_hw = ndimage.binary_dilation(digits[chosen].mask_hw, iterations=reach)
    if others_hw.any():
        near_hw &= ~ndimage.binary_dilation(others_hw, iterations=reach) | digits[chosen].mask_hw
    return np.where(near_hw, ink_hw, 0.0)
