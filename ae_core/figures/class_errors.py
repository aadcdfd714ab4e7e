"""Errors by class of digit, of a network that never saw one of them beside one that saw all."""

from __future__ import annotations

import plotly.graph_objects as go

from ae_core.figures.base import BLUE, FONT, ORANGE, PER_IMAGE
from ae_core.study.left_out import LEFT_OUT, ClassErrors
from ae_core.words.sentences import say


def class_error_bars(found: ClassErrors) -> go.Figure:
    """A pair of bars for each digit, apart in colour and pattern, and how many times for the one left out."""
    figure = go.Figure()
    for name, errors, colour, pattern in (
        (say("saw all ten digits"), found.saw_all, BLUE, ""),
        (say("never saw a {left_out}", left_out=LEFT_OUT), found.never_saw, ORANGE, "/"),
    ):
        figure.add_bar(
            x=[str(label) for label in range(len(errors))],
            y=list(errors),
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
        )
    figure.add_annotation(
        x=LEFT_OUT,  # a category's place
        y=max(max(errors[LEFT_OUT - 1 : LEFT_OUT + 2]) for errors in (found.saw_all, found.never_saw)),
        yshift=4,
        yanchor="bottom",
        text=say("{digit}: {times:.1f} times", digit=LEFT_OUT, times=found.times[LEFT_OUT]),
        showarrow=False,
        font={"size": FONT, "weight": 700},
    )
    figure.update_layout(
        barmode="group",
        height=320,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "font": {"size": FONT}},
        xaxis={"title": say("digit"), "type": "category", "fixedrange": True},
        yaxis={
            "title": PER_IMAGE,
            "fixedrange": True,
            "range": [0, 1.15 * max(*found.saw_all, *found.never_saw)],
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
