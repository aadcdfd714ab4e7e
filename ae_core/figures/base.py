"""Plotly figures as values, from plain arrays.

A picture of digits is one PNG in the figure, so it is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from textwrap import wrap

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from ae_core.baselines import Floors
from ae_core.config import PIXELS
from ae_core.figures.levels import add_floors
from ae_core.figures.png import grey_pixels, png_address
from ae_core.words.sentences import say

# Colours that stay apart for the colour-blind and on light and dark grounds (Okabe and Ito 2008).
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
PINK = "#CC79A7"
# A line of its own for each of up to four runs: colour, dash and marker all differ.
LINES = (
    (BLUE, "solid", "circle"),
    (ORANGE, "dash", "diamond"),
    (GREEN, "dot", "square"),
    (PINK, "dashdot", "triangle-up"),
)
GAP = 2
LABEL = 14
ROW_HEIGHT = 117
LEAST_ROW_HEIGHT = 75
# Digits that stand in one line, of which a phone shows four; and how more of them are parted.
LINE = 8
BLOCK = 4
BLOCKS_ACROSS = 4
COLUMNS_HEIGHT = 260
SLIDER_HEIGHT = 90
CURVES_HEIGHT = 260
LEGEND_LINE = 24
# Whole numbers at 1, 2 and 5 of every power of ten, so that some stand beside any stretch of the axis.
LOG_TICKS = [digit * 10.0**power for power in range(-5, 5) for digit in (1, 2, 5)]
LOG_AXIS = {"type": "log", "tickvals": LOG_TICKS, "ticktext": [f"{tick:g}" for tick in LOG_TICKS]}
FONT = 15
# In a comparison, a line so many times above the highest curve would squash them all.
NEAR = 3.0


@dataclass(frozen=True)
class Row:
    """Digits side by side under a label: (n, 28, 28) in [0, 1]."""

    label: str
    images_nhw: Tensor


def png(images_nhw: Tensor) -> str:
    """Digits side by side with clear gaps between them, as a PNG data address."""
    count = len(images_nhw)
    strip = np.zeros((28, strip_width(count), 2), dtype=np.uint8)  # grey, opacity
    for i, image in enumerate(grey_pixels(images_nhw)):
        left = i * (28 + GAP)
        strip[:, left : left + 28, 0] = image
        strip[:, left : left + 28, 1] = 255
    return png_address(strip)


def rows_html(rows: Sequence[Row]) -> str:
    """Rows of digits, one under the other, each with its label above it, as HTML.

    A browser shows it at once, where a Plotly figure takes it two seconds. A row is ROW_HEIGHT pixels high,
    or what the page's --lab-row says.
    """
    width = strip_width(max(len(row.images_nhw) for row in rows))
    height = 28 + LABEL
    parts = [
        _picture_html(row.label, row.images_nhw, f"aspect-ratio:{strip_width(len(row.images_nhw))}/{height}")
        for row in rows
    ]
    return _frame_html("".join(parts), f"calc(var(--lab-row, {ROW_HEIGHT}px) * {width / height:.4f})")


def lay_out_digits(count: int) -> tuple[int, int]:
    """How rows of `count` digits are parted: digits in each block, and blocks beside each other.

    Up to LINE are one block. More are a visitor's own, of which none may be left out: blocks of four, in
    lines as even as can be, and one a line on a phone.
    """
    if count <= LINE:
        return count, 1
    blocks = ceil(count / BLOCK)
    return BLOCK, ceil(blocks / ceil(blocks / BLOCKS_ACROSS))


def digit_rows_html(rows: Sequence[Row]) -> str:
    """Rows of digits as `rows_html`, all of one length, in blocks where `lay_out_digits` parts them.

    Every block holds the same digits of all rows, so that each stays below the one that it belongs to. A
    block's labels are seen where it begins a line.
    """
    count = len(rows[0].images_nhw)
    size, across = lay_out_digits(count)
    if size == count:
        return rows_html(rows)
    whole = strip_width(size)
    blocks = []
    for number, start in enumerate(range(0, count, size)):
        part = slice(start, start + size)
        share = strip_width(min(size, count - start)) / whole
        pictures = "".join(
            _picture_html(row.label, row.images_nhw[part], f"aspect-ratio:{whole}/{28 + LABEL}", share)
            for row in rows
        )
        blocks.append(f'<div class="{"lab-begins" if number % across == 0 else ""}">{pictures}</div>')
    lines = ceil(len(blocks) / across)
    row = f"max({LEAST_ROW_HEIGHT}px,calc(var(--lab-row,{ROW_HEIGHT}px)/{lines}))"
    return _frame_html(
        f'<div class="lab-blocks" style="--lab-across:{across}">{"".join(blocks)}</div>',
        f"calc({row}*{strip_width(size * across) / (28 + LABEL):.4f})",
    )


def columns_html(columns: Sequence[tuple[str, Tensor]]) -> str:
    """Single digits (1, 28, 28) beside each other under their titles, as HTML."""
    width = _columns_width(len(columns))
    parts = [
        _picture_html(title, image_nhw, f"flex:1;text-align:center;aspect-ratio:28/{28 + LABEL}")
        for title, image_nhw in columns
    ]
    gap = 100 * 2 * GAP / width
    return _frame_html(
        f'<div style="display:flex;gap:{gap:.2f}%">{"".join(parts)}</div>',
        f"{COLUMNS_HEIGHT * width / (28 + LABEL):.0f}px",
    )


def _picture_html(label: str, images_nhw: Tensor, style: str, share: float = 1) -> str:
    return (
        f'<div style="{style};display:flex;flex-direction:column;justify-content:flex-end">'
        f'<span style="font-size:{FONT / 17:.2f}rem;line-height:1.4">{escape(label)}</span>'
        f'<img src="{png(images_nhw)}" alt="{escape(label)}" '
        f'style="width:{share:.2%};image-rendering:pixelated"></div>'
    )


def _frame_html(content: str, width: str) -> str:
    return f'<div style="max-width:{width};margin:0 auto">{content}</div>'


def strip_width(count: int) -> int:
    """Width in pixels of so many digits beside each other, as `png` draws them."""
    return count * (28 + GAP) - GAP


def _columns_width(count: int) -> int:
    return count * (28 + 2 * GAP) - 2 * GAP


PER_IMAGE = say("squared error per image")


def in_the_tests_unit(
    batch_losses: Sequence[tuple[int, float]], loss: str
) -> tuple[list[tuple[int, float]], bool]:
    """Training losses as (step, loss) pairs, and whether they are squared errors per image now.

    batch_losses: means over the pixels, of the loss called `loss` in ae_core.training. A cross-entropy stays
    as it is.
    """
    if loss != "mse":
        return list(batch_losses), False
    return [(step, value * PIXELS) for step, value in batch_losses], True


TRAINED_ON = say("error on digits it learns from")


def loss_curve(
    batch_losses: Sequence[tuple[int, float]],
    test_errors: Sequence[tuple[int, float]],
    steps: int,
    loss: str = "mse",
    train_errors: Sequence[tuple[int, float]] = (),
    floors: Floors | None = None,
) -> go.Figure:
    """Training loss at steps, and squared error per image on test digits after each epoch, on log axes.

    There is one axis where both are that error.

    loss: 'mse' or 'bce', as in the run's settings; a cross-entropy per pixel has the left axis, and the test
    error one on the right. train_errors: as test_errors, on digits that the network learns from. floors: what
    the test digits' errors are held against, drawn as lines.
    """
    figure = go.Figure()
    losses, one_unit = in_the_tests_unit(batch_losses, loss)
    if losses:
        x, y = zip(*losses, strict=True)
        figure.add_scatter(
            x=x, y=y, mode="lines", name=say("training loss"), line={"color": BLUE, "width": 2}
        )
    axis, where = ("y", "") if one_unit else ("y2", say(", on the right"))
    name = say("test error") if one_unit else say("test squared error per image, on the right")
    for errors, words, colour, dash, symbol in (
        (train_errors, f"{TRAINED_ON}{where}", GREEN, "dot", "square"),
        (test_errors, name, ORANGE, "solid", "diamond"),
    ):
        if errors:
            x, y = zip(*errors, strict=True)
            look = {"marker": {"color": colour, "symbol": symbol, "size": 8}, "line": {"dash": dash}}
            figure.add_scatter(x=x, y=y, mode="lines+markers", name=words, yaxis=axis, **look)
    figure.update_layout(
        height=(280 if one_unit else 380) + (LEGEND_LINE if train_errors else 0),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "font": {"size": FONT}},
        xaxis={"title": say("step"), "range": [0, max(steps, 1)], "automargin": True},
        yaxis={
            **LOG_AXIS,
            "automargin": True,
            "title": PER_IMAGE if one_unit else say("cross-entropy per pixel"),
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    if not one_unit:
        figure.update_layout(
            yaxis2={
                **LOG_AXIS,
                "overlaying": "y",
                "side": "right",
                "showgrid": False,
                "automargin": True,
                "title": say("test error"),
            }
        )
    if floors:
        drawn = [value for _, value in losses], [error for _, error in (*train_errors, *test_errors)]
        add_floors(figure, floors, *drawn, one_unit=one_unit)
    return figure


def compared_curves(curves: Sequence[tuple[str, Sequence[float]]], floors: Floors | None = None) -> go.Figure:
    """Squared error per image on test digits after each epoch, a line for each of up to four runs.

    The axis is a log axis.

    curves: (name, errors from the first epoch) pairs. floors: what they are held against, drawn as lines
    where the curves come near.
    """
    figure = go.Figure()
    for (name, errors), (colour, dash, symbol) in zip(curves, LINES, strict=False):
        figure.add_scatter(
            x=list(range(1, len(errors) + 1)),
            y=list(errors),
            name=name,
            mode="lines+markers",
            showlegend=True,
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 8},
        )
    figure.update_layout(
        height=CURVES_HEIGHT + LEGEND_LINE * len(curves),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={
            "orientation": "v",
            "x": 0,
            "y": -60 / CURVES_HEIGHT,
            "yanchor": "top",
            "font": {"size": FONT},
        },
        xaxis={"title": say("epoch"), "rangemode": "tozero", "tickformat": "d"},
        yaxis={**LOG_AXIS, "title": say("test error")},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    if floors:
        add_floors(figure, floors, [], [error for _, errors in curves for error in errors], near=NEAR)
    return figure


def paired_bars(options: Sequence[str], before: Sequence[int], after: Sequence[int]) -> go.Figure:
    """Votes for each option, before and after: pairs of bars, each with its number beside it.

    The two differ in colour and in pattern.
    """
    figure = go.Figure()
    for name, counts, colour, pattern in (("before", before, ORANGE, "/"), ("after", after, BLUE, "")):
        figure.add_bar(
            y=[_wrapped(option) for option in options],
            x=list(counts),
            name=name,
            orientation="h",
            text=list(counts),
            marker={"color": colour, "pattern": {"shape": pattern}},
            textposition="outside",
            constraintext="none",  # Plotly would make it as small as the bar is thin
            textangle=0,
            cliponaxis=False,
        )
    figure.update_layout(
        barmode="group",
        height=60 + 56 * len(options),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
        },
        xaxis={"visible": False, "fixedrange": True, "range": [0, 1.15 * max(*before, *after, 1)]},
        yaxis={"autorange": "reversed", "fixedrange": True},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def _wrapped(words: str) -> str:
    return "<br>".join(wrap(words, 36))
