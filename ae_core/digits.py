"""Any picture of a digit -> one digit as MNIST has them: 28 × 28, bright ink on black, 20 pixels long, centred."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ae_core.errors import ImageError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
WORKING_SIDE = 512
LONGER_SIDE = 20
INK_THRESHOLD = 0.35
LEAST_CONTRAST = 0.1


@dataclass(frozen=True)
class Step:
    """One stage of the preparation: a grey picture (h, w) in [0, 1], and why it was done."""

    title: str
    why: str
    picture_hw: np.ndarray


@dataclass(frozen=True)
class PreparedDigit:
    """The digit (28, 28) float32 in [0, 1], and every stage on the way to it."""

    digit_hw: Tensor
    steps: list[Step]


def prepare_file(content: bytes) -> PreparedDigit:
    """An image file's bytes -> a digit. Raises ImageError, saying why, for what cannot be read or holds no digit."""
    return prepare(open_image(content))


def open_image(content: bytes) -> Image.Image:
    """Decode a PNG, JPEG or WebP upright and on white paper, as grey. The content decides, not the file's name."""
    if len(content) > MAX_BYTES:
        raise ImageError(f"This file is larger than {MAX_BYTES // 1_000_000} MB. Choose a smaller picture.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise ImageError("This picture has more than 50 million pixels. Choose a smaller one.")
                opened.draft("L", (WORKING_SIDE, WORKING_SIDE))
                return _grey(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError as problem:
        raise ImageError("This file is not a PNG, JPEG or WebP picture. Save it as one of these and try again.") from problem
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise ImageError("This picture has more than 50 million pixels. Choose a smaller one.") from problem
    except (OSError, SyntaxError, ValueError, EOFError) as problem:
        raise ImageError("This picture is damaged or cut off and cannot be read. Try another copy of it.") from problem


def _grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel: converting would clip, so scale
        return Image.fromarray((np.asarray(image, dtype=np.float64) / 257).clip(0, 255).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        coloured = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured)
    return image.convert("L")


def prepare(image: Image.Image) -> PreparedDigit:
    """A grey picture -> a digit. Raises ImageError when there is nothing on it."""
    small = image.copy()
    small.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    grey_hw = np.asarray(small, dtype=np.float32) / 255
    steps = [Step("Your picture", "In grey: the networks know no colour.", grey_hw)]

    low, high = float(grey_hw.min()), float(grey_hw.max())
    if high - low < LEAST_CONTRAST:
        raise ImageError("There is no ink on this picture. Draw or photograph a digit with a dark pen on light paper.")
    ink_hw = (grey_hw - low) / (high - low)
    if _paper_is_light(ink_hw):
        ink_hw = 1 - ink_hw
    ink_hw = np.where(ink_hw > INK_THRESHOLD, ink_hw, 0.0).astype(np.float32)
    steps.append(Step("Ink bright, paper black", "The networks learnt from bright ink on black.", ink_hw))

    rows, columns = np.flatnonzero(ink_hw.any(1)), np.flatnonzero(ink_hw.any(0))
    cut_hw = ink_hw[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    steps.append(Step("Cut out", "Only the ink counts, not where on the page it is.", cut_hw))

    scale = LONGER_SIDE / max(cut_hw.shape)
    size = (max(1, round(cut_hw.shape[1] * scale)), max(1, round(cut_hw.shape[0] * scale)))
    scaled_hw = np.asarray(Image.fromarray((cut_hw * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS), dtype=np.float32) / 255
    steps.append(Step("20 pixels long", "Nearly all MNIST digits are 20 pixels on their longer side.", scaled_hw))

    if not scaled_hw.any():
        raise ImageError("There are only specks on this picture, too small for a digit. Draw or photograph one digit, larger.")
    digit_hw = _centred(scaled_hw)
    steps.append(Step("Centred", "Its centre of mass is in the middle of 28 × 28 pixels.", digit_hw))
    return PreparedDigit(torch.from_numpy(digit_hw), steps)


def _paper_is_light(grey_hw: np.ndarray) -> bool:
    """Judged at the border, where there is mostly paper."""
    border = np.concatenate([grey_hw[0], grey_hw[-1], grey_hw[:, 0], grey_hw[:, -1]])
    return float(np.median(border)) > 0.5


def _centred(ink_hw: np.ndarray) -> np.ndarray:
    """On 28 × 28, moved by whole pixels until the centre of mass is nearest the middle, nothing cut off."""
    height, width = ink_hw.shape
    mass = ink_hw.sum()
    centre_y = float((ink_hw.sum(1) * np.arange(height)).sum() / mass)
    centre_x = float((ink_hw.sum(0) * np.arange(width)).sum() / mass)
    top = min(max(round(13.5 - centre_y), 0), 28 - height)
    left = min(max(round(13.5 - centre_x), 0), 28 - width)
    page_hw = np.zeros((28, 28), dtype=np.float32)
    page_hw[top : top + height, left : left + width] = ink_hw
    return page_hw


def enlarged(picture_hw: np.ndarray, side: int = 224) -> Image.Image:
    """A small picture with its pixels made visible, on a black square of `side` pixels."""
    scale = side / max(picture_hw.shape)
    size = (max(1, round(picture_hw.shape[1] * scale)), max(1, round(picture_hw.shape[0] * scale)))
    picture = Image.fromarray((picture_hw * 255).round().clip(0, 255).astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    square = Image.new("L", (side, side), 0)
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square
