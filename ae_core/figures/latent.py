"""Figures of the space of codes, as values.

A digit's class shows in colour, in the marker's shape and in a number.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from ae_core.figures.base import FONT
from ae_core.figures.png import grey_pixels, png_address
from ae_core.study.latent import Area, grid_shares
from ae_core.words.sentences import say

# Ten colours that stay apart for the colour-blind (Petroff 2021, "Accessible color sequences"), each with a
# shape of its own.
CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
CLASS_SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "cross",
    "x",
    "triangle-up",
    "triangle-down",
    "star",
    "pentagon",
    "hourglass",
)
MARKER, SMALL_MARKER = 8, 5
CLASS_FONT = 22
# Width and height that a class's number needs, as shares of a map's.
CLASS_ROOM = 0.05, 0.08
# What Plotly's axis shows of values that are all the same.
ONE_VALUES_SPAN = 2.0
MAP_HEIGHT = 480
MANIFOLD_HEIGHT = 480
# Clicks are caught on so many points a side: the steps of the two sliders that do the same.
CLICKS = 41
CLEAR = "rgba(0,0,0,0)"
# No class can be hidden: the figures count on all ten.
CLASS_LEGEND = {
    "orientation": "h",
    "x": 0,
    "yanchor": "bottom",
    "itemsizing": "constant",
    "itemclick": False,
    "itemdoubleclick": False,
}


def class_traces(
    points_n2: np.ndarray,
    labels_n: np.ndarray,
    *,
    only_legend: bool = False,
    span: float | None = None,
    **place: str,
) -> list[go.Scatter]:
    """Ten traces, one for each class, and one with each class's number at its middle.

    `place` names axes and legend.

    only_legend: the ten are without their points, and there for the legend alone. span: as `class_middles`
    has it.
    """
    traces = []
    for digit, (colour, symbol) in enumerate(zip(CLASS_COLOURS, CLASS_SYMBOLS, strict=True)):
        mine = np.flatnonzero(labels_n == digit)
        points = (
            {"x": [None], "y": [None]}
            if only_legend
            else {"x": points_n2[mine, 0], "y": points_n2[mine, 1], "customdata": mine}
        )
        traces.append(
            go.Scatter(
                **points,
                mode="markers",
                name=str(digit),
                marker={
                    "color": colour,
                    "symbol": symbol,
                    "size": MARKER,
                    "opacity": 0.8,
                    "line": {"width": 0},
                },
                # Without these, the points that were not clicked would fade.
                selected={"marker": {"opacity": 0.8}},
                unselected={"marker": {"opacity": 0.8}},
                hovertemplate=say("a {digit}", digit=digit) + "<extra></extra>",
                **place,
            )
        )
    x, y, names = class_middles(points_n2, labels_n, span)
    numbers = {"size": CLASS_FONT, "weight": 700, "shadow": "auto"}
    traces.append(
        go.Scatter(
            x=x, y=y, mode="text", text=names, textfont=numbers, hoverinfo="skip", showlegend=False, **place
        )
    )
    return traces


def class_middles(
    points_n2: np.ndarray, labels_n: np.ndarray, span: float | None = None
) -> tuple[list[float], list[float], list[str]]:
    """x and y of the median point of each class that is there, and its number.

    Where medians lie so close together that the numbers would cover each other, they are moved apart. span:
    how much each axis shows; as much as the points take, where it is not given.
    """
    digits = np.unique(labels_n)
    middles_k2 = np.array([np.median(points_n2[labels_n == digit], axis=0) for digit in digits])
    span_2 = np.ptp(points_n2, axis=0) if span is None else np.full(2, span)
    room_2 = np.where(span_2 > 0, span_2, ONE_VALUES_SPAN) * CLASS_ROOM
    apart_k2 = _move_apart(middles_k2 / room_2) * room_2
    return apart_k2[:, 0].tolist(), apart_k2[:, 1].tolist(), [str(digit) for digit in digits]


def _move_apart(places_k2: np.ndarray) -> np.ndarray:
    """Places (k, 2) at least one apart from each other, or nearly so; those that were stay as they were."""
    # Where all lie in one place, each has a direction of its own to leave it.
    turns_k = 2 * np.pi * np.arange(len(places_k2)) / len(places_k2)
    places_k2 = places_k2 + 1e-6 * np.column_stack([np.cos(turns_k), np.sin(turns_k)])
    for _ in range(60):
        ways_kk2 = places_k2[:, None] - places_k2
        far_kk = np.linalg.norm(ways_kk2, axis=2) + np.eye(len(places_k2))
        lacking_kk = np.clip(1 - far_kk, 0, None)
        if lacking_kk.max() < 0.02:
            break
        places_k2 = places_k2 + 0.3 * ((lacking_kk / far_kk)[..., None] * ways_kk2).sum(1)
    return places_k2


def code_map(
    points_n2: Tensor, labels_n: Tensor, walk_t2: Tensor, here_2: Tensor, names: tuple[str, str]
) -> go.Figure:
    """Codes on a plane, the straight line between two of them (t, 2), and a place on it.

    `names` says what the axes are.

    Each point's `customdata` is its position in `points_n2`.
    """
    figure = go.Figure(class_traces(points_n2.numpy(), labels_n.numpy()))
    # The page says what is under the pointer. Labels of Plotly's would take as long as the rest of a frame.
    figure.update_traces(hovertemplate=None, hoverinfo="none", selector={"mode": "markers"})
    x, y = walk_t2.T.tolist()
    line = {"color": "#D55E00", "width": 3, "dash": "dot"}
    figure.add_scatter(
        x=x, y=y, mode="lines", line=line, hoverinfo="skip", name=say("the walk"), showlegend=False
    )
    ends = {"color": "white", "size": 20, "line": {"color": "black", "width": 2}}
    figure.add_scatter(
        x=[x[0], x[-1]],
        y=[y[0], y[-1]],
        mode="markers+text",
        text=["A", "B"],
        marker=ends,
        hoverinfo="skip",
        showlegend=False,
        # Black on the white disc, in either theme.
        textfont={"color": "black", "size": FONT, "weight": 700},
    )
    place = {"color": "white", "size": 12, "symbol": "diamond", "line": {"color": "black", "width": 2}}
    figure.add_scatter(
        x=[float(here_2[0])],
        y=[float(here_2[1])],
        mode="markers",
        marker=place,
        hoverinfo="skip",
        showlegend=False,
    )
    _lay_out(figure, names)
    return figure


def _lay_out(figure: go.Figure, names: tuple[str, str]) -> None:
    figure.update_layout(
        height=MAP_HEIGHT,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={**CLASS_LEGEND, "y": 1.02},
        xaxis={"title": names[0], "zeroline": False, "fixedrange": True},
        yaxis={"title": names[1], "zeroline": False, "fixedrange": True},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        dragmode=False,
        hovermode="closest",
    )


def own_map(
    points_n2: Tensor, labels_n: Tensor, own_k2: Tensor, chosen: int, names: tuple[str, str]
) -> go.Figure:
    """Codes on a plane, and the places (k, 2) of a visitor's digits among them; `names`: what the axes are.

    chosen: position of the one that is worked with. Each is a disc with its number in the tray, from 1; a
    single one says "you".
    """
    figure = go.Figure(class_traces(points_n2.numpy(), labels_n.numpy()))
    count = len(own_k2)
    order = [*(i for i in range(count) if i != chosen), chosen]  # the chosen one lies on top
    x, y = own_k2[order].T.tolist()
    colours = [*["white"] * (count - 1), "#E69F00" if count > 1 else "white"]
    sizes = [*[26] * (count - 1), 34]
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers+text",
        text=["you"] if count == 1 else [str(i + 1) for i in order],
        marker={"color": colours, "size": sizes, "line": {"color": "black", "width": 2.5}},
        hoverinfo="skip",
        showlegend=False,
        textfont={"color": "black", "size": FONT, "weight": 700},
    )
    _lay_out(figure, names)
    return figure


def manifold_map(
    pictures_nhw: Tensor,
    over: Area,
    here_2: Tensor,
    codes_n2: Tensor | None = None,
    labels_n: Tensor | None = None,
) -> go.Figure:
    """Pictures on a square grid over an area of codes of two numbers, and the place that is looked at.

    codes_n2, labels_n: of digits to be shown on it as points. The first trace catches the clicks: unseen
    points in the order of `grid(CLICKS)`. The last two are the place that is looked at.
    """
    figure = go.Figure()
    (left, low), (right, high) = over.low_d.tolist(), over.high_d.tolist()
    count = round(len(pictures_nhw) ** 0.5)
    # The middle of each outer picture lies on the edge of the area.
    beyond_x, beyond_y = (right - left) / (count - 1) / 2, (high - low) / (count - 1) / 2
    figure.add_layout_image(
        source=square_png(pictures_nhw),
        xref="x",
        yref="y",
        x=left - beyond_x,
        y=high + beyond_y,
        sizex=right - left + 2 * beyond_x,
        sizey=high - low + 2 * beyond_y,
        sizing="stretch",
        layer="below",
    )
    x, y = over.at(grid_shares(CLICKS)).T.numpy()
    unseen = {"opacity": 0, "size": 10}
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker=unseen,
        name="",
        showlegend=False,
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hoverinfo="none",
    )
    if codes_n2 is not None and labels_n is not None:
        for trace in class_traces(codes_n2.numpy(), labels_n.numpy()):
            if trace.mode == "markers":
                trace.marker.size = SMALL_MARKER
            else:
                trace.textfont.update(color="white", shadow="0 0 4px black, 0 0 4px black")
            trace.update(
                hovertemplate=None, hoverinfo="skip", showlegend=False
            )  # clicks go through to the first
            figure.add_trace(trace)
    for colour, width in (("black", 7), ("#F0E442", 3)):
        figure.add_scatter(
            x=[float(here_2[0])],
            y=[float(here_2[1])],
            mode="markers",
            hoverinfo="skip",
            showlegend=False,
            marker={"symbol": "circle-open", "size": 26, "color": colour, "line": {"width": width}},
        )
    bare = {"fixedrange": True, "showgrid": False, "zeroline": False}
    figure.update_layout(
        height=MANIFOLD_HEIGHT,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={**bare, "title": say("1st number of the code"), "range": [left - beyond_x, right + beyond_x]},
        yaxis={**bare, "title": say("2nd number"), "range": [low - beyond_y, high + beyond_y]},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        dragmode=False,
        hovermode="closest",
    )
    return figure


def square_png(pictures_nhw: Tensor) -> str:
    """n = k² pictures as a square of k × k, row by row, as a PNG data address."""
    count = round(len(pictures_nhw) ** 0.5)
    rows = pictures_nhw.reshape(count, count, 28, 28).permute(0, 2, 1, 3)
    return png_address(grey_pixels(rows.reshape(count * 28, count * 28)))
