"""A drawing as the board sends it: checked, drawn, prepared, and the same digit as the browser's."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

from ae_core.pictures import strokes as drawing
from ae_core.pictures.page import prepare_drawing
from tests.conftest import PROJECT
from tests.support.handwriting import STROKES

# What Node runs: points as shares of the board become strokes as the pen makes them, and those a digit.
BY_NODE = """
    const { digitOf, leadTo, BOARD_SIDE } = await import(process.argv[1]);
    let text = "";
    for await (const part of process.stdin) text += part;
    const digits = JSON.parse(text).map((lines) => {
        const strokes = lines.map(({ rubs, width, points }) => {
            const stroke = { rubs, width, points: [] };
            for (const [x, y, pressure] of points) {
                leadTo(stroke, x * BOARD_SIDE, y * BOARD_SIDE, pressure ?? 0.5);
            }
            return stroke;
        });
        return { strokes, digit: Array.from(digitOf(strokes) ?? []) };
    });
    console.log(JSON.stringify(digits));
"""


def line(points: list[tuple[float, ...]], width: float = drawing.PEN, *, rubs: bool = False) -> dict:
    return {"rubs": rubs, "width": width, "points": points}


def drawn_by_browser(digits: list[list[dict]]) -> list[tuple[list[dict], np.ndarray]]:
    """Of lines with points as shares of the board: the strokes, and the digit (28, 28), empty without ink."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not at hand")
    script = (PROJECT / "ae_core/living/strokes.js").as_uri()
    command = [node, "--input-type=module", "--eval", BY_NODE, script]
    done = subprocess.run(command, input=json.dumps(digits), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = [(each["strokes"], np.array(each["digit"])) for each in json.loads(done.stdout)]
    return [(strokes, digit.reshape(-1, 28) if digit.size else digit) for strokes, digit in found]


def prepared(told: list[dict]) -> np.ndarray:
    strokes = drawing.read_strokes(told)
    assert strokes is not None
    return prepare_drawing(drawing.draw_strokes(strokes)).digit_hw.numpy()


def moved(points: list[tuple[float, float]], scale: float, right: float, down: float):
    return [(0.5 + scale * (x - 0.5) + right, 0.5 + scale * (y - 0.5) + down) for x, y in points]


def difference(one_hw: np.ndarray, other_hw: np.ndarray) -> float:
    """Mean over the pixels where either has ink."""
    return float(np.abs(one_hw - other_hw)[np.maximum(one_hw, other_hw) > 0.05].mean())


def difference_in_place(one_hw: np.ndarray, other_hw: np.ndarray) -> float:
    """The same where a whole pixel does not count: a centre of mass may lie half-way between two."""
    shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return min(difference(np.roll(one_hw, shift, (0, 1)), other_hw) for shift in shifts)


@pytest.mark.parametrize(("scale", "right", "down"), [(1, 0, 0), (0.4, 0.25, -0.2), (1.3, 0, 0)])
def test_the_browsers_digit_is_the_servers(scale, right, down):
    digits = [[line(moved(points, scale, right, down)) for points in STROKES[digit]] for digit in range(10)]
    pairs = [(digit_hw, prepared(told)) for told, digit_hw in drawn_by_browser(digits)]
    assert max(difference_in_place(*pair) for pair in pairs) < 0.05
    assert np.mean([np.abs(one_hw - other_hw).mean() for one_hw, other_hw in pairs]) <= 0.03
    if scale == 1:  # as the digits lie, over their ink
        assert np.mean([difference(*pair) for pair in pairs]) <= 0.1


def test_what_is_rubbed_out_thick_or_pressed_is_the_same_to_both():
    three, dot = STROKES[3][0], [(0.1, 0.1), (0.12, 0.12)]
    digits = [
        [line(three), line(dot), line([(0.05, 0.1), (0.2, 0.12)], drawing.RUBBER, rubs=True)],
        [line(three, drawing.PENS["thin"])],
        [line(three, drawing.PENS["thick"])],
        [line([(x, y, 0.2 + 0.6 * y) for x, y in three])],
        [line(dot)],
    ]
    found = drawn_by_browser(digits)
    for told, digit_hw in found:
        assert difference_in_place(digit_hw, prepared(told)) < 0.12
    thin, thick = found[1][1], found[2][1]
    assert thick.sum() > 1.5 * thin.sum()
    assert np.abs(found[0][1] - drawn_by_browser([[line(three)]])[0][1]).max() < 0.3


def test_a_digit_is_20_pixels_long_and_its_pen_two_wide_however_large_it_is_drawn():
    one = [(0.5, 0.2), (0.5, 0.8)]
    found = drawn_by_browser([[line(moved(one, scale, 0, 0))] for scale in (0.3, 1, 1.5)])
    for _, digit_hw in found:
        rows, columns = (np.flatnonzero((digit_hw > 0.1).any(axis)) for axis in (1, 0))
        assert len(rows) == 20
        assert digit_hw[14].sum() == pytest.approx(2, abs=0.1)
        assert (rows.mean(), columns.mean()) == pytest.approx((14, 14), abs=0.51)


def test_an_empty_board_and_a_rubbed_out_one_are_no_digit():
    line_down = [(0.5, 0.2), (0.5, 0.8)]
    rubbed = [line(line_down), line(line_down, drawing.RUBBER, rubs=True)]
    for told, digit in drawn_by_browser([[], rubbed]):
        strokes = drawing.read_strokes(told)
        assert strokes is not None
        assert digit.size == 0
        assert not drawing.has_ink(strokes)
