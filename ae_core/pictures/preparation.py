"""The ink of one digit -> as MNIST has them: 28 × 28, bright on black, 20 pixels long, centred.

Every step on the way is kept, so that it can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from ae_core.pictures.scaling import resize
from ae_core.words.sentences import say

# MNIST: 20 pixels on the longer side, the centre of mass within half a pixel of row and column 14, counted
# from 0.
LONGER_SIDE, CENTRE = 20, 14
# Strokes are about two pixels wide there; thinner ones than this would fade when made small.
LEAST_STROKE = 1.3
# The least grey of a stroke's soft edge that counts.
FAINTEST = 0.15

# Ink is what is at least half as strong as the strongest ink; a visitor may move that.
THRESHOLD = 0.5
THRESHOLDS = (0.2, 0.9)


@dataclass(frozen=True)
class Wishes:
    """What a visitor may change.

    flip: other polarity than the one found. threshold: the least ink, a share in THRESHOLDS of the strongest.
    quarter_turns: counter-clockwise. prepare: False takes the picture as it is.
    """

    flip: bool = False
    threshold: float = THRESHOLD
    quarter_turns: int = 0
    prepare: bool = True


@dataclass(frozen=True)
class Step:
    """One stage of the preparation: a grey picture (h, w) in [0, 1], and why it was done."""

    title: str
    why: str
    picture_hw: np.ndarray


def finish_digit(alone_hw: np.ndarray, steps: list[Step]) -> np.ndarray:
    """Digit (28, 28) float32 in [0, 1] from its ink alone (h, w) in [0, 1]; its steps go to `steps`."""
    cut_hw = alone_hw[_extent(alone_hw.max(1)), _extent(alone_hw.max(0))]
    steps.append(Step(say("Cut out"), say("Only the ink counts, not where on the page it is."), cut_hw))

    thick_hw = _thickened(cut_hw)
    if thick_hw is not cut_hw:
        steps.append(
            Step(
                say("Thicker strokes"),
                say("As thin as they are, they would fade at 28 × 28 pixels."),
                thick_hw,
            )
        )
    scaled_hw = _scaled(thick_hw, LONGER_SIDE)
    if not _fits(scaled_hw):
        scaled_hw = _scaled(thick_hw, LONGER_SIDE - 1)
    length = max(scaled_hw.shape)
    steps.append(
        Step(
            say("{length} pixels long", length=length),
            say("As long as nearly all of MNIST's digits are, on their longer side."),
            scaled_hw,
        )
    )
    digit_hw = _centred(scaled_hw)
    steps.append(
        Step(say("Centred"), say("Its centre of mass is in the middle of 28 × 28 pixels."), digit_hw)
    )
    return digit_hw


def shrink_as_it_is(pixels_hwc: np.ndarray, *, flip: bool) -> tuple[np.ndarray, list[Step]]:
    """A picture (h, w, 3) only made small, (28, 28) float32 in [0, 1], and the steps: without all this."""
    grey_hw = pixels_hwc.mean(2).astype(np.float32) / 255
    step = Step(say("Your picture"), say("In grey: the networks know no colour."), grey_hw)
    digit_hw = resize(1 - grey_hw if flip else grey_hw, (28, 28)).clip(0, 1)
    return digit_hw, [step, Step(say("28 × 28 pixels"), say("Nothing else is done to it."), digit_hw)]


def _extent(profile: np.ndarray) -> slice:
    """From where to where a row or column is ink.

    That is where it has at least half the grey of what lies just inside.
    """
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
    scaled_hw = resize(
        ink_hw, (height, width), Image.Resampling.LANCZOS if scale > 1 else Image.Resampling.BOX
    ).clip(0, 1)
    return (scaled_hw / max(float(np.percentile(scaled_hw[scaled_hw > 0], 95)), 0.05)).clip(0, 1)


def _place(ink_hw: np.ndarray) -> tuple[int, int]:
    """The row and column of its upper left corner on 28 × 28.

    There its centre of mass is nearest (14, 14), where MNIST has it.
    """
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


def enlarge(picture_hw: np.ndarray, side: int = 224) -> Image.Image:
    """A small picture with its pixels made visible, on a black square of `side` pixels."""
    scale = side / max(picture_hw.shape)
    size = (max(1, round(picture_hw.shape[1] * scale)), max(1, round(picture_hw.shape[0] * scale)))
    picture = Image.fromarray((picture_hw * 255).round().clip(0, 255).astype(np.uint8)).resize(
        size, Image.Resampling.NEAREST
    )
    square = Image.new("L", (side, side), 0)
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square
