"""A table of errors as a heat map: its numbers, its marks, and letters that stand out from their ground."""

from __future__ import annotations

import re

import pytest

from ae_core.figures.class_errors import class_error_bars
from ae_core.figures.heat_table import HeatTable, heat_table_html
from ae_core.study.left_out import LEFT_OUT, ClassErrors

TABLE = HeatTable(
    "trained ↓ tested →",
    ["a <little>", "much"],
    ["no noise", "noise"],
    [[2.97, 99.96], [0.0, 12.34]],
    outlined=frozenset({(0, 0)}),
    marked=frozenset({(1, 0), (1, 1)}),
    below=("doing nothing", [0.0, 160.4]),
)


def luminance(red: float, green: float, blue: float) -> float:
    parts = [part / 255 for part in (red, green, blue)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_number_stands_in_its_cell_and_marks_where_they_belong():
    html = heat_table_html(TABLE, "errors & noise")
    cells = re.findall(r'<td class="([^"]*)"[^>]*>([^<]*)</td>', html)
    assert cells == [("lab-outlined", "3.0"), ("", "100"), ("lab-marked", "0.0"), ("lab-marked", "12.3")]
    assert re.findall(r"<td>([^<]*)</td>", html) == ["0.0", "160"]
    assert "a &lt;little&gt;" in html
    assert "errors &amp; noise" in html


@pytest.mark.parametrize("values", [[1.0, 1.5, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 50, 80, 100], [5.0], [0.0]])
def test_letters_stand_out_from_every_colour(values):
    html = heat_table_html(HeatTable("", [""] * len(values), [""], [values]), "")
    found = re.findall(r"background:rgb\((\d+),(\d+),(\d+)\);color:#(000|fff)", html)
    assert len(found) == len(values)
    for *ground, letters in found:
        one, other = luminance(*map(float, ground)), 0.0 if letters == "000" else 1.0
        low, high = sorted((one, other))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_bars_stand_in_pairs_for_each_digit_and_say_how_many_times_at_the_one_left_out():
    found = ClassErrors(
        tuple(map(float, range(1, 11))), tuple(2.0 * i for i in range(1, 11)), (100,) + (0,) * 9
    )
    figure = class_error_bars(found)
    assert [list(bar.y) for bar in figure.data] == [list(found.saw_all), list(found.never_saw)]
    (told,) = figure.layout.annotations
    assert (told.text, told.x, told.y) == (
        f"{LEFT_OUT}: 2.0 times",
        LEFT_OUT,
        18.0,
    )  # above its neighbours, too
    assert len({(bar.marker.color, bar.marker.pattern.shape) for bar in figure.data}) == 2
