"""Curves of a network's output sent through it again and again."""

from __future__ import annotations

import math
from collections.abc import Mapping

import plotly.graph_objects as go

from ae_core.figures.base import FONT, LINES
from ae_core.study.iteration import SETTLED, Course
from ae_core.words.sentences import say

# A change of exactly zero has no place on a log axis.
LEAST_CHANGE = 1e-7


def change_curves(courses: Mapping[str, Course]) -> go.Figure:
    """Change per step on a log axis, a line per network, and the level below which a picture is settled."""
    figure = go.Figure()
    for (name, one), (colour, dash, symbol) in zip(courses.items(), LINES, strict=False):
        figure.add_scatter(
            x=list(range(1, len(one.change_t) + 1)),
            y=one.change_t.clamp(min=LEAST_CHANGE).tolist(),
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 9, "maxdisplayed": 12},
        )
    figure.add_hline(y=SETTLED, line={"color": "gray", "width": 2, "dash": "longdash"})
    figure.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=math.log10(SETTLED),
        yanchor="top",
        text=say("settled: below {settled:g}", settled=SETTLED),
        showarrow=False,
        font={"size": FONT},
    )
    figure.update_layout(
        height=420,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "font": {"size": FONT}},
        xaxis={"title": say("step"), "rangemode": "tozero", "fixedrange": True},
        yaxis={
            "type": "log",
            "title": say("change of a pixel per step"),
            "dtick": 1,
            "exponentformat": "power",
            "fixedrange": True,
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
