"""The way from a visitor's picture to a digit, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from ae_core.figures.png import png_address
from ae_core.figures.styles import style_html
from ae_core.pictures.preparation import Step, enlarge

SIDE = 224
STYLE = Path(__file__).with_suffix(".css")


def steps_html(steps: Sequence[Step]) -> str:
    """Every step as a picture, with its title and why it was done."""
    parts = [
        f'<figure><img src="{png_address(np.asarray(enlarge(step.picture_hw, SIDE)))}" '
        f'alt="{escape(step.title)}">'
        f"<figcaption><b>{escape(step.title)}.</b> {escape(step.why)}</figcaption></figure>"
        for step in steps
    ]
    return f'{style_html(STYLE)}<div class="lab-steps">{"".join(parts)}</div>'
