"""The loss curve of a training as plain SVG, for a page that is to be small and needs no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ae_core.baselines import Floors
from ae_core.figures.base import BLUE, GREEN, LOG_TICKS, ORANGE, PER_IMAGE, TRAINED_ON, in_the_tests_unit
from ae_core.figures.levels import Level, chart_levels, log_range
from ae_core.words.sentences import say

Pairs = Sequence[tuple[int, float]]

# In the drawing's own units, which are pixels where there is room for all of it.
WIDTH, PLOT_HEIGHT, FONT = 520, 270, 15
# What the ticks and the title of an axis take beside and below the plot; where no axis is, a tick's half.
AXIS_WIDTH, AXIS_HEIGHT, EDGE = 68, 46, 24
LEGEND_LINE = 24
# At least so far apart do ticks stand on the axis of steps.
TICK_SPACING = 90
# Plotly's names of patterns, as SVG has them.
DASHES = {"solid": "", "dot": "2 4", "dash": "9 6"}
MARKER = 4.5


@dataclass(frozen=True)
class _Curve:
    """A line through (step, value) pairs on the axis `axis`, with markers ("" for none), and its words."""

    pairs: Pairs
    words: str
    colour: str
    axis: str = "y"
    dash: str = "solid"
    marker: str = ""


@dataclass(frozen=True)
class _Frame:
    """Where in the drawing a step and a value lie. ranges: of each axis, as powers of ten."""

    left: float
    right: float
    top: float
    steps: int
    ranges: dict[str, list[float]]

    @property
    def bottom(self) -> float:
        return self.top + PLOT_HEIGHT

    def x(self, step: float) -> float:
        return self.left + (self.right - self.left) * step / self.steps

    def y(self, value: float, axis: str) -> float:
        low, high = self.ranges[axis]
        return self.bottom - PLOT_HEIGHT * (math.log10(value) - low) / (high - low)


def loss_curve_svg(
    batch_losses: Pairs,
    test_errors: Pairs,
    steps: int,
    loss: str = "mse",
    train_errors: Pairs = (),
    floors: Floors | None = None,
) -> str:
    """The curves of `ae_core.figures.base.loss_curve`, which has the same arguments, as an SVG element.

    The axis of steps is linear, those of errors are logarithmic; what is not above 0, or no number, is left
    out. An empty text where nothing is left.
    """
    losses, one_unit = in_the_tests_unit(batch_losses, loss)
    axis, where = ("y", "") if one_unit else ("y2", say(", on the right"))
    curves = [
        _Curve(_drawable(losses), say("training loss"), BLUE),
        _Curve(_drawable(train_errors), f"{TRAINED_ON}{where}", GREEN, axis, "dot", "square"),
        _Curve(
            _drawable(test_errors), say("test error{where}", where=where), ORANGE, axis, "solid", "diamond"
        ),
    ]
    curves = [curve for curve in curves if curve.pairs]
    if not curves:
        return ""
    levels, ranges = _axes(curves, floors, one_unit=one_unit)
    right = WIDTH - (AXIS_WIDTH if "y2" in ranges else EDGE)
    frame = _Frame(AXIS_WIDTH, right, LEGEND_LINE * len(curves) + 12, max(steps, 1), ranges)
    titles = {"y": PER_IMAGE if one_unit else say("cross-entropy per pixel"), "y2": PER_IMAGE}
    parts = [_draw_legend(curves), _draw_steps(frame)]
    parts += [_draw_axis(frame, axis, titles[axis]) for axis in ranges]
    parts += [_draw_level(frame, level) for level in levels]
    parts += [_draw_curve(frame, curve) for curve in curves]
    height = frame.bottom + AXIS_HEIGHT
    words = say(
        "Loss curve over {steps:,} steps: {names}",
        steps=steps,
        names=", ".join(curve.words for curve in curves),
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(words)}" '
        f'font-size="{FONT}" font-family="inherit" fill="currentColor" stroke-linejoin="round" '
        f'style="display:block;width:100%;min-width:{0.7 * WIDTH:g}px;max-width:{1.3 * WIDTH:g}px">'
        f"{''.join(parts)}</svg>"
    )


def _drawable(pairs: Pairs) -> Pairs:
    return [(step, value) for step, value in pairs if math.isfinite(value) and value > 0]


def _axes(
    curves: Sequence[_Curve], floors: Floors | None, *, one_unit: bool
) -> tuple[list[Level], dict[str, list[float]]]:
    """The lines across, and the range of each axis that has a curve."""
    values = {axis: [v for c in curves if c.axis == axis for _, v in c.pairs] for axis in ("y", "y2")}
    if floors:
        if not one_unit:
            return chart_levels(floors, values["y"], values["y2"], one_unit=False)
        losses = [v for c in curves if not c.marker for _, v in c.pairs]
        errors = [v for c in curves if c.marker for _, v in c.pairs]
        return chart_levels(floors, losses, errors)
    ranges = {axis: log_range(found, []) for axis, found in values.items()}
    return [], {axis: ends for axis, ends in ranges.items() if ends is not None}


def _draw_steps(frame: _Frame) -> str:
    """The axis of steps below, with ticks at 1, 2 or 5 of a power of ten."""
    most = (frame.right - frame.left) / TICK_SPACING
    apart = next(n for n in (10**p * k for p in range(9) for k in (1, 2, 5)) if frame.steps / n <= most)
    ticks = "".join(
        _text(frame.x(step), frame.bottom + 18, f"{step:,}", "middle")
        for step in range(0, frame.steps + 1, apart)
    )
    title = _text((frame.left + frame.right) / 2, frame.bottom + 38, say("step"), "middle")
    return _line(frame.left, frame.bottom, frame.right, frame.bottom, "currentColor", 1) + ticks + title


def _draw_axis(frame: _Frame, axis: str, title: str) -> str:
    """A logarithmic axis at its side; that on the left has lines across the plot."""
    is_left = axis == "y"
    x, end = (frame.left - 8, "end") if is_left else (frame.right + 8, "start")
    low, high = frame.ranges[axis]
    drawn = ""
    for tick in LOG_TICKS:
        if not low <= math.log10(tick) <= high:
            continue
        y = frame.y(tick, axis)
        drawn += _text(x, y + 5, f"{tick:g}", end)
        if is_left:
            drawn += _line(frame.left, y, frame.right, y, "#88888855", 1)
    middle = (frame.top + frame.bottom) / 2
    x = 14 if is_left else WIDTH - 6
    return f'{drawn}<g transform="rotate(-90 {x} {middle:g})">{_text(x, middle, title, "middle")}</g>'


def _draw_level(frame: _Frame, level: Level) -> str:
    y = frame.y(level.value, level.axis)
    x, end = (frame.left + 6, "start") if level.at_left else (frame.right - 6, "end")
    words = _text(x, y + (FONT + 2 if level.below else -6), level.words, end)
    return _line(frame.left, y, frame.right, y, level.colour, 2, level.dash) + words


def _draw_curve(frame: _Frame, curve: _Curve) -> str:
    places = [(frame.x(step), frame.y(value, curve.axis)) for step, value in curve.pairs]
    markers = "".join(_marker(x, y, curve) for x, y in places) if curve.marker else ""
    return _polyline(places, curve) + markers


def _draw_legend(curves: Sequence[_Curve]) -> str:
    drawn = ""
    for i, curve in enumerate(curves):
        y = LEGEND_LINE * (i + 0.5)
        drawn += _polyline([(AXIS_WIDTH, y), (AXIS_WIDTH + 36, y)], curve)
        drawn += _marker(AXIS_WIDTH + 18, y, curve) if curve.marker else ""
        drawn += _text(AXIS_WIDTH + 46, y + 5, curve.words, "start")
    return drawn


def _polyline(places: Sequence[tuple[float, float]], curve: _Curve) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<polyline points="{points}" fill="none" stroke="{curve.colour}" stroke-width="2" '
        f'stroke-dasharray="{DASHES[curve.dash]}"/>'
    )


def _marker(x: float, y: float, curve: _Curve) -> str:
    turned = f' transform="rotate(45 {x:.1f} {y:.1f})"' if curve.marker == "diamond" else ""
    return (
        f'<rect x="{x - MARKER:.1f}" y="{y - MARKER:.1f}" width="{2 * MARKER}" height="{2 * MARKER}" '
        f'fill="{curve.colour}"{turned}/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: int, dash: str = "solid") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}" stroke-dasharray="{DASHES[dash]}"/>'
    )


def _text(x: float, y: float, words: str, end: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{end}">{escape(words)}</text>'
