"""Lines across a chart of errors that say what an error is worth: a black picture's, the mean digit's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log10

import plotly.graph_objects as go

from ae_core.baselines import Floors
from ae_core.words.sentences import say

GREY = "#888888"
# Each axis has the colour of its curve, where a chart has two: those of ae_core.figures.base.
BLUE, ORANGE = "#0072B2", "#E69F00"
# Pixels between a line and its words, and the share of an axis to leave free for words at its ends.
LIFT, FREE = 3, 0.14


@dataclass(frozen=True)
class Level:
    """A line across a chart, with its words on it: above the line, or `below` it; at the left or right end.

    axis: the y axis it belongs to, such as 'y2'. dash: Plotly's name of a pattern.
    """

    value: float
    words: str
    dash: str
    axis: str = "y"
    colour: str = GREY
    below: bool = False
    at_left: bool = False


def chart_levels(
    floors: Floors,
    losses: Sequence[float],
    errors: Sequence[float],
    *,
    one_unit: bool = True,
    axes: tuple[str, str] = ("y", "y2"),
    near: float = inf,
) -> tuple[list[Level], dict[str, list[float]]]:
    """Lines for a chart of a training, and the range of each of its axes as powers of ten.

    losses: of the training, on the first axis; errors: squared errors per image on the second, or, in
    `one_unit`, on the first as well. An axis without values has neither lines nor a range. near: a line this
    many times above the highest value is left out, where it would squash the curves.
    """
    left, right = axes
    errors_axis, colour = (left, GREY) if one_unit else (right, ORANGE)
    latest = [*losses, *errors][-1:] if one_unit else errors[-1:]
    is_just_below = any(0.5 < value / floors.mean_digit < 0.97 for value in latest)
    mean = say("always the mean digit {mean_digit:.1f}", mean_digit=floors.mean_digit)
    of_errors = [
        Level(floors.black, say("always black {black:.1f}", black=floors.black), "dot", errors_axis, colour),
        Level(floors.mean_digit, mean, "dash", errors_axis, colour, below=not is_just_below),
    ]
    if one_unit:
        return _on_axes(near, (left, of_errors, [*losses, *errors], FREE))
    grey, floor = (
        say("always grey {grey_entropy:.3f}", grey_entropy=floors.grey_entropy),
        say("a perfect copy {entropy:.4f}", entropy=floors.entropy),
    )
    of_losses = [
        Level(floors.grey_entropy, grey, "dot", left, BLUE, at_left=True),
        Level(floors.entropy, floor, "dash", left, BLUE, at_left=True),
    ]
    # So much free above that the words of the two axes do not meet.
    return _on_axes(near, (left, of_losses, losses, FREE), (right, of_errors, errors, 0.4))


def _on_axes(
    near: float,
    *axes: tuple[str, list[Level], Sequence[float], float],
) -> tuple[list[Level], dict[str, list[float]]]:
    shown: list[Level] = []
    ranges: dict[str, list[float]] = {}
    for axis, levels, values, above in axes:
        close = [level for level in levels if level.value <= near * max(values, default=0)]
        ends = log_range(values, [level.value for level in close], above)
        if ends is not None:
            shown += close
            ranges[axis] = ends
    return shown, ranges


def add_floors(
    figure: go.Figure,
    floors: Floors,
    losses: Sequence[float],
    errors: Sequence[float],
    *,
    one_unit: bool = True,
    axes: tuple[str, str] = ("y", "y2"),
    x_axis: str = "x",
    words: bool = True,
    near: float = inf,
) -> None:
    """Draw the lines of `chart_levels` across a chart, and set the ranges of its y axes.

    x_axis: the chart's, such as 'x3'. words: whether what they are stands on them.
    """
    levels, ranges = chart_levels(floors, losses, errors, one_unit=one_unit, axes=axes, near=near)
    figure.update_layout({axis.replace("y", "yaxis"): {"range": ends} for axis, ends in ranges.items()})
    add_levels(figure, levels, x_axis, words=words)


def add_levels(figure: go.Figure, levels: Sequence[Level], x_axis: str = "x", *, words: bool = True) -> None:
    """Draw lines across a chart whose y axes are logarithmic, each with its words on it if wished."""
    for level in levels:
        across = {"xref": f"{x_axis} domain", "yref": level.axis}
        line = {"color": level.colour, "dash": level.dash, "width": 2}
        figure.add_shape(type="line", x0=0, x1=1, y0=level.value, y1=level.value, line=line, **across)
        if not words:
            continue
        side = "left" if level.at_left else "right"
        figure.add_annotation(
            x=0 if level.at_left else 1,
            y=log10(level.value),
            text=level.words,
            xanchor=side,
            yanchor="top" if level.below else "bottom",
            xshift=LIFT if level.at_left else -LIFT,
            yshift=-LIFT if level.below else LIFT,
            showarrow=False,
            **across,
        )


def log_range(values: Sequence[float], lines: Sequence[float], above: float = FREE) -> list[float] | None:
    """Ends of a logarithmic axis, as powers of ten, that holds the values and the lines.

    above: the share of the axis to leave free above, for the words on a line. None without any value.
    """
    drawn = [value for value in values if value > 0]
    if not drawn:
        return None
    low, high = log10(min([*drawn, *lines])), log10(max([*drawn, *lines]))
    span = max(high - low, 0.3)
    return [low - FREE * span, low + (1 + above) * span]
