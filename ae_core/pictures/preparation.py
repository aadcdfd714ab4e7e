"""Any picture of digits -> one digit as MNIST has them: 28 × 28, bright ink on black, 20 pixels long, centred.

Every step on the way is kept, so that it can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from ae_core.errors import ImageError
from ae_core.pictures.decoding import decoded

# Pictures are brought to between these sides first, so that lengths below may be shares of a page or a digit.
LEAST_SIDE, WORKING_SIDE = 256, 384
MOST_DIGITS = 10

# MNIST: 20 pixels on the longer side, the centre of mass within half a pixel of row and column 14, counted from 0.
LONGER_SIDE, CENTRE = 20, 14
# Strokes are about two pixels wide there; thinner ones than this would fade when made small.
LEAST_STROKE = 1.3

# Paper changes slowly: a small picture of it will do. A window of half the page holds more paper than ink.
PAPER_SIDE, PAPER_WINDOW = 32, 17
# Shares of the paper's brightness. Below DARKEST_PAPER, of 0 to 255, it is mostly noise; a picture darker than BLACK has no paper.
LEAST_CONTRAST = 0.1
DARKEST_PAPER, BLACK = 20.0, 64
# A page is full of ink when most of it, or most of its rim, is; shadows do not make paper as dark as INK_GREY of the brightest.
MOST_INK, INK_GREY = 0.5, 0.35

# Ink is what is at least half as strong as the strongest ink; a visitor may move that.
THRESHOLD = 0.5
THRESHOLDS = (0.2, 0.9)
# What is kept off the paper's colour, as a share of the strongest ink; and, as a share of the threshold, what joins stronger ink.
PROBABLY_INK, WEAKER = 0.3, 0.6

# Ruled lines: runs of at least RUN, with gaps of at most CROSSED, that go over ACROSS of the page and are no thicker than LINE;
# shares of the page's longer side. LEAST_LINE: the faintest one, as a share of the strongest ink.
RUN, CROSSED, ACROSS, LINE, LEAST_LINE = 0.1, 0.15, 0.6, 0.015, 0.15

# Pieces of ink: SPECK is a share of the largest one's area, LEAST_HEIGHT of the page; the others are shares of the tallest piece.
# Gaps up to BROKEN are the pen's; what is lower than SMALL_PART and not farther than NEAR is part of its neighbour.
SPECK, LEAST_HEIGHT, BROKEN, SMALL_PART, NEAR, LEAST_DIGIT = 0.04, 0.03, 0.06, 0.6, 0.15, 0.33
MOST_PIECES = 40
# The soft edge of a stroke is at most a pixel wide at 20 pixels; FAINTEST is the least grey of it that counts.
SOFT, FAINTEST = 0.05, 0.15

NO_INK = "There is no ink on this picture. Draw or photograph a digit with a dark pen on light paper."
ALL_INK = "There is too much ink on this picture: it fills the page or frames it. Draw or photograph one digit with paper all around it."
SPECKS = "There are only specks on this picture, too small for a digit. Draw or photograph one digit, larger."


@dataclass(frozen=True)
class Wishes:
    """What a visitor may change.

    flip: other polarity than the one found. threshold: the least ink, a share in THRESHOLDS of the strongest.
    quarter_turns: counter-clockwise. digit: which of several, from the left; the largest if None. prepare: False takes
    the picture as it is.
    """

    flip: bool = False
    threshold: float = THRESHOLD
    quarter_turns: int = 0
    digit: int | None = None
    prepare: bool = True


@dataclass(frozen=True)
class Step:
    """One stage of the preparation: a grey picture (h, w) in [0, 1], and why it was done."""

    title: str
    why: str
    picture_hw: np.ndarray


@dataclass(frozen=True)
class Box:
    """Where on the first step's picture a digit is, in that picture's pixels."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class PreparedDigit:
    """The digit (28, 28) float32 in [0, 1], and every stage on the way to it.

    boxes: all digits found, from left to right, ten at most; empty for an unprepared picture. chosen: which of them this is.
    """

    digit_hw: Tensor
    steps: list[Step]
    boxes: list[Box]
    chosen: int = 0


def prepare_file(content: bytes, wishes: Wishes | None = None) -> PreparedDigit:
    """An image file's bytes -> a digit. Raises ImageError, saying why, for what cannot be read or holds no digit."""
    return prepare(decoded(content), wishes)


def prepare(pixels_hwc: np.ndarray, wishes: Wishes | None = None) -> PreparedDigit:
    """Pixels (h, w, 3) of 0 to 255 -> a digit. Raises ImageError when there is no ink on it, or nothing but ink."""
    wishes = wishes or Wishes()
    pixels_hwc = np.rot90(pixels_hwc, wishes.quarter_turns)
    if not wishes.prepare:
        return _unprepared(pixels_hwc, flip=wishes.flip)
    pixels_hwc = _at_working_size(pixels_hwc)
    steps = [Step("Your picture", "In grey: the networks know no colour.", pixels_hwc.mean(2) / 255)]

    ink_hw = _ink(pixels_hwc, flip=wishes.flip)
    steps.append(
        Step("Ink bright, paper black", "Compared with the paper around it, so shadows do not count.", ink_hw)
    )

    lines_hw = _ruled_lines(ink_hw)
    if lines_hw.any():
        ink_hw = _without(lines_hw, ink_hw)
        steps.append(
            Step("Without the paper's lines", "They are long and thin; strokes that cross them stay.", ink_hw)
        )

    found = _digits(ink_hw, wishes.threshold)
    largest = max(range(len(found)), key=lambda i: found[i].area)
    chosen = largest if wishes.digit is None else min(max(wishes.digit, 0), len(found) - 1)
    alone_hw = _alone(found, chosen, ink_hw)
    why = "Specks and edges go; broken strokes stay together." + (
        f" One of {len(found)} digits." if len(found) > 1 else ""
    )
    steps.append(Step("Only the digit", why, alone_hw))

    cut_hw = alone_hw[_extent(alone_hw.max(1)), _extent(alone_hw.max(0))]
    steps.append(Step("Cut out", "Only the ink counts, not where on the page it is.", cut_hw))

    thick_hw = _thickened(cut_hw)
    if thick_hw is not cut_hw:
        steps.append(
            Step("Thicker strokes", "As thin as they are, they would fade at 28 × 28 pixels.", thick_hw)
        )
    scaled_hw = _scaled(thick_hw, LONGER_SIDE)
    if not _fits(scaled_hw):
        scaled_hw = _scaled(thick_hw, LONGER_SIDE - 1)
    length = max(scaled_hw.shape)
    steps.append(
        Step(
            f"{length} pixels long",
            "As long as nearly all of MNIST's digits are, on their longer side.",
            scaled_hw,
        )
    )
    digit_hw = _centred(scaled_hw)
    steps.append(Step("Centred", "Its centre of mass is in the middle of 28 × 28 pixels.", digit_hw))
    return PreparedDigit(torch.from_numpy(digit_hw), steps, [piece.box for piece in found], chosen)


def _unprepared(pixels_hwc: np.ndarray, *, flip: bool) -> PreparedDigit:
    """The picture as it is, only made small: what happens without all this."""
    grey_hw = pixels_hwc.mean(2).astype(np.float32) / 255
    step = Step("Your picture", "In grey: the networks know no colour.", grey_hw)
    digit_hw = _resized(1 - grey_hw if flip else grey_hw, (28, 28)).clip(0, 1)
    return PreparedDigit(
        torch.from_numpy(digit_hw),
        [step, Step("28 × 28 pixels", "Nothing else is done to it.", digit_hw)],
        [],
    )


def _resized(
    picture_hw: np.ndarray, shape: tuple[int, int], how: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    return np.array(Image.fromarray(picture_hw.astype(np.float32)).resize(shape[::-1], how))


def _at_working_size(pixels_hwc: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32, its longer side between LEAST_SIDE and WORKING_SIDE."""
    side = max(pixels_hwc.shape)
    scale = min(max(side, LEAST_SIDE), WORKING_SIDE) / side
    picture = Image.fromarray(np.ascontiguousarray(pixels_hwc))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return np.asarray(
        picture.resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX),
        dtype=np.float32,
    )


# Ink and paper


def _ink(pixels_hwc: np.ndarray, *, flip: bool) -> np.ndarray:
    """How much darker (or, on a dark ground, brighter) than the paper around it each pixel is: (h, w), 1 for the strongest ink."""
    pixels_hwc = ndimage.gaussian_filter(pixels_hwc, (1, 1, 0))  # a pixel's own noise is no ink
    paper_hwc = _paper_around(pixels_hwc, 50)
    # Ink is rare and far from the paper, noise is small and goes both ways: the third power hears the ink alone.
    light_ink = bool(((pixels_hwc - paper_hwc).mean(2).astype(float) ** 3).sum() > 0) != flip
    if not light_ink and _is_mostly_dark(pixels_hwc):
        raise ImageError(ALL_INK)
    # Broad strokes colour that first guess of the paper, the more so if they are light: guess again without them.
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


def _is_mostly_dark(pixels_hwc: np.ndarray) -> bool:
    grey_hw = pixels_hwc.mean(2)
    return bool((grey_hw < INK_GREY * np.percentile(grey_hw, 99)).mean() > MOST_INK)


def _paper_around(pixels_hwc: np.ndarray, percentile: int) -> np.ndarray:
    """The paper's colour at each place (h, w, 3), guessed without knowing the ink: what is frequent around it."""
    small_hwc = _in_colour(pixels_hwc, _paper_shape(pixels_hwc))
    small_hwc = ndimage.percentile_filter(
        small_hwc, percentile, (PAPER_WINDOW, PAPER_WINDOW, 1), mode="nearest"
    )
    return _in_colour(small_hwc, pixels_hwc.shape[:2], Image.Resampling.BILINEAR)


def _paper_beside(pixels_hwc: np.ndarray, ink_hw: np.ndarray) -> np.ndarray:
    """The paper's colour at each place (h, w, 3), and under the ink (a mask) that of the nearest paper."""
    shape = _paper_shape(pixels_hwc)
    small_hwc = _in_colour(pixels_hwc, shape)
    inky_hw = ndimage.binary_dilation(_resized(ink_hw, shape) > 0.01)
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
    return np.dstack([_resized(channel_hw, shape, how) for channel_hw in picture_hwc.transpose(2, 0, 1)])


def _strength(away_hwc: np.ndarray, paper_hwc: np.ndarray) -> np.ndarray:
    """(h, w): as a share of the paper's own brightness, so that ink in the shade counts as ink in the light does.

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


# Ruled lines


def _ruled_lines(ink_hw: np.ndarray) -> np.ndarray:
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


def _without(lines_hw: np.ndarray, ink_hw: np.ndarray) -> np.ndarray:
    """On a line only such ink stays as is thicker than the line, in the line's own direction across."""
    thickest = max(3, round(LINE * max(ink_hw.shape)))
    for line_hw, size in zip(lines_hw, ((thickest, 1), (1, thickest)), strict=True):
        ink_hw = np.where(line_hw, ndimage.grey_opening(ink_hw, size), ink_hw)
    return ink_hw


# Pieces of ink


@dataclass(frozen=True)
class _Piece:
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

    def gap(self, other: _Piece) -> int:
        """Pixels between the boxes, 0 if they overlap."""
        across = max(self.box.left, other.box.left) - min(self.box.right, other.box.right)
        down = max(self.box.top, other.box.top) - min(self.box.bottom, other.box.bottom)
        return max(across, down, 0)

    def __or__(self, other: _Piece) -> _Piece:
        return _piece(self.mask_hw | other.mask_hw)


def _piece(mask_hw: np.ndarray) -> _Piece:
    rows, columns = _bounds(mask_hw)
    return _Piece(mask_hw, int(mask_hw.sum()), Box(rows.start, columns.start, rows.stop, columns.stop))


def _bounds(mask_hw: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask_hw.any(1)), np.flatnonzero(mask_hw.any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _digits(ink_hw: np.ndarray, threshold: float) -> list[_Piece]:
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


def _pieces(mask_hw: np.ndarray, joined_hw: np.ndarray) -> list[_Piece]:
    """The largest pieces of ink, at most MOST_PIECES, specks left out; what lies in one piece of `joined_hw` is one."""
    labels_hw, _ = ndimage.label(joined_hw, np.ones((3, 3)))
    areas = np.bincount(labels_hw[mask_hw])
    largest = np.argsort(-areas)[:MOST_PIECES]
    return [_piece((labels_hw == i) & mask_hw) for i in largest if areas[i] > SPECK * areas.max()]


def _on_the_page(pieces: list[_Piece]) -> list[_Piece]:
    """Without what touches the picture's edge (the border of the sheet, what lies beside it), unless that is all there is."""
    inside = [piece for piece in pieces if not piece.at_edge]
    least = LEAST_HEIGHT * max(pieces[0].mask_hw.shape)
    return inside if any(piece.side >= least for piece in inside) else pieces


def _with_small_parts(pieces: list[_Piece]) -> list[_Piece]:
    """Low parts joined to a tall piece near them, as the bar of a 5 to its body: digits in a row are about as tall as each other."""
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


def _alone(digits: list[_Piece], chosen: int, ink_hw: np.ndarray) -> np.ndarray:
    """The ink of one digit, with the soft edges of its strokes."""
    reach = max(1, round(SOFT * digits[chosen].side))
    others_hw = np.zeros(ink_hw.shape, dtype=bool)
    for other in digits[:chosen] + digits[chosen + 1 :]:
        others_hw |= other.mask_hw
    near_hw = ndimage.binary_dilation(digits[chosen].mask_hw, iterations=reach)
    if others_hw.any():
        near_hw &= ~ndimage.binary_dilation(others_hw, iterations=reach) | digits[chosen].mask_hw
    return np.where(near_hw, ink_hw, 0.0)


# To MNIST's size


def _extent(profile: np.ndarray) -> slice:
    """From where to where a row or column is ink: where it has at least half the grey of what lies just inside."""
    length = np.count_nonzero(profile >= THRESHOLD)
    inside = max(1, round(length / LONGER_SIDE / 2))
    first, last = (_first(way, inside) for way in (profile, profile[::-1]))
    return slice(first, len(profile) - last)


def _first(profile: np.ndarray, inside: int) -> int:
    further = np.append(profile[inside:], np.zeros(inside))
    return int(np.argmax((profile >= FAINTEST) & (profile >= further / 2)))


def _thickened(ink_hw: np.ndarray) -> np.ndarray:
    """Strokes as wide as MNIST's at 28 × 28, where they are thinner; the same array where they are not."""
    inside_hw = np.pad(ink_hw >= THRESHOLD, 1)
    depth_hw = ndimage.distance_transform_edt(inside_hw)
    ridge_hw = (depth_hw == ndimage.maximum_filter(depth_hw, 3)) & inside_hw
    if not ridge_hw.any():
        return ink_hw
    width = float(np.median(depth_hw[ridge_hw])) * 2 - 1
    missing = LEAST_STROKE * max(ink_hw.shape) / LONGER_SIDE - width
    if missing < 1:
        return ink_hw
    reach = round(missing / 2) or 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(ndimage.grey_dilation(np.pad(ink_hw, reach), footprint=x**2 + y**2 <= reach**2 + 1))


def _scaled(ink_hw: np.ndarray, longer_side: int) -> np.ndarray:
    """The longer side so many pixels, the strokes as bright as can be."""
    scale = longer_side / max(ink_hw.shape)
    height, width = (max(1, round(side * scale)) for side in ink_hw.shape)
    scaled_hw = _resized(
        ink_hw, (height, width), Image.Resampling.LANCZOS if scale > 1 else Image.Resampling.BOX
    ).clip(0, 1)
    return (scaled_hw / max(float(np.percentile(scaled_hw[scaled_hw > 0], 95)), 0.05)).clip(0, 1)


def _place(ink_hw: np.ndarray) -> tuple[int, int]:
    """Where its upper left corner belongs, so that the centre of mass is nearest (14, 14), where MNIST has it."""
    down, right = ndimage.center_of_mass(ink_hw)
    return round(CENTRE - down), round(CENTRE - right)


def _fits(ink_hw: np.ndarray) -> bool:
    """Whether nothing is cut off there; of a digit with nearly all its ink at one end, something may be."""
    return all(0 <= first <= 28 - side for first, side in zip(_place(ink_hw), ink_hw.shape, strict=True))


def _centred(ink_hw: np.ndarray) -> np.ndarray:
    """On 28 × 28, moved by whole pixels to its place, or as near to it as can be with nothing cut off."""
    height, width = ink_hw.shape
    top, left = (
        min(max(first, 0), 28 - side) for first, side in zip(_place(ink_hw), ink_hw.shape, strict=True)
    )
    page_hw = np.zeros((28, 28), dtype=np.float32)
    page_hw[top : top + height, left : left + width] = ink_hw
    return page_hw


def enlarged(picture_hw: np.ndarray, side: int = 224) -> Image.Image:
    """A small picture with its pixels made visible, on a black square of `side` pixels."""
    scale = side / max(picture_hw.shape)
    size = (max(1, round(picture_hw.shape[1] * scale)), max(1, round(picture_hw.shape[0] * scale)))
    picture = Image.fromarray((picture_hw * 255).round().clip(0, 255).astype(np.uint8)).resize(
        size, Image.Resampling.NEAREST
    )
    square = Image.new("L", (side, side), 0)
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square
