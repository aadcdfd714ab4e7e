"""Which ink on a page is a digit: pieces put together, and writing, frames, edges and specks left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ae_core.errors import ImageError
from ae_core.pictures.ink import NO_INK, Ink
from ae_core.pictures.lines import find_lines, measure_thickness, remove_lines
from ae_core.pictures.pieces import Box, Piece
from ae_core.pictures.windows import grow
from ae_core.words.sentences import say

# As a share of the threshold: what joins stronger ink. And what is ink of a pen, as a share of full ink.
WEAKER, FULL = 0.6, 0.8
# Shares of the picture's longer side: smaller pieces are no digits; gaps of the pen are closed.
LEAST_SIDE, PEN_GAP = 0.009, 0.0015
# Shares of how long digits are: parts up to NEAR belong together if what they make is no longer than LONGEST;
# two LOW ones of which one lies over the other even up to OVER.
NEAR, SMALL_PART, LONGEST, LEAST_DIGIT, MOST_DIGIT = 0.2, 0.75, 1.3, 0.42, 2.2
# What is longer than this may be two digits.
TOO_LONG = 1.7
LOW, OVER = 0.65, 0.32
# A bar is no taller than FLAT, and belongs to what begins no more than FLAT_NEAR below it.
FLAT, FLAT_NEAR = 0.3, 0.15
# How long digits are is not asked of pieces that are more slender than this.
MOST_SLENDER = 2.2
# A few pieces on a picture are parts of one if no farther from each other than a share of what they make, one
# over the other than another.
FEW, FEW_NEAR, FEW_OVER = 5, 0.11, 0.16
# What is thin and has more than MOST_BESIDE of its ink within BESIDE pixels of a removed line is its remains.
BESIDE, MOST_BESIDE = 4, 0.7
# A frame leaves this share of its side free around what it frames, which is at least so large a share of it.
FRAMED, FRAME_INK = 0.35, 0.3
# Around a piece, RING of its length away, no more than MOST_DARK of what is not ink is as dark as it.
RING, AS_DARK, MOST_DARK = 0.04, 1.2, 0.25
EIGHT = np.ones((3, 3))
ONLY_LINES = say(
    "There are printed lines or boxes on this picture, and no digit. Write one between "
    "them, or photograph one without them."
)
SPECKS = say(
    "There are only specks on this picture, too small for a digit. Draw or photograph one digit, larger."
)
ONLY_EDGES = say(
    "What is dark on this picture is the edge of a shadow or of another thing, and no "
    "digit. Photograph a digit with paper all around it."
)


@dataclass(frozen=True)
class Found:
    """A page's ink without lines (h, w), the label of each pixel's piece, and the pieces that may be digits.

    digit: how long digits are, in pixels. lines: a mask (2, h, w) of level and of upright lines.
    """

    strength_hw: np.ndarray
    labels_hw: np.ndarray
    lines: np.ndarray
    pieces: tuple[Piece, ...]
    digit: float


def find_pieces(ink: Ink, threshold: float) -> Found:
    """Pieces of a page's ink that may be digits, in no order. Raises ImageError where there are none.

    threshold: the least ink, as a share of full ink.
    """
    longer = max(ink.strength_hw.shape)
    bound = max(threshold, ink.least)
    strength_hw = ink.strength_hw
    labels_hw, pieces = _label(strength_hw, bound, longer)
    lines = find_lines(strength_hw, ink.least, _median_side(pieces) if len(pieces) > 5 else 0.0)
    if lines.any():
        strength_hw = remove_lines(lines, strength_hw)
        labels_hw, pieces = _label(strength_hw, bound, longer)
    if not pieces:
        raise ImageError(ONLY_LINES if lines.any() else NO_INK)
    pieces = _without_remains(pieces, labels_hw, lines)
    pieces = _without_frames(_take_apart(pieces, strength_hw, labels_hw))
    pieces = _without_edges(pieces, ink.strength_hw.shape)
    pieces = [piece for piece in pieces if _is_on_paper(piece, labels_hw, ink)]
    if not pieces:
        raise ImageError(ONLY_LINES if lines.any() else ONLY_EDGES)
    pieces = _put_together(pieces)
    digit = _usual_side(pieces)
    if digit < 2 * LEAST_SIDE * longer:
        raise ImageError(ONLY_LINES if lines.any() else SPECKS)
    digits = tuple(each for each in pieces if LEAST_DIGIT * digit <= each.side <= MOST_DIGIT * digit)
    return Found(strength_hw, labels_hw, lines, digits, digit)


def measure_pieces(ink: Ink, threshold: float) -> float:
    """How long pieces of a page's ink are, in pixels, printed lines and all; 0 where there are none."""
    bound = max(threshold, ink.least)
    return _usual_side(_label(ink.strength_hw, bound, max(ink.strength_hw.shape))[1])


def _take_apart(pieces: list[Piece], strength_hw: np.ndarray, labels_hw: np.ndarray) -> list[Piece]:
    """The pieces, and in place of those too long for a digit their parts in full ink, which get new labels.

    So digits come apart that hang together by a pen's gap or a printed line, or lie on a stain.
    """
    usual, kept = _usual_side(pieces), []
    for piece in pieces:
        if piece.side <= TOO_LONG * usual:
            kept.append(piece)
            continue
        box, first = piece.box, int(labels_hw.max()) + 1
        place = (slice(box.top, box.bottom), slice(box.left, box.right))
        full_hw = np.isin(labels_hw[place], piece.labels) & (strength_hw[place] >= FULL)
        parts_hw, _ = ndimage.label(full_hw, EIGHT)
        parts = []
        for i, (rows, columns) in enumerate(ndimage.find_objects(parts_hw)):
            top, left = box.top + rows.start, box.left + columns.start
            part = Box(top, left, box.top + rows.stop, box.left + columns.stop)
            if LEAST_DIGIT * usual <= part.side <= MOST_DIGIT * usual:
                area = int((parts_hw[rows, columns] == i + 1).sum())
                parts.append(Piece(part, (first + i,), area))
        if len(parts) > 1 or piece.side > MOST_DIGIT * usual:
            labels_hw[place] = np.where(full_hw, parts_hw + (first - 1), labels_hw[place])
            kept += parts
        if len(parts) < 2:
            kept.append(piece)
    return kept


def _label(strength_hw: np.ndarray, bound: float, longer: int) -> tuple[np.ndarray, list[Piece]]:
    """The label of each pixel's piece (h, w), 0 for paper; and the pieces, without specks."""
    joined_hw = strength_hw >= WEAKER * bound
    reach = round(PEN_GAP * longer)
    if reach:
        joined_hw = grow(joined_hw, reach)
    labels_hw, count = ndimage.label(joined_hw, EIGHT)
    strong = np.bincount(labels_hw[strength_hw >= bound], minlength=count + 1) > 0
    strong[0] = False
    labels_hw[(strength_hw < WEAKER * bound) | ~strong[labels_hw]] = 0
    areas = np.bincount(labels_hw.ravel(), minlength=count + 1)
    least = max(3, round(LEAST_SIDE * longer / 2))
    pieces = []
    for i, place in enumerate(ndimage.find_objects(labels_hw, max_label=count), start=1):
        if place is None:
            continue
        rows, columns = place
        if max(rows.stop - rows.start, columns.stop - columns.start) >= least:
            box = Box(rows.start, columns.start, rows.stop, columns.stop)
            pieces.append(Piece(box, (i,), int(areas[i])))
    return labels_hw, pieces


def _without_remains(pieces: list[Piece], labels_hw: np.ndarray, lines: np.ndarray) -> list[Piece]:
    """Without what is left of lines beside where they were removed."""
    if not lines.any():
        return pieces
    near_hw = grow(np.asarray(lines.any(0)), BESIDE)
    at_lines = np.bincount(labels_hw[near_hw], minlength=int(labels_hw.max()) + 1)
    thin = measure_thickness(lines) + 2
    return [
        piece
        for piece in pieces
        if min(piece.height, piece.width) > thin
        or at_lines[list(piece.labels)].sum() < MOST_BESIDE * piece.area
    ]


def _usual_side(pieces: list[Piece]) -> float:
    """How long digits are: the median, longer pieces counting for more, words and strokes for nothing."""
    alike = [piece for piece in pieces if piece.side <= MOST_SLENDER * min(piece.height, piece.width)]
    sides = np.sort([piece.side for piece in alike or pieces]).astype(float)
    if not len(sides):
        return 0.0
    weights = np.cumsum(sides)
    return float(sides[np.searchsorted(weights, weights[-1] / 2)])


def _median_side(pieces: list[Piece]) -> float:
    """How long pieces are that are neither flat nor as large as half of the page."""
    sides = [piece.side for piece in pieces if piece.side < 4 * min(piece.height, piece.width)]
    return float(np.median(sides)) if len(sides) > 5 else 0.0


def _without_frames(pieces: list[Piece]) -> list[Piece]:
    """Without thin pieces around others, as a box or a ring drawn around a digit is."""
    return [
        piece
        for piece in pieces
        if piece.area > FRAME_INK * piece.height * piece.width
        or not any(_is_framed(other, piece) for other in pieces)
    ]


def _is_framed(inner: Piece, outer: Piece) -> bool:
    margin = 0.04 * outer.side
    return (
        inner.side >= FRAMED * outer.side
        and inner.box.top > outer.box.top + margin
        and inner.box.left > outer.box.left + margin
        and inner.box.bottom < outer.box.bottom - margin
        and inner.box.right < outer.box.right - margin
    )


def _is_on_paper(piece: Piece, labels_hw: np.ndarray, ink: Ink) -> bool:
    """Whether there is paper on all sides of the piece: the edge of a shadow or a thumb has none on one."""
    box, reach = piece.box, max(2, round(RING * piece.side))
    place = (
        slice(max(0, box.top - 2 * reach), box.bottom + 2 * reach),
        slice(max(0, box.left - 2 * reach), box.right + 2 * reach),
    )
    own_hw = np.isin(labels_hw[place], piece.labels)
    near_hw = grow(own_hw, reach)
    ring_hw = grow(near_hw, max(1, reach // 2)) & ~near_hw
    ring_hw &= (labels_hw[place] == 0) & (ink.strength_hw[place] < 0.5)
    if not ring_hw.any():
        return True
    grey_hw = ink.seen_hwc[place] @ ink.weights_c
    inside, around = float(np.median(grey_hw[own_hw])), grey_hw[ring_hw]
    return float((around < AS_DARK * inside).mean()) < MOST_DARK


def _put_together(pieces: list[Piece]) -> list[Piece]:
    """Parts of one digit joined: the bar of a 5 to its body, what a pen left open, an 8 of two rings."""
    digit = _usual_side(pieces)
    few = len([each for each in pieces if each.side > 0.2 * digit]) <= FEW
    pieces = sorted(pieces, key=lambda piece: -piece.side)
    while True:
        joins = [
            (_gap(pieces[i], pieces[j]), i, j)
            for i, j in _near_pairs(pieces, np.inf if few else max(NEAR, OVER) * digit)
            if _belong_together(pieces[i], pieces[j], digit, few=few)
        ]
        if not joins:
            return pieces
        _, i, j = min(joins)
        joined = pieces[i] | pieces[j]
        pieces = [each for k, each in enumerate(pieces) if k not in (i, j)] + [joined]
        if few:
            digit = _usual_side(pieces)


def _near_pairs(pieces: list[Piece], reach: float) -> list[tuple[int, int]]:
    """Places (i, j), j < i, of pieces whose boxes are no more than `reach` pixels apart."""
    top, left, bottom, right = np.array(
        [(each.box.top, each.box.left, each.box.bottom, each.box.right) for each in pieces]
    ).T
    down_nn = np.maximum(top[:, None], top) - np.minimum(bottom[:, None], bottom)
    across_nn = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    first, second = np.nonzero(np.tril(np.maximum(down_nn, across_nn) <= reach, -1))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def _gap(one: Piece, two: Piece) -> float:
    """Pixels between the boxes, 0 if they overlap."""
    across = max(one.box.left, two.box.left) - min(one.box.right, two.box.right)
    down = max(one.box.top, two.box.top) - min(one.box.bottom, two.box.bottom)
    return max(across, down, 0)


def _belong_together(one: Piece, two: Piece, digit: float, *, few: bool) -> bool:
    smaller, larger = (one, two) if one.side < two.side else (two, one)
    both = one | two
    gap = _gap(one, two)
    across = min(one.box.right, two.box.right) - max(one.box.left, two.box.left)
    over = across > 0.4 * min(one.width, two.width)
    low = max(one.height, two.height) < LOW * digit
    if over and low and gap <= OVER * digit and both.side <= digit:
        return True
    flat, below = (one, two) if one.box.top < two.box.top else (two, one)
    if (
        flat.height < FLAT * digit
        and gap <= FLAT_NEAR * digit
        and across > -FLAT_NEAR * digit
        and flat.box.bottom < below.middle[0]
        and both.side <= LONGEST * digit
    ):
        return True  # the bar of a 5, which may begin where the body ends
    if smaller.side < SMALL_PART * digit and gap <= NEAR * digit and both.side <= LONGEST * digit:
        # two low pieces side by side are letters, or a digit each; a part lies over, under or on another
        beside = across < 0.25 * min(one.width, two.width)
        if not beside or gap <= 0.07 * digit or smaller.side < 0.45 * larger.side:
            return True
    if few:
        # two digits beside each other are about as tall as each other, and do not lie over each other
        lower, taller = sorted((one.height, two.height))
        if gap <= (FEW_OVER if over else FEW_NEAR) * both.side:
            return across > 0.25 * min(one.width, two.width) or lower < 0.6 * taller
    return False


def _without_edges(pieces: list[Piece], shape: tuple[int, ...]) -> list[Piece]:
    """Without pieces that touch the picture's edge, unless that is all there is."""
    height, width = shape[:2]
    inside = [
        each
        for each in pieces
        if each.box.top > 0 and each.box.left > 0 and each.box.bottom < height and each.box.right < width
    ]
    largest = max((each.side for each in pieces), default=0)
    return inside if any(each.side >= 0.1 * largest for each in inside) else pieces
