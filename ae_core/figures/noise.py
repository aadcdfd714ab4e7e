"""Figures about noise: quality over its level, the 2 × 2 of a pair, noise in colour, best and worst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from ae_core.figures.base import BLUE, FONT, GAP, LINES, ORANGE, png, strip_width
from ae_core.figures.png import png_address
from ae_core.study.robustness import Curve, Extremes
from ae_core.words.sentences import say

GREY = "#808080"
NEUTRAL = "#F7F7F7"
DOT = (32, 32, 32)
MAGNIFIED = 8
DOT_PIXELS = slice(3, 5)
# The share of an axis that is left free above the highest line.
HEADROOM = 0.04
STRIP = "width:100%;image-rendering:pixelated;display:block"
TEXT = f"font-size:{FONT / 17:.2f}rem;line-height:1.35"


# Quality over the noise level


def robustness(
    curves: Mapping[str, Curve],
    nothing: Curve,
    crossings: Sequence[tuple[str, float]],
    trained_at: float | None,
    measure: str,
    bounds: Mapping[str, float] | None = None,
) -> go.Figure:
    """Quality over the noise level: a line for each of up to three networks, with its spread as a band.

    Beside them doing nothing, the crossings, and the noise of the training.

    crossings: (name of the network, noise level) pairs, marked on that network's line. measure: the axis's
    title. bounds: of shares, which the axis then has in percent: lines across by their words, such as
    guessing. Everything finite is within the axis. An infinite value, as doing nothing has without noise, is
    on no line.
    """
    figure = go.Figure()
    styles = dict(zip(("FAE", "CAE", "DAE"), LINES, strict=False))
    for name, curve in curves.items():
        colour = styles[name][0]
        figure.add_scatter(
            x=[*curve.levels, *reversed(curve.levels)],
            y=[*curve.highs, *reversed(curve.lows)],
            name=say("spread of the {name}", name=name),
            fill="toself",
            mode="none",
            fillcolor=_see_through(colour),
            hoverinfo="skip",
            showlegend=False,
        )
    finite = [
        (level, value)
        for level, value in zip(nothing.levels, nothing.values, strict=True)
        if np.isfinite(value)
    ]
    figure.add_scatter(
        x=[level for level, _ in finite],
        y=[value for _, value in finite],
        name=say("doing nothing"),
        mode="lines",
        line={"color": GREY, "dash": "longdash", "width": 3},
    )
    for name, curve in curves.items():
        colour, dash, symbol = styles[name]
        figure.add_scatter(
            x=curve.levels,
            y=curve.values,
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 7},
        )
    if crossings:
        figure.add_scatter(
            x=[level for _, level in crossings],
            y=[
                float(np.interp(level, curves[name].levels, curves[name].values)) for name, level in crossings
            ],
            name=say("as good as doing nothing"),
            mode="markers",
            marker={"symbol": "circle-open", "size": 17, "color": GREY, "line": {"width": 3}},
        )
    if trained_at is not None:
        figure.add_vline(x=trained_at, line={"color": GREY, "dash": "dot", "width": 2})
        figure.add_annotation(
            x=trained_at,
            y=0 if bounds else 1,
            yref="paper",
            text=say(" the DAE's training"),
            xanchor="left",
            yanchor="bottom" if bounds else "top",
            showarrow=False,
            font_size=FONT,
        )
    for words, share in (bounds or {}).items():
        figure.add_hline(
            y=share,
            line={"color": GREY, "dash": "dot", "width": 2},
            annotation={
                "text": words,
                "x": 1,
                "xanchor": "right",
                "yanchor": "bottom" if share < 0.5 else "top",
                "font_size": FONT,
            },
        )
    figure.update_layout(
        height=420,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "x": 0, "y": -0.3, "yanchor": "top", "font": {"size": FONT}},
        xaxis={"title": say("noise level in the test"), "range": [0, 1.01], "fixedrange": True, "dtick": 0.2},
        yaxis={
            "title": measure,
            "range": _axis(curves.values(), nothing),
            "fixedrange": True,
            "tickformat": ".0%" if bounds else None,
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    return figure


def _axis(curves: Iterable[Curve], nothing: Curve) -> tuple[float, float]:
    """An axis over all that is finite, to a little above the highest.

    It begins at 0, or at the lowest value if that is less.
    """
    parts = [nothing.values, *(part for curve in curves for part in (curve.values, curve.lows, curve.highs))]
    finite = [value for part in parts for value in part if np.isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    return low, high + (high - low) * HEADROOM


def _see_through(colour: str) -> str:
    red, green, blue = _rgb(colour)
    return f"rgba({red},{green},{blue},0.14)"


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


# The pair


@dataclass(frozen=True)
class Cell:
    """Digits under a line of words: (n, 28, 28); `first` for the best of its row."""

    words: str
    images_nhw: Tensor
    first: bool = False


def grid_html(titles: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]]) -> str:
    """A block for each row of cells under its label, one cell a line under its title.

    The best of a block is framed and says so.

    One cell a row is small, or as wide as the page's --lab-inputs says, what goes in beside what goes in.
    With more, digits are larger: two blocks beside each other where there is room, as on a projector, and one
    under the other on a phone.
    """
    blocks = []
    for label, cells in rows:
        lines = "".join(_cell_html(label, title, cell) for title, cell in zip(titles, cells, strict=True))
        blocks.append(f'<div><span style="{TEXT}">{escape(label)}</span>{lines}</div>')
    columns = (
        "repeat(2,minmax(0,1fr))" if len(titles) == 1 else "repeat(auto-fit,minmax(min(100%,340px),1fr))"
    )
    width = "var(--lab-inputs,max(60%,min(100%,350px)))" if len(titles) == 1 else "1400px"
    grid = f"display:grid;grid-template-columns:{columns};gap:12px 20px;max-width:{width}"
    return f'<div style="{grid}">{"".join(blocks)}</div>'


def _cell_html(label: str, title: str, cell: Cell) -> str:
    frame = "3px solid currentColor" if cell.first else "3px solid transparent"
    words = say("{words} ✓ better", words=cell.words) if cell.first else cell.words
    told = (
        f'<div style="{TEXT}">{escape(title)}{": " if words else ""}<b>{escape(words)}</b></div>'
        if title
        else ""
    )
    alt = escape(f"{label}: {title}" if title else label)
    return (
        f'<div style="border:{frame};border-radius:6px;padding:3px;margin-top:4px">{told}'
        f"{_strips_html(cell.images_nhw, alt)}</div>"
    )


def _strips_html(images_nhw: Tensor, alt: str) -> str:
    """Digits (n, 28, 28) in lines of four; of eight, where they are more than twelve."""
    count = len(images_nhw)
    across = min(count, 4 if count <= 12 else 8)
    return "".join(
        f'<img src="{png(part_nhw)}" alt="{alt}" '
        f'style="{STRIP};width:{strip_width(len(part_nhw)) / strip_width(across):.2%};margin-bottom:2px">'
        for part_nhw in images_nhw.split(across)
    )


# Noise in colour


def diverging_png(values_hw: Tensor, scale: float, marked_hw: Tensor | None = None) -> str:
    """Numbers from −scale (blue) over 0 (white) to scale (orange), (28, 28), enlarged, as a PNG data address.

    A pixel where `marked_hw` is true has a dark dot in its middle.
    """
    shares = (values_hw / scale).clamp(-1, 1).numpy()[..., None]
    neutral, low, high = (np.array(_rgb(colour), dtype=np.float32) for colour in (NEUTRAL, BLUE, ORANGE))
    colours = neutral + np.abs(shares) * (np.where(shares < 0, low, high) - neutral)
    picture = colours.round().astype(np.uint8).repeat(MAGNIFIED, 0).repeat(MAGNIFIED, 1)
    if marked_hw is not None:
        tiles = picture.reshape(28, MAGNIFIED, 28, MAGNIFIED, 3).swapaxes(1, 2)  # a view: pixel by pixel
        for row, column in marked_hw.nonzero().tolist():
            tiles[row, column, DOT_PIXELS, DOT_PIXELS] = DOT
    return png_address(picture)


def noise_html(columns: Sequence[tuple[str, Tensor, Tensor | None]], scale: float) -> str:
    """Columns of numbers in colour under their titles, a digit under the other, with the scale below.

    columns: (title, values (n, 28, 28), marks (n, 28, 28) or None).
    """
    parts = [f'<b style="{TEXT};align-self:end">{escape(title)}</b>' for title, _, _ in columns]
    for i in range(len(columns[0][1])):
        for title, values_nhw, marked_nhw in columns:
            source = diverging_png(values_nhw[i], scale, None if marked_nhw is None else marked_nhw[i])
            parts.append(f'<img src="{source}" alt="{escape(title)}" style="width:100%;display:block">')
    repeated = f"repeat({len(columns)},minmax(0,1fr))"
    grid = f"display:grid;grid-template-columns:{repeated};gap:8px 12px;max-width:720px"
    colours = f"linear-gradient(to right,{BLUE},{NEUTRAL},{ORANGE})"
    below = say("−{scale:.2f} blue = below 0", scale=scale)
    above = say("orange = above 0 +{scale:.2f}", scale=scale)
    bar = f"height:14px;border:1px solid currentColor;background:{colours}"
    return (
        f'<div style="{grid}">{"".join(parts)}</div>'
        f'<div style="max-width:720px;margin-top:8px"><div style="{bar}"></div>'
        f'<div style="{TEXT};display:flex;justify-content:space-between">'
        f"<span>{escape(below)}</span><span>0</span><span>{escape(above)}</span></div></div>"
    )


# Best and worst


def extremes_html(found: Extremes) -> str:
    """The best digits beside the worst: each clean, noisy and rebuilt, with its squared error below."""
    half = len(found.errors) // 2
    cells = [
        _extremes_cell(say("best {count}", count=half), say("best rebuilt"), found, slice(0, half)),
        _extremes_cell(say("worst {count}", count=half), say("worst rebuilt"), found, slice(half, None)),
    ]
    grid = "display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px;max-width:700px"
    return f'<div style="{grid}">{"".join(cells)}</div>'


def _extremes_cell(title: str, alt: str, found: Extremes, part: slice) -> str:
    strips = [
        (say("digits"), found.clean_nhw),
        (say("noisy"), found.noisy_nhw),
        (say("rebuilt"), found.rebuilt_nhw),
    ]
    pictures = "".join(
        f'<img src="{png(images_nhw[part])}" alt="{escape(f"{alt}: {name}")}" style="{STRIP};margin-top:3px">'
        for name, images_nhw in strips
    )
    errors = found.errors[part]
    width = len(errors) * (28 + GAP) - GAP
    numbers = "".join(
        f'<span style="width:{2800 / width:.2f}%;text-align:center">{error:.0f}</span>' for error in errors
    )
    return (
        f'<div><b style="{TEXT}">{escape(title)}</b>{pictures}'
        f'<div style="{TEXT};display:flex;justify-content:space-between">{numbers}</div></div>'
    )
