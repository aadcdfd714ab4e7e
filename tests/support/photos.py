"""Test digits made to look like photographs of handwriting: paper, pens, light, cameras, kinds of files."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage
from torch import Tensor

from ae_core.pictures.page import PageDigit, prepare_page
from ae_core.pictures.preparation import Wishes

# What a hand, a pen, a room, a camera and a program may do to a digit; `photo` takes one of each.
INKS = {
    "black": (25, 25, 30),
    "blue": (30, 50, 160),
    "red": (190, 30, 40),
    "green": (20, 110, 50),
    "pencil": (95, 95, 100),
}
PAPERS = ("plain", "textured", "lined", "squared")
LIGHTS = ("even", "gradient", "shadow edge")
GROUNDS = ("dark on light", "light on dark")
PENS = ("pen", "felt pen", "marker")
FILES = ("PNG", "JPEG", "WEBP", "16 bits", "CMYK", "alpha", "turned")
THICKNESS = {"pen": 0.62, "felt pen": 0.45, "marker": 0.25}


def photo(digit_hw: np.ndarray, seed: int, largest: int = 1200) -> tuple[bytes, dict[str, str]]:
    """One digit (28, 28) in [0, 1] as a file, and what was done to it, by the kind of distortion."""
    random = np.random.default_rng(seed)
    choices = {
        "ink": list(INKS),
        "paper": PAPERS,
        "light": LIGHTS,
        "ground": GROUNDS,
        "pen": PENS,
        "file": FILES,
    }
    done = {kind: str(random.choice(names)) for kind, names in choices.items()}
    side = int(np.exp(random.uniform(np.log(100), np.log(largest))))
    done["size"] = "under 300" if side < 300 else "300 to 1000" if side < 1000 else "over 1000"
    degrees = random.uniform(-15, 15)
    done["turned by"] = "up to 7°" if abs(degrees) < 7 else "7° to 15°"

    ink_hw = strokes(digit_hw, side, THICKNESS[done["pen"]], random)
    ink_hw = bent(ink_hw, degrees, random)
    picture_hwc = on_paper(ink_hw, done, random)
    picture_hwc = lit(picture_hwc, done["light"], random)
    blur = random.uniform(0, 0.004) * side
    done["blur"] = "sharp" if blur < 0.002 * side else "blurred"
    picture_hwc = ndimage.gaussian_filter(picture_hwc, (blur, blur, 0))
    picture_hwc += random.normal(0, random.uniform(0, 6), picture_hwc.shape)
    quality = int(random.integers(20, 96))
    if done["file"] in ("JPEG", "CMYK", "turned"):
        done["quality"] = "20 to 50" if quality < 50 else "50 to 95"
    return SAVE[done["file"]](Image.fromarray(picture_hwc.clip(0, 255).astype(np.uint8)), quality), done


def largest_digit(pixels_hwc: np.ndarray, wishes: Wishes | None = None) -> PageDigit:
    """The largest digit that is found on a picture (h, w, 3) of 0 to 255, as a page is read."""
    return max(prepare_page(pixels_hwc, wishes).digits, key=lambda digit: digit.box.side)


def strokes(digit_hw: np.ndarray, side: int, threshold: float, random: np.random.Generator) -> np.ndarray:
    """The digit somewhere on a page of `side` pixels, with the smooth edges of a pen: (h, w) in [0, 1]."""
    size = int(side * random.uniform(0.45, 0.75))
    large = Image.fromarray((digit_hw * 255).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    softness = min(28 / size * 1.5, 2 * threshold)  # no more, or the paper gets a share of the ink
    ink = ((np.asarray(large) / 255 - threshold) / softness + 0.5).clip(0, 1)
    page = np.zeros((int(side * random.uniform(0.9, 1.2)), side))
    top, left = (int((0.2 + 0.6 * random.random()) * (page.shape[i] - size)) for i in (0, 1))
    page[top : top + size, left : left + size] = ink
    return page


def bent(ink_hw: np.ndarray, degrees: float, random: np.random.Generator) -> np.ndarray:
    """Turned, and seen at a slant."""
    height, width = ink_hw.shape
    page = Image.fromarray((ink_hw * 255).astype(np.uint8)).rotate(degrees, Image.Resampling.BICUBIC)
    slant = random.uniform(-0.08, 0.08, 8) * np.tile([width, height], 4)
    corners = np.array([0, 0, 0, height, width, height, width, 0]) + slant
    return (
        np.asarray(
            page.transform((width, height), Image.Transform.QUAD, corners.tolist(), Image.Resampling.BICUBIC)
        )
        / 255
    )


def on_paper(ink_hw: np.ndarray, done: dict[str, str], random: np.random.Generator) -> np.ndarray:
    """Coloured ink on paper of some kind, or light ink on a dark ground: (h, w, 3) in 0 to 255."""
    height, width = ink_hw.shape
    paper = np.ones((height, width, 3)) * random.uniform([215, 210, 195], [252, 250, 245])
    if done["paper"] == "textured":
        paper += ndimage.gaussian_filter(random.normal(0, 1, (height, width)), 1.5)[..., None] * 14
    if done["paper"] in ("lined", "squared"):
        _rule(paper, done["paper"] == "squared", random)
    ink = np.array(INKS[done["ink"]], float)
    if done["ground"] == "light on dark":
        paper, ink = 255 - paper * 0.85, np.array([235, 235, 225]) * random.uniform(0.85, 1)
    return paper + ink_hw[..., None] * (ink - paper)


def _rule(paper: np.ndarray, squared: bool, random: np.random.Generator) -> None:
    """Thin lines at even distances, in a light blue or grey, the camera held up to 3° askew."""
    height, width, _ = paper.shape
    side = max(height, width)
    distance, first = int(side * random.uniform(0.07, 0.2)), random.uniform(0, side)
    thick = max(1, round(side * 0.004))
    colour = np.array([[165, 190, 225], [185, 185, 190]][int(random.integers(2))], float)
    y, x = np.mgrid[:height, :width]
    tilt = np.tan(np.radians(random.uniform(-3, 3)))
    paper[(y + tilt * x + first) % distance < thick] = colour
    if squared:
        paper[(x - tilt * y + first) % distance < thick] = colour


def lit(picture_hwc: np.ndarray, light: str, random: np.random.Generator) -> np.ndarray:
    """Under a lamp at one side, or with a shadow across the page."""
    height, width, _ = picture_hwc.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = random.uniform(0, 2 * np.pi)
    across = x * np.cos(angle) + y * np.sin(angle)
    if light == "gradient":
        return picture_hwc * (1 - 0.25 * (across + 1) * random.uniform(0.4, 1))[..., None]
    if light == "shadow edge":
        edge = 1 / (1 + np.exp(-(across - random.uniform(-0.5, 0.5)) * random.uniform(8, 30)))
        return picture_hwc * (1 - random.uniform(0.2, 0.45) * edge)[..., None]
    return picture_hwc


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _sixteen_bits(picture: Image.Image, _quality: int) -> bytes:
    grey = np.asarray(picture.convert("L"), dtype=np.uint16) * 257
    return _saved(Image.fromarray(grey), "PNG")


def _with_alpha(picture: Image.Image, _quality: int) -> bytes:
    """A drawing program's file: ink on nothing, or, for light ink, on what it was."""
    darkness = 255 - np.asarray(picture.convert("L"), dtype=np.uint8)
    if np.median(darkness) > 127:
        return _saved(picture.convert("RGBA"), "PNG")
    ink = np.zeros((*darkness.shape, 4), np.uint8)
    ink[..., 3] = (darkness.astype(float) - np.median(darkness)).clip(0, 255)
    return _saved(Image.fromarray(ink), "PNG")


def _turned(picture: Image.Image, quality: int) -> bytes:
    """Held sideways, upside down or before a mirror: the pixels lie that way, and a tag says how."""
    orientation = 2 + quality % 7
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(picture.transpose(LAID[orientation]), "JPEG", quality=quality, exif=exif)


# How the pixels lie under each value of the tag.
LAID = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
SAVE: dict[str, Callable[[Image.Image, int], bytes]] = {
    "PNG": lambda picture, _: _saved(picture, "PNG"),
    "JPEG": lambda picture, quality: _saved(picture, "JPEG", quality=quality),
    "WEBP": lambda picture, quality: _saved(picture, "WEBP", quality=quality),
    "16 bits": _sixteen_bits,
    "CMYK": lambda picture, quality: _saved(picture.convert("CMYK"), "JPEG", quality=quality),
    "alpha": _with_alpha,
    "turned": _turned,
}


def upright(content: bytes) -> Image.Image:
    """The picture as a person sees it."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(content)))


# How near a prepared digit comes to the original


def enlarged_digit(digit_hw: Tensor, times: int = 10) -> np.ndarray:
    """An MNIST digit smoothly enlarged, dark ink on light paper: pixels (h, w, 3) of 0 to 255."""
    large = Image.fromarray((digit_hw * 255).round().byte().numpy()).resize(
        (28 * times, 28 * times), Image.Resampling.BICUBIC
    )
    return np.asarray(ImageOps.invert(large).convert("RGB"))


def nearest_shift(digit_hw: Tensor, original_hw: Tensor, reach: int = 1) -> tuple[float, tuple[int, int]]:
    """The mean absolute difference at the best of all shifts by at most `reach` pixels, and that shift."""
    steps = range(-reach, reach + 1)
    shifts = [(down, right) for down in steps for right in steps]
    return min((float((digit_hw.roll(shift, (0, 1)) - original_hw).abs().mean()), shift) for shift in shifts)


def longer_side(digit_hw: Tensor) -> int:
    """Of the box around all grey of at least 10 of 255: over 99.9 % of MNIST's own digits have 20."""
    sides = []
    for axis in (0, 1):
        ink = ((digit_hw * 255).round() >= 10).any(axis).nonzero()
        sides.append(int(ink[-1] - ink[0]) + 1)
    return max(sides)


def centre_of_mass(digit_hw: Tensor) -> tuple[float, float]:
    """Row and column, counted from 0: MNIST's own digits all have it between 13.5 and 14.5."""
    down, right = ndimage.center_of_mass(digit_hw.numpy())
    return float(down), float(right)
