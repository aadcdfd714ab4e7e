"""Pages of test digits, and single digits in trouble, made to look as people photograph them.

Every picture is made from a seed. What the plain photographs of `photos` lack is here: several digits,
writing, printed boxes, ruled lines in a tight crop, thumbs, hard shadows, broken strokes, pencil, dark
tables.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

PAGE_KINDS = (
    "plain", "ruled", "squared", "boxes", "table", "writing", "shadow", "thumb", "pencil", "dark table",
    "sideways", "stain",
)  # fmt: skip
SINGLE_KINDS = (
    "tiny", "in pieces", "shadow", "thumb", "box", "cell", "tight lines", "pencil", "shaded in", "dark table",
)  # fmt: skip
INKS = ((25, 25, 30), (30, 50, 150), (180, 35, 45), (20, 100, 50), (60, 60, 65))
WORDS = (
    "Name: Anna Maier",
    "Class: b",
    "Numbers",
    "my digits",
    "Please write",
    "Homework",
    "Date: Friday",
    "Test",
)
MEGAPIXEL = 1_000_000


@dataclass(frozen=True)
class Picture:
    """A photograph and what is on it.

    content: a JPEG file. labels: the digits in reading order. centres_n2: the middle of each, (row, column)
    as shares of the picture's height and width as a person would hold it. turns: quarter turns
    counter-clockwise that bring it upright.
    """

    content: bytes
    kind: str
    labels: tuple[int, ...]
    centres_n2: np.ndarray
    turns: int = 0

    def pixels(self, side: int) -> np.ndarray:
        """(h, w, 3) of 0 to 255, the longer side `side` at most."""
        opened = Image.open(io.BytesIO(self.content))
        opened.draft("RGB", (side, side))
        opened.thumbnail((side, side), Image.Resampling.BOX)
        return np.asarray(opened.convert("RGB"))


class Sheet:
    """Paper that is drawn on, larger by a margin than what the camera sees."""

    MARGIN = 0.12

    def __init__(self, height: int, width: int, paper: np.ndarray) -> None:
        self.height, self.width = height, width
        self.top, self.left = round(self.MARGIN * height), round(self.MARGIN * width)
        shape = height + 2 * self.top, width + 2 * self.left
        self.pixels = np.full((*shape, 3), paper, np.float32)

    def ink(self, strength_hw: np.ndarray, top: float, left: float, colour: np.ndarray) -> None:
        """Lay ink of a strength in [0, 1] on the sheet, its corner at (top, left) of what the camera sees."""
        row, column = round(top) + self.top, round(left) + self.left
        strength_hw = strength_hw[max(0, -row) :, max(0, -column) :]
        row, column = max(0, row), max(0, column)
        part = self.pixels[row : row + strength_hw.shape[0], column : column + strength_hw.shape[1]]
        strength_hw = strength_hw[: part.shape[0], : part.shape[1]]
        part += strength_hw[..., None] * (colour - part)

    def line(self, ends: tuple[float, float, float, float], thick: float, colour: np.ndarray) -> None:
        """A straight line from (top, left) to (bottom, right), of what the camera sees."""
        (y0, x0, y1, x1), reach = ends, int(thick) + 2
        top, left = min(y0, y1) - reach, min(x0, x1) - reach
        size = math.ceil(abs(x1 - x0)) + 2 * reach, math.ceil(abs(y1 - y0)) + 2 * reach
        drawn = Image.new("L", (2 * size[0], 2 * size[1]))
        points = [2 * (x0 - left), 2 * (y0 - top), 2 * (x1 - left), 2 * (y1 - top)]
        ImageDraw.Draw(drawn).line(points, 255, max(1, round(2 * thick)))
        self.ink(np.asarray(drawn.resize(size, Image.Resampling.BOX), np.float32) / 255, top, left, colour)

    def photograph(
        self, random: np.random.Generator, degrees: float, slant: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """What a camera sees, held askew: pixels, and the 3 × 3 matrix from (x, y) on paper to there."""
        shift = random.uniform(-slant, slant, (4, 2)) * (self.width, self.height)
        there = np.array([[0, 0], [self.width, 0], [self.width, self.height], [0, self.height]], float)
        middle, angle = np.array([self.width, self.height]) / 2, math.radians(degrees)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        here = (there - middle) @ turn.T + middle + shift + (self.left, self.top)
        back = _homography(there, here)
        sheet = Image.fromarray(self.pixels.clip(0, 255).astype(np.uint8))
        seen = sheet.transform(
            (self.width, self.height),
            Image.Transform.PERSPECTIVE,
            (back / back[2, 2]).flatten()[:8].tolist(),
            Image.Resampling.BICUBIC,
        )
        onto = np.array([[1, 0, self.left], [0, 1, self.top], [0, 0, 1.0]])
        return np.asarray(seen, np.float32), np.linalg.inv(back) @ onto


def _homography(here_42: np.ndarray, there_42: np.ndarray) -> np.ndarray:
    rows, values = [], []
    for (x, y), (u, v) in zip(here_42, there_42, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1).reshape(3, 3)


def written(digit_hw: np.ndarray, height: float, pen: float) -> np.ndarray:
    """A test digit (28, 28) as pen strokes, its 20 pixels `height` long: (h, w) in [0, 1].

    pen: the grey from which it is ink; lower is broader.
    """
    size = max(8, round(height * 28 / 20))
    large = Image.fromarray((digit_hw * 255).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    softness = min(28 / size * 1.5, 2 * pen)
    return ((np.asarray(large, np.float32) / 255 - pen) / softness + 0.5).clip(0, 1)


def _paper(random: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Colour of paper and ink."""
    if kind == "pencil":
        paper = random.uniform(120, 215) * np.array([1, random.uniform(0.95, 1), random.uniform(0.82, 1)])
        return paper, (paper - random.uniform(60, 75)).clip(15, None)
    paper = random.uniform(155, 245) * np.array([1, random.uniform(0.96, 1), random.uniform(0.9, 1)])
    return paper, np.array(INKS[int(random.integers(len(INKS)))], float)


# Pages


def page(
    digits_nhw: np.ndarray, labels_n: np.ndarray, seed: int, kind: str, megapixels: float = 0
) -> Picture:
    """Five to forty of these digits on a page in one to five rows.

    megapixels: of the photograph; drawn from 1 to 12 where it is 0.
    """
    random = np.random.default_rng([seed, PAGE_KINDS.index(kind)])
    area = (megapixels or math.exp(random.uniform(0, math.log(12)))) * MEGAPIXEL
    long, short = round(math.sqrt(area * 4 / 3)), round(math.sqrt(area * 3 / 4))
    height, width = (long, short) if random.random() < 0.6 else (short, long)
    rows = int(random.integers(1, 6))
    paper, ink = _paper(random, kind)
    sheet = Sheet(height, width, paper)
    if kind == "dark table":
        _lay_on_table(sheet, random)
    tall = width * math.exp(random.uniform(math.log(0.032), math.log(0.085)))
    across = tall * random.uniform(1.25, 2.2)  # from digit to digit
    down = tall * random.uniform(1.6, 2.6)  # from row to row
    left, right, top, bottom = 0.12 * width, 0.88 * width, 0.14 * height, 0.86 * height
    per_row = int(max(1, min(12, (right - left) // across)))
    rows = int(max(1, min(rows, (bottom - top - tall) // down + 1)))
    counts = [int(random.integers(max(1, per_row // 2), per_row + 1)) for _ in range(rows)]
    first = top + random.uniform(0, max(0.0, bottom - top - (rows - 1) * down - tall))
    begin = left + random.uniform(0, right - left - (max(counts) - 1) * across - tall)
    if kind in ("boxes", "table"):
        down = max(down, 1.35 * across)
    _rule(sheet, kind, first, begin, tall, across, down, max(counts), rows, random)
    if kind == "writing":
        first = max(first, top + 2.2 * tall)
        _write(sheet, first - tall * random.uniform(1.7, 2.2), left, tall, ink, random)
    pen, order, places = random.uniform(0.3, 0.62), [], []
    for row, count in enumerate(counts):
        if first + row * down + tall > bottom:
            break
        drift = random.uniform(-0.03, 0.03)
        for column in range(count):
            which = int(random.integers(len(digits_nhw)))
            size = tall * random.uniform(0.85, 1.15)
            jitter = 0.06 if kind in ("boxes", "table") else 0.15
            y = first + row * down + tall * random.uniform(-jitter, jitter) + drift * column * across
            x = begin + column * across + (across - tall) * random.uniform(-1, 1) * jitter
            offset = 4 / 20 * size + (size - tall) / 2
            sheet.ink(written(digits_nhw[which], size, pen), y - offset, x - offset, ink)
            order.append(int(labels_n[which]))
            places.append((x + tall / 2, y + tall / 2, 1.0))
    slant, degrees = (0.01, 3) if kind == "dark table" else (0.03, 7)
    seen_hwc, onto = sheet.photograph(random, random.uniform(-degrees, degrees), slant)
    flat = np.array(places) @ onto.T
    centres = (flat[:, :2] / flat[:, 2:])[:, ::-1] / (height, width)
    if kind == "stain":
        seen_hwc = _stained(seen_hwc, random)
    seen_hwc = _lit(seen_hwc, kind, random, 0.16)
    turns = 0
    if kind == "sideways":
        turns = int(random.choice([1, 3]))
        seen_hwc = np.rot90(seen_hwc, 4 - turns)
    return Picture(_saved(seen_hwc, random), kind, tuple(order), centres, turns)


def _rule(
    sheet: Sheet, kind: str, first: float, begin: float, tall: float, across: float, down: float,
    columns: int, rows: int, random: np.random.Generator,
) -> None:  # fmt: skip
    """What is printed on the paper: lines under the digits, squares, a box or a cell for each."""
    thick = max(1.0, sheet.width * random.uniform(0.0012, 0.003))
    grey = random.uniform(60, 185)
    colour = np.array([grey * random.uniform(0.8, 1), grey, min(255, grey * random.uniform(1, 1.2))])
    far_top, far_left = -sheet.top, -sheet.left
    far_bottom, far_right = sheet.height + sheet.top, sheet.width + sheet.left
    if kind in ("ruled", "squared"):
        colour = sheet.pixels[0, 0] * random.uniform([0.6, 0.7, 0.75], [0.8, 0.88, 0.95])
        step = down if kind == "ruled" else tall * random.uniform(0.5, 1.3)
        y = first + tall * random.uniform(0.9, 1.15) - step * math.ceil((first - far_top) / step)
        while y < far_bottom:
            sheet.line((y, far_left, y, far_right), thick, colour)
            y += step
        x = far_left + random.uniform(0, step)
        while kind == "squared" and x < far_right:
            sheet.line((far_top, x, far_bottom, x), thick, colour)
            x += step
    if kind == "boxes":
        side = min(across * 0.92, tall * random.uniform(1.1, 1.5))
        for row in range(rows):
            for column in range(columns):
                y, x = first + row * down + (tall - side) / 2, begin + column * across + (tall - side) / 2
                _box(sheet, y, x, side, side, thick, colour)
    if kind == "table":
        cell = max(1.15 * tall, min(down, 1.9 * tall))
        for row in range(rows):
            for column in range(columns):
                y, x = first + row * down + (tall - down) / 2, begin + column * across + (tall - across) / 2
                _box(sheet, y, x, down if cell else cell, across, thick, colour)


def _box(
    sheet: Sheet, top: float, left: float, height: float, width: float, thick: float, colour: np.ndarray
) -> None:
    bottom, right = top + height, left + width
    for ends in (
        (top, left, top, right), (bottom, left, bottom, right), (top, left, bottom, left),
        (top, right, bottom, right),
    ):  # fmt: skip
        sheet.line(ends, thick, colour)


def _write(
    sheet: Sheet, baseline: float, left: float, tall: float, ink: np.ndarray, random: np.random.Generator
) -> None:
    """A line of writing that ends above `baseline`: in print or joined-up."""
    size = tall * random.uniform(0.5, 1.0)
    if random.random() < 0.5:
        font = ImageFont.load_default(max(8, round(size)))
        words = "  ".join(random.choice(WORDS, 2, replace=False))
        wide = min(round(font.getlength(words)) + 8, round(0.75 * sheet.width))
        drawn = Image.new("L", (wide, round(1.5 * size)))
        ImageDraw.Draw(drawn).text((2, 0), words, 255, font, stroke_width=max(0, round(size * 0.02)))
        sheet.ink(np.asarray(drawn, np.float32) / 255, baseline - 1.3 * size, left, ink)
        return
    wide = sheet.width * random.uniform(0.25, 0.6)
    drawn = Image.new("L", (round(2 * wide), round(4 * size)))
    pencil, thick, x = ImageDraw.Draw(drawn), max(2, round(size * 0.14)), 10.0
    while x < 2 * wide - 4 * size:
        word, letters = [], int(random.integers(3, 8))
        for _ in range(letters):
            high = size * random.choice([0.55, 0.55, 0.6, 1.0])
            step = size * random.uniform(0.55, 0.9)
            for t in np.linspace(0, 1, 12, endpoint=False):
                loop = math.sin(2 * math.pi * t) * 0.25 * size
                word.append((x + t * step + loop, 2.6 * size - high * (1 - math.cos(2 * math.pi * t))))
            x += step
        pencil.line(word, 255, thick, joint="curve")
        x += size * random.uniform(0.8, 1.5)
    small = drawn.resize((drawn.width // 2, drawn.height // 2), Image.Resampling.BOX)
    sheet.ink(np.asarray(small, np.float32) / 255, baseline - 1.4 * size, left, ink)


def _lay_on_table(sheet: Sheet, random: np.random.Generator) -> None:
    """Make all but the middle of the sheet a dark table."""
    height, width = sheet.pixels.shape[:2]
    border = random.uniform(0.02, 0.07, 4)
    top, bottom = (
        round(sheet.top + border[0] * sheet.height),
        round(sheet.top + (1 - border[1]) * sheet.height),
    )
    left, right = (
        round(sheet.left + border[2] * sheet.width),
        round(sheet.left + (1 - border[3]) * sheet.width),
    )
    table = random.uniform(20, 90) * random.uniform([0.9, 0.7, 0.5], [1, 1, 1])
    grain = ndimage.gaussian_filter(random.normal(0, 40, (height // 4, width // 4)), (0.7, 8))
    grain = np.asarray(Image.fromarray(grain.astype(np.float32)).resize((width, height)))
    around = np.ones((height, width), bool)
    around[top:bottom, left:right] = False
    sheet.pixels[around] = (table + grain[..., None])[around]


def _stained(seen_hwc: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A ring of coffee somewhere near the edge."""
    height, width, _ = seen_hwc.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius = width * random.uniform(0.05, 0.12)
    cy, cx = random.choice([0.05, 0.95]) * height, random.uniform(0.1, 0.9) * width
    away = np.abs(np.hypot(y - cy, x - cx) - radius) / (radius * random.uniform(0.08, 0.2))
    inside = 0.12 * (np.hypot(y - cy, x - cx) < radius)
    strength = np.maximum(0.45 * np.exp(-(away**2)), inside)
    return seen_hwc * (1 - strength[..., None] * np.array([0.6, 0.8, 1.0], np.float32))


def _lit(seen_hwc: np.ndarray, kind: str, random: np.random.Generator, largest_thumb: float) -> np.ndarray:
    """Light from one side; a hard shadow from the edge; a thumb at the edge."""
    height, width, _ = seen_hwc.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    angle = random.uniform(0, 2 * math.pi)
    along = x * math.cos(angle) + y * math.sin(angle)
    light = 1 - random.uniform(0, 0.12) * (along + 1)
    if kind == "shadow":
        lean = random.uniform(-0.5, 0.5)
        edge = along + lean * np.abs(-x * math.sin(angle) + y * math.cos(angle)) - random.uniform(-0.2, 0.5)
        light *= 1 - random.uniform(0.35, 0.65) / (1 + np.exp(-edge.clip(-0.9, 0.9) * random.uniform(25, 90)))
    seen_hwc = seen_hwc * light[..., None]
    if kind == "thumb":
        side, place = int(random.integers(4)), random.uniform(-0.7, 0.7)
        cy, cx = ((-1, place), (1, place), (place, -1), (place, 1))[side]
        long, broad = random.uniform(0.6, 1) * 2 * largest_thumb, random.uniform(0.4, 0.6) * 2 * largest_thumb
        ry, rx = (long, broad) if side < 2 else (broad, long)
        skin = random.uniform([90, 50, 35], [215, 165, 140])
        over = 1 / (1 + np.exp((np.hypot((y - cy) / ry, (x - cx) / rx) - 1).clip(-1, 1) * 60))
        seen_hwc = seen_hwc + over[..., None] * (skin * (0.75 + 0.25 * light[..., None]) - seen_hwc)
    return seen_hwc.astype(np.float32)


def _saved(seen_hwc: np.ndarray, random: np.random.Generator) -> bytes:
    """Out of focus, with a sensor's noise, as a JPEG file."""
    side = max(seen_hwc.shape)
    blur = random.uniform(0, 0.0012) * side
    if blur > 0.3:
        seen_hwc = ndimage.gaussian_filter(seen_hwc, (blur, blur, 0), truncate=3)
    noise = random.standard_normal(seen_hwc.shape, np.float32) * np.float32(random.uniform(1, 6))
    file = io.BytesIO()
    picture = Image.fromarray((seen_hwc + noise).clip(0, 255).astype(np.uint8))
    picture.save(file, "JPEG", quality=int(random.integers(60, 96)))
    return file.getvalue()


# Single digits


def single(digit_hw: np.ndarray, label: int, seed: int, kind: str) -> Picture:
    """One digit (28, 28) on a picture of 28 to 900 pixels, in one of the troubles of SINGLE_KINDS."""
    random = np.random.default_rng([seed, SINGLE_KINDS.index(kind)])
    low, high = {"tiny": (28, 100), "in pieces": (40, 300)}.get(kind, (100, 900))
    side = round(math.exp(random.uniform(math.log(low), math.log(high))))
    height, width = round(side * random.uniform(0.9, 1.25)), side
    paper, ink = _paper(random, kind)
    # drawn no smaller than a camera sees it, and then made smaller: a tiny picture is a large one from afar
    times = max(1, math.ceil(160 / side))
    sheet = Sheet(height * times, width * times, paper)
    if kind == "dark table":
        _lay_on_table(sheet, random)
    share = {"shadow": (0.2, 0.45), "thumb": (0.25, 0.45), "cell": (0.3, 0.5), "dark table": (0.25, 0.5)}
    tall = sheet.width * random.uniform(*share.get(kind, (0.5, 0.72)))
    strength_hw = written(digit_hw, tall, random.uniform(0.3, 0.55))
    if kind == "in pieces":
        strength_hw = _broken(strength_hw, random)
    if kind == "shaded in":
        strength_hw = strength_hw * _hatching(strength_hw.shape, tall, random)
    middle = random.uniform(0.42, 0.58, 2) * (sheet.height, sheet.width)
    if kind == "thumb":
        middle = np.array([0.5, 0.5]) * (sheet.height, sheet.width)
    corner = middle - np.array(strength_hw.shape) / 2
    _frame(sheet, kind, strength_hw > 0.5, corner, random)
    sheet.ink(strength_hw, *corner, ink)
    seen_hwc, _ = sheet.photograph(random, random.uniform(-6, 6), 0.015)
    seen_hwc = _lit(seen_hwc, kind, random, 0.35)
    if times > 1:
        small = Image.fromarray(seen_hwc.clip(0, 255).astype(np.uint8)).resize(
            (width, height), Image.Resampling.BOX
        )
        seen_hwc = np.asarray(small, np.float32)
    centre = np.array([[0.5, 0.5]])
    return Picture(_saved(seen_hwc, random), kind, (label,), centre)


def _frame(
    sheet: Sheet, kind: str, ink_hw: np.ndarray, corner: np.ndarray, random: np.random.Generator
) -> None:
    """A printed box or cell around the digit, or ruled lines close to it; half of them touch it."""
    if kind not in ("box", "cell", "tight lines"):
        return
    rows, columns = np.flatnonzero(ink_hw.any(1)), np.flatnonzero(ink_hw.any(0))
    top, bottom = corner[0] + rows[0], corner[0] + rows[-1] + 1
    left, right = corner[1] + columns[0], corner[1] + columns[-1] + 1
    tall = max(bottom - top, right - left)
    thick = max(1.0, sheet.width * random.uniform(0.004, 0.012))
    colour = np.full(3, random.uniform(20, 130)) * random.uniform(0.8, 1.1, 3)
    touches = random.random() < 0.5
    near, far = (-0.04, 0.06) if touches else (0.06, 0.2)
    if kind == "tight lines":
        colour = sheet.pixels[0, 0] * random.uniform([0.5, 0.6, 0.65], [0.75, 0.82, 0.9])
        step = tall * random.uniform(1.05, 1.5)
        y = bottom + tall * random.uniform(near, far) - 2 * step
        for i in range(4):
            sheet.line((y + i * step, -sheet.left, y + i * step, sheet.width + sheet.left), thick, colour)
        return
    gaps = tall * random.uniform([0.06] * 4, [0.25] * 4)
    gaps[int(random.integers(4))] = tall * random.uniform(near, far)
    if kind == "box" and random.random() < 0.3:  # two of its sides lie outside of the picture
        gaps[random.integers(2)] = gaps[2 + random.integers(2)] = sheet.width
    top, bottom, left, right = top - gaps[0], bottom + gaps[1], left - gaps[2], right + gaps[3]
    height, width = bottom - top, right - left
    _box(sheet, top, left, height, width, thick, colour)
    if kind == "cell":
        for down in (-1, 0, 1):
            for along in (-1, 0, 1):
                _box(sheet, top + down * height, left + along * width, height, width, thick, colour)


def _broken(strength_hw: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The strokes with a gap that parts them in two, the smaller one at least a tenth of the whole."""
    size = len(strength_hw)
    y, x = np.mgrid[:size, :size]
    for _ in range(40):
        angle, place = random.uniform(0, math.pi), random.uniform(0.3, 0.7) * size
        across = (x - size / 2) * math.cos(angle) + (y - size / 2) * math.sin(angle) + size / 2 - place
        gap = size * random.uniform(0.02, 0.045)
        parted_hw = strength_hw * (np.abs(across) / gap - 0.5).clip(0, 1)
        labels_hw, count = ndimage.label(parted_hw > 0.4, np.ones((3, 3)))
        areas = np.sort(np.bincount(labels_hw.ravel())[1:])
        if count == 2 and areas[0] > 0.1 * areas.sum():
            return parted_hw
    return strength_hw


def _hatching(shape: tuple[int, ...], tall: float, random: np.random.Generator) -> np.ndarray:
    """How strong ink is that was shaded in with a thin pen, (h, w) in [0.35, 1]."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    angle, period = random.uniform(0.2, 1.3), tall * random.uniform(0.03, 0.06)
    waves = 0.5 + 0.5 * np.sin(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / period)
    return 0.35 + 0.65 * np.asarray(waves)
