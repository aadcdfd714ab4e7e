"""Figures as values: what is on them, and that they are small."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from ae_core.baselines import Floors
from ae_core.config import CorruptionConfig
from ae_core.corruption import corrupt
from ae_core.figures.base import (
    Row,
    columns_html,
    compared_curves,
    digit_rows_html,
    lay_out_digits,
    loss_curve,
    paired_bars,
    png,
    rows_html,
)
from ae_core.training import seeded


def decoded(source: str) -> np.ndarray:
    """A PNG data address -> (h, w, grey and opacity)."""
    head, content = source.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def noisy(images_nhw, level):
    return corrupt(images_nhw, CorruptionConfig("gaussian", level), seeded(0, "test noise"))


@pytest.fixture(scope="module")
def eight(digits):
    return digits.test_nhw[:8]


def test_a_picture_of_digits_holds_their_pixels(eight):
    strip = decoded(png(eight))
    assert strip.shape == (28, 8 * 28 + 7 * 2, 2)
    for i, image in enumerate(eight):
        left = i * 30
        np.testing.assert_array_equal(strip[:, left : left + 28, 0], (image * 255).round())
        assert (strip[:, left : left + 28, 1] == 255).all()
        assert (strip[:, left + 28 : left + 30, 1] == 0).all()


def test_values_out_of_the_visible_range_are_clipped(eight):
    strip = decoded(png(eight[:1] * 4 - 1))
    np.testing.assert_array_equal(strip[..., 0], ((eight[0] * 4 - 1) * 255).round().clamp(0, 255))


def test_rows_have_a_label_and_a_picture_each(eight):
    page = rows_html([Row("clean", eight), Row("x < y & z", noisy(eight, 0.4))])
    sources = re.findall(r'src="([^"]+)"', page)
    assert sources == [png(eight), png(noisy(eight, 0.4))]
    assert (
        page.index(">clean<")
        < page.index(sources[0])
        < page.index(">x &lt; y &amp; z<")
        < page.index(sources[1])
    )


@pytest.mark.parametrize(
    ("count", "size", "across", "lines"),
    [(1, 1, 1, 1), (8, 8, 1, 1), (9, 4, 3, 1), (12, 4, 3, 1), (16, 4, 4, 1), (17, 4, 3, 2), (60, 4, 4, 4)],
)
def test_more_digits_than_stand_in_a_line_are_in_even_lines_of_blocks(digits, count, size, across, lines):
    assert lay_out_digits(count) == (size, across)
    clean_nhw = digits.test_nhw[:count]
    page = digit_rows_html([Row("clean", clean_nhw), Row("noisy", noisy(clean_nhw, 0.4))])
    sources = re.findall(r'src="([^"]+)"', page)
    assert sources[::2] == [png(part_nhw) for part_nhw in clean_nhw.split(size)]
    assert len(sources) == 2 * len(clean_nhw.split(size))
    assert page.count("lab-begins") == (0 if count <= 8 else lines)


def test_columns_have_a_title_and_a_picture_each(eight):
    page = columns_html([("input", eight[:1]), ("FAE", eight[1:2])])
    assert re.findall(r'src="([^"]+)"', page) == [png(eight[:1]), png(eight[1:2])]
    assert re.findall(r'alt="([^"]+)"', page) == ["input", "FAE"]


LOSSES, ERRORS = [(1, 0.2), (10, 0.1), (20, 0.05)], [(10, 40.0), (20, 30.0)]


def test_squared_errors_of_training_and_test_are_drawn_in_one_unit_on_one_axis():
    figure = loss_curve(LOSSES, ERRORS, 40)
    drawn = {line.name: (list(line.x), list(line.y)) for line in figure.data}
    assert drawn["training loss"] == ([1, 10, 20], pytest.approx([156.8, 78.4, 39.2]))
    assert drawn["test error"] == ([10, 20], [40.0, 30.0])
    assert {line.yaxis for line in figure.data} <= {None, "y"}
    assert (figure.layout.yaxis.type, figure.layout.yaxis.title.text) == ("log", "squared error per image")
    assert figure.layout.xaxis.range == (0, 40)


def test_a_cross_entropy_and_a_squared_error_have_an_axis_each_that_says_which():
    figure = loss_curve(LOSSES, ERRORS, 40, "bce")
    training, test = figure.data
    assert list(training.y) == [0.2, 0.1, 0.05]
    assert (test.yaxis, figure.layout.yaxis2.side, figure.layout.yaxis2.type) == ("y2", "right", "log")
    assert figure.layout.yaxis.title.text == "cross-entropy per pixel"
    assert "on the right" in test.name


def test_the_loss_curve_can_be_empty():
    assert loss_curve([], [], 0).data == ()


def test_compared_runs_differ_in_more_than_colour_and_start_at_epoch_one():
    figure = compared_curves([(f"run {i}", [3.0, 2.0, 1.0 + i][: i + 1]) for i in range(4)])
    for looks in (
        {trace.line.color for trace in figure.data},
        {trace.line.dash for trace in figure.data},
        {t.marker.symbol for t in figure.data},
    ):
        assert len(looks) == 4
    assert [trace.name for trace in figure.data] == [f"run {i}" for i in range(4)]
    assert [list(trace.x) for trace in figure.data] == [[1], [1, 2], [1, 2, 3], [1, 2, 3]]
    assert figure.layout.yaxis.type == "log"
    assert compared_curves([("not begun", [])]).data[0].x == ()


FLOORS = Floors(black=89.3, mean_digit=52.9, entropy=0.0581)


def lines_across(figure):
    """Each line across a chart: the words on it, where it lies, on which axis, and its pattern."""
    assert len(figure.layout.shapes) == len(figure.layout.annotations)
    for line, words in zip(figure.layout.shapes, figure.layout.annotations, strict=True):
        assert line.y0 == line.y1 == pytest.approx(10**words.y)
        assert (line.yref, line.x0, line.x1) == (words.yref, 0, 1)
        yield words.text, line.y0, line.yref, line.line.dash


def shown(axis, value):
    low, high = axis.range
    return low < np.log10(value) < high


def test_a_loss_chart_says_what_always_black_and_always_the_mean_digit_are_worth():
    figure = loss_curve(LOSSES, ERRORS, 40, floors=FLOORS)
    assert list(lines_across(figure)) == [
        ("always black 89.3", 89.3, "y", "dot"),
        ("always the mean digit 52.9", 52.9, "y", "dash"),
    ]
    assert all(shown(figure.layout.yaxis, value) for value in (89.3, 52.9, 156.8, 30.0))


def test_a_cross_entropy_has_its_own_floor_and_ln_2_on_its_own_axis():
    figure = loss_curve(LOSSES, ERRORS, 40, "bce", floors=FLOORS)
    assert list(lines_across(figure)) == [
        ("always grey 0.693", pytest.approx(0.6931, abs=1e-4), "y", "dot"),
        ("a perfect copy 0.0581", 0.0581, "y", "dash"),
        ("always black 89.3", 89.3, "y2", "dot"),
        ("always the mean digit 52.9", 52.9, "y2", "dash"),
    ]
    assert all(shown(figure.layout.yaxis, value) for value in (0.693, 0.0581, 0.2, 0.05))
    assert all(shown(figure.layout.yaxis2, value) for value in (89.3, 52.9, 40.0))


@pytest.mark.parametrize("last", [1.4, 40.0, 52.7, 60.0])
def test_the_lines_take_no_more_than_half_of_a_chart_from_the_curve(last):
    figure = loss_curve(LOSSES, [(10, 60.0), (20, last)], 40, floors=FLOORS)
    low, high = figure.layout.yaxis.range
    assert (np.log10(156.8) - np.log10(min(last, 39.2))) / (high - low) > 0.5
    black, mean = figure.layout.annotations
    # never both between the two lines, where there is no room
    assert (black.yanchor, mean.yanchor) == ("bottom", "bottom" if last == 40 else "top")


def test_without_a_test_error_its_axis_has_no_lines_and_an_empty_chart_has_none():
    assert {axis for _, _, axis, _ in lines_across(loss_curve(LOSSES, [], 40, "bce", floors=FLOORS))} == {"y"}
    assert list(lines_across(loss_curve([], [], 0, floors=FLOORS))) == []


def test_what_is_learnt_by_heart_is_a_line_of_its_own_look():
    figure = loss_curve(LOSSES, ERRORS, 40, train_errors=[(10, 20.0), (20, 2.0)])
    known, test = figure.data[1:]
    assert (known.name, list(known.y)) == ("error on digits it learns from", [20.0, 2.0])
    assert (known.marker.symbol, known.line.dash) != (test.marker.symbol, test.line.dash)
    assert known.marker.color != test.marker.color
    assert [line.name for line in loss_curve(LOSSES, ERRORS, 40).data] == ["training loss", "test error"]


def test_compared_curves_have_the_lines_where_they_come_near_them():
    stuck, good = ("stuck", [52.9, 52.8]), ("good", [9.0, 3.0])
    assert [value for _, value, _, _ in lines_across(compared_curves([stuck, good], FLOORS))] == [89.3, 52.9]
    assert list(lines_across(compared_curves([good], FLOORS))) == []
    assert list(lines_across(compared_curves([], FLOORS))) == []


def test_votes_before_and_after_differ_in_more_than_colour():
    figure = paired_bars(["Yes.", "No."], [3, 9], [10, 2])
    assert [(bars.name, list(bars.x)) for bars in figure.data] == [("before", [3, 9]), ("after", [10, 2])]
    assert (
        len({bars.marker.color for bars in figure.data})
        == len({bars.marker.pattern.shape for bars in figure.data})
        == 2
    )
    assert list(figure.data[0].y) == ["Yes.", "No."]
    # a 9 on its side is a 6
    assert all((bars.textposition, bars.textangle) == ("outside", 0) for bars in figure.data)
