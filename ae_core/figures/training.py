"""How a network learnt, as a figure that the browser replays by itself, and as stills in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TypeVar

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from ae_core.baselines import Floors
from ae_core.figures.base import (
    BLUE,
    FONT,
    GAP,
    GREEN,
    LABEL,
    ORANGE,
    SLIDER_HEIGHT,
    TRAINED_ON,
    Row,
    in_the_tests_unit,
    png,
)
from ae_core.figures.latent import (
    CLASS_COLOURS,
    CLASS_LEGEND,
    CLASS_SYMBOLS,
    CLEAR,
    MARKER,
    class_middles,
    class_traces,
)
from ae_core.figures.levels import GREY, add_floors
from ae_core.words.sentences import say

Shares = TypeVar("Shares", float, Tensor)

STILLS = 5
ROW_HEIGHT = 96
CHARTS_HEIGHT = 330
# For a room, where digits are seen from the last row, and all of it on one screen: of two rows, of three.
ROWS_FOR_A_ROOM = {2: 110, 3: 92}
CHARTS_FOR_A_ROOM = 230
# Between pictures and charts: the legend, on a narrow screen in two lines.
BETWEEN = 60
# Ticks, a title, and below it what the lines are, one under the other: in the curves' panel their words would
# lie on the curves on a phone.
AXIS_HEIGHT, WORDS_HEIGHT = 65, 25
# Codes lie on a scale of 16 bits: half as many bytes as floats, and finer than a screen.
SCALE = 2**16 - 1
MARGIN = 0.06
# How far beyond the frame a code is still told, as a share of its width: so that it is seen to lie outside.
BEYOND = 0.1
# The codes end here and the losses begin, as a share of the width.
# Not 0: the left line of the frame would be cut in half.
CODES_LEFT = 0.004
CODES_RIGHT = 0.5
# What the ticks of an axis take of it, on a phone too.
LEFT_AXIS, RIGHT_AXIS = 0.14, 0.12
# Where step 0 stands on the axis, which is logarithmic and has no 0.
UNTRAINED = 0.3


def stills(count: int) -> list[int]:
    """Up to five of `count` snapshots, evenly spread, the first and the last included."""
    return sorted({round(i * (count - 1) / (STILLS - 1)) for i in range(STILLS)})


def stills_html(columns: Sequence[tuple[str, Tensor]]) -> str:
    """Columns of digits (n, 28, 28), one below the other under a title, as HTML."""
    parts = []
    for title, images_nhw in columns:
        images = "".join(
            f'<img src="{png(image[None])}" alt="" style="width:100%;image-rendering:pixelated">'
            for image in images_nhw
        )
        words = f'<span style="font-size:{FONT / 17:.2f}rem;line-height:1.2">{escape(title)}</span>'
        parts.append(
            f'<div role="img" aria-label="{escape(title)}" '
            'style="flex:1;min-width:0;display:flex;flex-direction:column;gap:3px;'
            f'justify-content:flex-end">{words}{images}</div>'
        )
    return f'<div style="display:flex;gap:1.5%;max-width:{100 * len(columns)}px">{"".join(parts)}</div>'


def training_scrubber(
    steps: Sequence[int],
    given: Sequence[Row],
    rebuilt: Sequence[Tensor],
    batch_losses: Sequence[tuple[int, float]],
    test_errors: Sequence[tuple[int, float]],
    codes: tuple[Tensor, Tensor] | None,
    loss: str = "mse",
    train_errors: Sequence[tuple[int, float]] = (),
    floors: Floors | None = None,
    for_a_room: bool = False,
) -> go.Figure:
    """Pictures, codes and loss at each snapshot of a training, under a slider that the browser moves.

    It stands at the last one. steps (t,): how many steps each snapshot was taken after. given: what stays,
    rows of digits (n, 28, 28) each. rebuilt: the reconstructions at each snapshot, (n, 28, 28) each.
    batch_losses: at least one. codes: positions (t, m, 2) and classes (m,), or None. loss: 'mse' or 'bce',
    as in the run's settings. train_errors and floors: as `loss_curve` has them. for_a_room: what the lines
    are stands above their panel, beside the digits, where a wide screen has room. The axes are the same at
    every step.
    """
    figure = go.Figure()
    rows = len(given) + 1
    pictures_height = rows * (ROWS_FOR_A_ROOM[rows] if for_a_room else ROW_HEIGHT)
    charts_height = CHARTS_FOR_A_ROOM if for_a_room else CHARTS_HEIGHT
    told = _curve_words(one_unit=loss == "mse", trained_on=bool(train_errors), floors=floors)
    axis_height = AXIS_HEIGHT + (0 if for_a_room else WORDS_HEIGHT * len(told))
    below = axis_height + SLIDER_HEIGHT
    plot_height = pictures_height + BETWEEN + charts_height
    _add_pictures(
        figure, [*given, Row(say("reconstruction"), rebuilt[-1])], 1 - pictures_height / plot_height
    )
    changing: list[int] = []
    # As dictionaries: of a trace that is already made a frame makes a copy, and checks it once more.
    moving: list[list[dict[str, object]]] = [[] for _ in rebuilt]

    if codes:
        points_tm2, labels_m = _scaled(codes[0]), codes[1].numpy()
        _add_codes(figure, points_tm2[-1], labels_m, charts_height / plot_height)
        changing = [len(figure.data) - 2, len(figure.data) - 1]
        for frame, points_m2 in zip(moving, points_tm2, strict=True):
            middle_x, middle_y, _ = class_middles(points_m2, labels_m, SCALE)
            frame += [
                {"type": "scatter", "x": points_m2[:, 0], "y": points_m2[:, 1]},
                {"type": "scatter", "x": middle_x, "y": middle_y},
            ]

    losses, one_unit = in_the_tests_unit(batch_losses, loss)
    sides = CODES_RIGHT + LEFT_AXIS if codes else LEFT_AXIS, 1 if one_unit else 1 - RIGHT_AXIS
    curves = losses, test_errors, train_errors
    _add_losses(figure, curves, floors, steps[-1], charts_height / plot_height, sides, one_unit=one_unit)
    # Of the whole figure's width: on a phone the panel is narrower than its words.
    figure.add_annotation(
        text="<br>".join(told),
        align="right",
        x=1,
        xanchor="right",
        xref="paper",
        y=charts_height / plot_height if for_a_room else 0,
        yanchor="bottom" if for_a_room else "top",
        yref="paper",
        yshift=10 if for_a_room else -AXIS_HEIGHT,
        showarrow=False,
    )
    places = [_place_on_curve(step, losses) for step in steps]
    *_, (x, y) = places
    here = {"symbol": "circle-open", "size": 18, "color": "#D55E00", "line": {"width": 4}}
    changing.append(len(figure.data))
    figure.add_scatter(x=[x], y=[y], mode="markers", marker=here, xaxis="x3", yaxis="y3", showlegend=False)
    for frame, (x, y) in zip(moving, places, strict=True):
        frame.append({"type": "scatter", "x": [x], "y": [y]})

    stays: list[dict[str, str]] = [{} for _ in given]
    figure.frames = [
        {
            "name": str(step),
            "data": data,
            "traces": changing,
            "layout": {"images": [*stays, {"source": png(images_nhw)}]},
        }
        for step, data, images_nhw in zip(steps, moving, rebuilt, strict=True)
    ]
    figure.update_layout(
        height=plot_height + below,
        margin={"l": 2, "r": 2, "t": 0, "b": below, "pad": 0},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        dragmode=False,
        hovermode=False,
        sliders=[_slider(steps, axis_height)],
    )
    return figure


def _add_pictures(figure: go.Figure, rows: Sequence[Row], bottom: float) -> None:
    """Rows of digits, each under its label, above the share `bottom` of the figure.

    They are the layout's: Plotly takes the picture of a trace away until it has loaded the next one.
    """
    width = max(map(_strip_width, rows))
    for i, row in enumerate(rows):
        y = i * (28 + LABEL)
        place = {"x": -0.5, "y": y - 0.5, "sizex": _strip_width(row), "sizey": 28, "xref": "x", "yref": "y"}
        figure.add_layout_image(source=png(row.images_nhw), sizing="stretch", layer="above", **place)
        figure.add_annotation(
            x=-0.5, y=y - 1, text=row.label, xanchor="left", yanchor="bottom", showarrow=False
        )
    hidden = {"visible": False, "fixedrange": True, "constrain": "domain"}
    up_and_down = [len(rows) * (28 + LABEL) - LABEL - 0.5, -LABEL - 0.5]
    figure.update_layout(
        xaxis={**hidden, "range": [-0.5, width - 0.5]},
        yaxis={
            **hidden,
            "range": up_and_down,
            "scaleanchor": "x",
            "constraintoward": "top",
            "domain": [bottom, 1],
        },
    )


def _strip_width(row: Row) -> int:
    return len(row.images_nhw) * (28 + GAP) - GAP


def _add_codes(figure: go.Figure, points_m2: np.ndarray, labels_m: np.ndarray, top: float) -> None:
    """The points of all classes as one trace, the last but one.

    Of ten traces in each frame Plotly makes a figure in twice the time.
    """
    place = {"xaxis": "x2", "yaxis": "y2"}
    *classes, middles = class_traces(points_m2, labels_m, only_legend=True, span=SCALE, **place)
    looks = {
        "color": [CLASS_COLOURS[digit] for digit in labels_m],
        "symbol": [CLASS_SYMBOLS[digit] for digit in labels_m],
    }
    marker = {**looks, "size": MARKER, "opacity": 0.8}
    points = go.Scatter(
        x=points_m2[:, 0], y=points_m2[:, 1], mode="markers", marker=marker, showlegend=False, **place
    )
    figure.add_traces([*classes, points, middles])
    ends = [_in_range(share) * SCALE for share in (-MARGIN, 1 + MARGIN)]
    bare = {"range": ends, "fixedrange": True, "showticklabels": False, "showgrid": False, "zeroline": False}
    frame = {"showline": True, "mirror": True, "linecolor": "#888888"}
    figure.update_layout(
        legend={**CLASS_LEGEND, "y": top + 0.01},
        xaxis2={
            **bare,
            **frame,
            "domain": [CODES_LEFT, CODES_RIGHT],
            "anchor": "y2",
            "title": say("codes of test digits"),
        },
        yaxis2={**bare, **frame, "domain": [0, top], "anchor": "x2"},
    )


def _curve_words(*, one_unit: bool, trained_on: bool, floors: Floors | None) -> list[str]:
    """What each line among the losses is, beside its sign in its colour, as HTML."""
    left, right = ("", "") if one_unit else (say(", left"), say(", right"))
    told = [
        say("{sign} training loss{left}", sign=_sign(BLUE, "—"), left=left),
        say("{sign} test error{right}", sign=_sign(ORANGE, "◆"), right=right),
    ]
    if trained_on:
        told.append(f"{_sign(GREEN, '■')} {TRAINED_ON}{right}")
    if floors:
        colour = GREY if one_unit else ORANGE
        told.append(
            say(
                "{sign} always black, {sign_of_mean} the mean digit{right}",
                sign=_sign(colour, "···"),
                sign_of_mean=_sign(colour, "– –"),
                right=right,
            )
        )
        if not one_unit:
            told.append(
                say(
                    "{sign} always grey, {sign_of_copy} a perfect copy{left}",
                    sign=_sign(BLUE, "···"),
                    sign_of_copy=_sign(BLUE, "– –"),
                    left=left,
                )
            )
    return told


def _sign(colour: str, sign: str) -> str:
    return f'<span style="color:{colour}"><b>{sign}</b></span>'


def _add_losses(
    figure: go.Figure,
    curves: tuple[Sequence[tuple[int, float]], Sequence[tuple[int, float]], Sequence[tuple[int, float]]],
    floors: Floors | None,
    last: int,
    top: float,
    sides: tuple[float, float],
    *,
    one_unit: bool,
) -> None:
    """The training loss, from step 0: that of the first step is measured before the network changes.

    curves: training losses, test errors, and errors on digits that it learns from. Two units have an axis
    each, on the left and on the right.
    """
    batch_losses, test_errors, train_errors = curves
    _, untrained = batch_losses[0]
    losses = _columns([(UNTRAINED, untrained), *batch_losses])
    line = {"color": BLUE, "width": 2}
    place = {"xaxis": "x3", "showlegend": False}
    figure.add_scatter(x=losses[0], y=losses[1], mode="lines", line=line, yaxis="y3", **place)
    axis = "y3" if one_unit else "y4"
    shown = [(test_errors, ORANGE, "diamond", "solid")]
    if train_errors:
        shown.append((train_errors, GREEN, "square", "dot"))
    for pairs, colour, symbol, dash in shown:
        errors = _columns(pairs)
        look = {"marker": {"color": colour, "symbol": symbol, "size": 8}, "line": {"dash": dash}}
        figure.add_scatter(x=errors[0], y=errors[1], mode="lines+markers", yaxis=axis, **look, **place)
    powers = [10**power for power in range(1, len(str(last)))]
    steps = {"tickvals": [UNTRAINED, *powers], "ticktext": ["0", *map(_short, powers)], "tickangle": 0}
    ends = [np.log10(UNTRAINED / 1.5), np.log10(max(last, 2) * 2)]  # with room for the ring
    log = {"type": "log", "fixedrange": True}
    figure.update_layout(
        xaxis3={
            **log,
            **steps,
            "range": ends,
            "domain": list(sides),
            "anchor": "y3",
            "showgrid": False,
            "title": say("step"),
        },
        yaxis3={**log, "domain": [0, top], "anchor": "x3", "dtick": "D2", "tickformat": "~g"},
    )
    if not one_unit:
        own = {"overlaying": "y3", "side": "right", "showgrid": False, "tickformat": "~g"}
        own["dtick"] = "D2" if floors else "D1"
        figure.update_layout(yaxis4={**log, **own, "domain": [0, top], "anchor": "x3"})
    if floors:
        drawn = [value for _, value in batch_losses], [error for _, error in (*train_errors, *test_errors)]
        add_floors(figure, floors, *drawn, one_unit=one_unit, axes=("y3", "y4"), x_axis="x3", words=False)


def _columns(pairs: Sequence[tuple[float, float]]) -> np.ndarray:
    return np.asarray(pairs, dtype=np.float32).reshape(-1, 2).T


def _place_on_curve(step: int, batch_losses: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Where on the drawn curve a snapshot lies."""
    steps, losses = zip(*batch_losses, strict=True)
    loss = 10 ** np.interp(np.log10(max(step, 1)), np.log10(steps), np.log10(losses))
    return (step or UNTRAINED), float(loss)


def _scaled(codes_tm2: Tensor) -> np.ndarray:
    """Each axis in 16 bits, from a little below its lowest number to a little above its highest.

    These are of all steps, but no farther from those of the last step than a fifth of their range: what lies
    farther out for a while would leave the trained network's codes a spot in an empty frame. What a code of
    one number has no second for lies in the middle.
    """
    low_d, high_d = codes_tm2[-1].amin(0), codes_tm2[-1].amax(0)
    reach_d = (high_d - low_d) / 5
    low_d = codes_tm2.amin((0, 1)).maximum(low_d - reach_d)
    high_d = codes_tm2.amax((0, 1)).minimum(high_d + reach_d)
    across_d = high_d - low_d
    shares = torch.where(across_d > 0, (codes_tm2 - low_d) / across_d, 0.5)
    return (_in_range(shares).clamp(0, 1) * SCALE).round().numpy().astype(np.uint16)


def _in_range(share: Shares) -> Shares:
    """Where a share of the frame's width lies within all that is told."""
    return (share + BEYOND) / (1 + 2 * BEYOND)


def _short(number: float) -> str:
    return f"{number / 1000:g}k" if number >= 1000 else f"{number:g}"


def _slider(steps: Sequence[int], axis_height: int) -> dict[str, object]:
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    return {
        "active": len(steps) - 1,
        "currentvalue": {"prefix": say("Scrub the training: step "), "font": {"size": FONT}},
        "pad": {"t": axis_height + 10, "b": 10, "l": 8, "r": 20},
        "len": 1.0,
        "steps": [{"label": f"{step:,}", "method": "animate", "args": [[str(step)], jump]} for step in steps],
    }
