"""A table of errors as a heat map that can be read: dark for large, the best of each column marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from pathlib import Path

from ae_core.figures.styles import style_html

STYLE = Path(__file__).with_suffix(".css")
# From the lightest to the darkest of blues; grey writing stands on neither.
LIGHT, DARK = (247, 251, 255), (8, 48, 107)
# From this share of the way to DARK on, white letters have more contrast than black ones.
WHITE_FROM = 0.645


@dataclass(frozen=True)
class HeatTable:
    """Numbers ≥ 0 under `columns` and beside `rows`, by words.

    corner: what rows and columns are, in two lines or one. outlined: (row, column) of cells with a frame.
    marked: cells with a tick, in bold. below: a row of words and numbers without colour, or None.
    """

    corner: str
    columns: Sequence[str]
    rows: Sequence[str]
    values: Sequence[Sequence[float]]
    outlined: frozenset[tuple[int, int]] = frozenset()
    marked: frozenset[tuple[int, int]] = frozenset()
    below: tuple[str, Sequence[float]] | None = None


def heat_table_html(table: HeatTable, alt: str) -> str:
    """The table as HTML. Colours are by the logarithm, so that little errors differ too.

    alt: its caption for those who do not see it.
    """
    known = [value for value in chain.from_iterable(table.values) if value > 0]
    low, high = math.log(min(known, default=1.0)), math.log(max(known, default=1.0))
    head = "".join(f'<th scope="col">{escape(words)}</th>' for words in table.columns)
    body = []
    for i, (words, values) in enumerate(zip(table.rows, table.values, strict=True)):
        cells = (
            _cell_html(value, _share(value, low, high), (i, j) in table.outlined, (i, j) in table.marked)
            for j, value in enumerate(values)
        )
        body.append(f'<tr><th scope="row">{escape(words)}</th>{"".join(cells)}</tr>')
    if table.below:
        words, plain = table.below
        cells = (f"<td>{_number(value)}</td>" for value in plain)
        body.append(f'<tr class="lab-below"><th scope="row">{escape(words)}</th>{"".join(cells)}</tr>')
    return (
        f'{style_html(STYLE)}<table class="lab-heat"><caption>{escape(alt)}</caption>'
        f"<thead><tr><th>{escape(table.corner)}</th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


def _share(value: float, low: float, high: float) -> float:
    """Where a value lies between the smallest, 0, and the largest, 1."""
    return (math.log(value) - low) / (high - low) if value > 0 and high > low else 0.0


def _cell_html(value: float, share: float, outlined: bool, marked: bool) -> str:
    colour = ",".join(f"{one + share * (other - one):.0f}" for one, other in zip(LIGHT, DARK, strict=True))
    looks = " ".join(name for name, on in (("lab-outlined", outlined), ("lab-marked", marked)) if on)
    text = "#fff" if share >= WHITE_FROM else "#000"
    return f'<td class="{looks}" style="background:rgb({colour});color:{text}">{_number(value)}</td>'


def _number(value: float) -> str:
    """A number with one place, where it has fewer than three before the point: '3.0', '12.3', '104'."""
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
