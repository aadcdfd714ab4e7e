"""The loss curve as SVG: what is drawn, where it lies, and what is left out."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from ae_core.baselines import Floors
from ae_core.figures.base import BLUE, GREEN, ORANGE
from ae_core.figures.loss_drawing import loss_curve_svg

LOSSES, ERRORS = [(0, 0.2), (10, 0.1), (40, 0.05)], [(10, 40.0), (20, 30.0)]
FLOORS = Floors(89.3, 52.9, 0.0581)


def drawn(*arguments: object) -> ElementTree.Element:
    return ElementTree.fromstring(loss_curve_svg(*arguments))


def curves(svg: ElementTree.Element) -> dict[str, list[tuple[float, float]]]:
    """The points of each curve by its colour; the legend's strokes, which come first, are left out."""
    found = {}
    for line in svg.iter("polyline"):
        found[line.get("stroke")] = [
            tuple(map(float, point.split(","))) for point in line.get("points").split()
        ]
    return found


def words(svg: ElementTree.Element) -> list[str]:
    return [text.text for text in svg.iter("text")]


def place_of(svg: ElementTree.Element, said: str) -> tuple[float, float]:
    (text,) = [text for text in svg.iter("text") if text.text == said]
    return float(text.get("x")), float(text.get("y"))


def test_halves_lie_equally_far_apart_and_steps_lie_where_the_axis_says():
    svg = drawn(LOSSES, ERRORS, 40)
    (x0, y0), (x1, y1), (x2, y2) = curves(svg)[BLUE]
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)
    assert x2 - x0 == pytest.approx(4 * (x1 - x0), abs=0.5)
    assert (x0, x1, x2) == pytest.approx([place_of(svg, f"{step}")[0] for step in (0, 10, 40)], abs=0.1)
    # a squared error of 40 per image, by the ticks at 50 and at 100
    low, high = (place_of(svg, tick)[1] - 5 for tick in ("50", "100"))
    assert curves(svg)[ORANGE][0][1] == pytest.approx(low + math.log2(40 / 50) * (high - low), abs=0.2)


def test_every_line_is_named_and_the_floors_lie_where_their_errors_do():
    svg = drawn(LOSSES, ERRORS, 40, "mse", [(10, 35.0)], FLOORS)
    named = {
        "training loss",
        "error on digits it learns from",
        "test error",
        "step",
        "squared error per image",
    }
    assert named <= set(words(svg))
    assert {"always black 89.3", "always the mean digit 52.9"} <= set(words(svg))
    assert set(curves(svg)) == {BLUE, ORANGE, GREEN}
    heights = [float(line.get("y1")) for line in svg.iter("line") if line.get("stroke-dasharray")]
    low, high = (place_of(svg, tick)[1] - 5 for tick in ("50", "100"))
    assert min(heights) == pytest.approx(low + math.log2(89.3 / 50) * (high - low), abs=0.2)


def test_a_cross_entropy_and_a_squared_error_have_an_axis_each():
    svg = drawn(LOSSES, ERRORS, 40, "bce", [], FLOORS)
    assert {"cross-entropy per pixel", "squared error per image", "test error, on the right"} <= set(
        words(svg)
    )
    assert {"always grey 0.693", "a perfect copy 0.0581", "always black 89.3"} <= set(words(svg))
    left, right = place_of(svg, "0.1")[0], place_of(svg, "50")[0]
    assert left < curves(svg)[BLUE][0][0] < curves(svg)[BLUE][-1][0] < right


@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("floors", [None, FLOORS])
def test_what_is_no_number_above_0_is_left_out_and_nothing_is_no_drawing(loss, floors):
    odd = [(1, math.nan), (2, math.inf), (3, 0.0)]
    assert loss_curve_svg([], [], 0, loss, [], floors) == loss_curve_svg(odd, odd, 3, loss, odd, floors) == ""
    svg = drawn([*odd, (4, 0.1)], odd, 4, loss, [], floors)
    assert len(curves(svg)[BLUE]) == 1
    assert set(curves(svg)) == {BLUE}
    only_errors = drawn([], ERRORS, 20, loss, [], floors)
    assert set(curves(only_errors)) == {ORANGE}


def test_a_drawing_says_what_it_shows_and_grows_and_shrinks_with_the_page():
    svg = drawn(LOSSES, ERRORS, 12_345)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Loss curve over 12,345 steps: training loss, test error"
    _, _, width, height = map(float, svg.get("viewBox").split())
    for text in svg.iter("text"):
        assert 0 < float(text.get("x")) < width
        assert 0 < float(text.get("y")) < height
