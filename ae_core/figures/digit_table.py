"""A table of digits: each network's error on each, and what its answer reads as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from torch import Tensor

from ae_core.figures.png import grey_pixels, png_address
from ae_core.figures.styles import style_html
from ae_core.words.sentences import say

STYLE = Path(__file__).with_suffix(".css")
UNREAD = "–"


@dataclass(frozen=True)
class DigitRow:
    """A digit (28, 28), what it reads as, and of each network its error ≥ 0 and what its answer reads as.

    None stands for what nobody has read.
    """

    digit_hw: Tensor
    reading: int | None
    answers: Sequence[tuple[float, int | None]]


def digit_table_html(rows: Sequence[DigitRow], networks: Sequence[str], chosen: int, alt: str) -> str:
    """The table as HTML, a digit a row, numbered from 1. networks: names, in the order of the answers.

    chosen: position of the row that is marked. alt: its caption for those who do not see it. A reading that
    is not the digit's own is in bold.
    """
    digit, read_as = escape(say("digit")), escape(say("read as"))
    errors = [escape(say("{name}: error", name=name)) for name in networks]
    head = "".join(f'<th scope="col">{error}</th><th scope="col">{read_as}</th>' for error in errors)
    names = [say("digit {i}", i=i + 1) for i in range(len(rows))]
    body = []
    for i, row in enumerate(rows):
        answers = "".join(
            f"<td>{error:.1f}</td><td>{_reading_html(reading, row.reading)}</td>"
            for error, reading in row.answers
        )
        picture = f'<img src="{png_address(grey_pixels(row.digit_hw))}" alt="{escape(names[i])}">'
        body.append(
            f'<tr{" class=lab-chosen" if i == chosen else ""}><th scope="row">{i + 1} {picture}</th>'
            f"<td>{_reading_html(row.reading, row.reading)}</td>{answers}</tr>"
        )
    return (
        f'{style_html(STYLE)}<div class="lab-digits"><table><caption>{escape(alt)}</caption>'
        f'<thead><tr><th scope="col">{digit}</th><th scope="col">{read_as}</th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _reading_html(reading: int | None, own: int | None) -> str:
    if reading is None:
        return UNREAD
    return str(reading) if reading == own else f"<b>{reading}</b>"
