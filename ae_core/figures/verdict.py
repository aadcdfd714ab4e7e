"""Which network is best at what: a line for each question, with figures and what the best one draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from torch import Tensor

from ae_core.figures.base import png
from ae_core.figures.styles import style_html
from ae_core.words.sentences import say

STYLE = Path(__file__).with_suffix(".css")
ALIKE = say("alike")


@dataclass(frozen=True)
class Line:
    """A question and who is best at it.

    winners: names, several where they are alike. figures: every network's, in words, best first. drawn_nhw:
    what each of the winners draws, (n, 28, 28) in [0, 1].
    """

    question: str
    winners: tuple[str, ...]
    figures: tuple[str, ...]
    drawn_nhw: Tensor


def verdict_html(lines: Sequence[Line], alt: str) -> str:
    """The lines as an HTML table; on a phone each is a block.

    alt: the table's caption, for those who do not see it.
    """
    rows = "".join(map(_row_html, lines))
    return f'{style_html(STYLE)}<table class="lab-verdict"><caption>{escape(alt)}</caption>{rows}</table>'


def _row_html(line: Line) -> str:
    winners = escape(say(" and ").join(line.winners))
    alike = f"<small>{escape(ALIKE)}</small>" if len(line.winners) > 1 else ""
    figures = " · ".join(f"<span>{escape(figure)}</span>" for figure in line.figures)
    question = escape(line.question)
    drawn_by = say("{question}: drawn by {winners}", question=question, winners=winners)
    return (
        f'<tr><th scope="row">{question}</th><td class="lab-winner">{winners}{alike}</td>'
        f'<td class="lab-figures">{figures}</td>'
        f'<td class="lab-drawn"><img src="{png(line.drawn_nhw)}" '
        f'alt="{drawn_by}"></td></tr>'
    )
