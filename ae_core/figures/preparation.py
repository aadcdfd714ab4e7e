"""The way from a visitor's picture to a digit, drawn, as values."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ae_core.figures.png import png_address
from ae_core.figures.styles import style_html
from ae_core.pictures.preparation import PreparedDigit, enlarge

SIDE = 224
FRAME, OTHER_FRAME = "#E69F00", "#9A9A9A"  # the chosen digit's is thicker as well
WIDTH, OTHER_WIDTH = 5, 2
NUMBER_SIZE = 24
STYLE = Path(__file__).with_suffix(".css")


def steps_html(prepared: PreparedDigit) -> str:
    """Every step as a picture, with its title and why it was done."""
    parts = [
        f'<figure><img src="{png_address(np.asarray(enlarge(step.picture_hw, SIDE)))}" '
        f'alt="{escape(step.title)}">'
        f"<figcaption><b>{escape(step.title)}.</b> {escape(step.why)}</figcaption></figure>"
        for step in prepared.steps
    ]
    return f'{style_html(STYLE)}<div class="lab-steps">{"".join(parts)}</div>'


def framed(prepared: PreparedDigit, side: int = 2 * SIDE) -> Image.Image:
    """The first step's picture, its longer side `side` pixels, with a numbered frame around each digit."""
    picture_hw = prepared.steps[0].picture_hw
    scale = side / max(picture_hw.shape)
    size = (round(picture_hw.shape[1] * scale), round(picture_hw.shape[0] * scale))
    shown = Image.fromarray((picture_hw * 255).round().astype(np.uint8)).resize(size).convert("RGB")
    pen, font = ImageDraw.Draw(shown), ImageFont.load_default(NUMBER_SIZE)
    for i, box in enumerate(prepared.boxes):
        colour, width = (FRAME, WIDTH) if i == prepared.chosen else (OTHER_FRAME, OTHER_WIDTH)
        x, y = scale * box.left - width, scale * box.top - width
        pen.rectangle(
            (x, y, scale * box.right + width, scale * box.bottom + width), outline=colour, width=width
        )
        pen.text((x, y), str(i + 1), anchor="lt", font=font, fill=colour, stroke_width=2, stroke_fill="black")
    return shown
