"""No setting of any dial leaves a page without pictures: every dial goes through its whole range."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.frame.path import BESIDE, PATH
from tests.pages.test_pages import markup, open_page, pictures

# The drawing board registers itself with a running server: that page goes through its dials in a browser.
# Runs and the list of reading have no network of their own to show.
PAGES = [lesson.page for lesson in (*PATH, *BESIDE) if lesson.page not in ("your_digit", "runs", "reading")]
# Of a range with more values than these, its ends and what lies evenly between.
MOST_VALUES = 13
# What a network makes of a digit, where a page shows that before any question is answered.
OUTPUT = {
    **dict.fromkeys(("fully_connected", "convolutional", "denoising"), 'alt="reconstruction'),
    **dict.fromkeys(("home", "comparison"), 'class="rebuilt"'),
}
CHOICES = ("select_slider", "selectbox", "radio")
RANGES = ("slider", "number_input")


def values_of(kind: str, dial: object) -> list[object]:
    """What a dial can be set to, at most MOST_VALUES of it, its ends among them."""
    if kind in CHOICES:
        found = list(dial.options)
        return found if len(found) <= MOST_VALUES else [*found[:MOST_VALUES], found[-1]]
    whole = isinstance(dial.min, int) and isinstance(dial.max, int)
    spread = [dial.min + (dial.max - dial.min) * i / (MOST_VALUES - 1) for i in range(MOST_VALUES)]
    return sorted({int(value) if whole else round(value, 2) for value in spread})


def dials_of(page: AppTest) -> list[tuple[str, str]]:
    """Kind and key of each dial on the page."""
    return [
        (kind, dial.key)
        for kind in (*CHOICES, *RANGES, "toggle")
        for dial in getattr(page, kind)
        if dial.key and not dial.disabled and dial.key != "present_switch"
    ]


def set_dial(page: AppTest, kind: str, key: str, step: int) -> None:
    """Set a dial, if it is still on the page, to the value that is `step` places along its range."""
    found = [dial for dial in getattr(page, kind) if dial.key == key]
    if not found:
        return
    (dial,) = found
    if kind == "toggle":
        dial.set_value(bool(step % 2))
        return
    values = values_of(kind, dial)
    if kind in CHOICES:
        dial.set_value(_held(dial, values[step % len(values)]))
    else:
        dial.set_value(values[step % len(values)])


def _held(dial: object, option: str) -> object:
    """The value behind an option's words: a key of the table that words it, or a number."""
    table = getattr(dial.format_func, "__self__", None)
    if isinstance(table, dict):
        return next(value for value, words in table.items() if words == option)
    for kind in (int, float):
        with suppress(ValueError):
            value = kind(option.replace(",", ""))
            if dial.format_func(value) == option:
                return value
    return option


@pytest.mark.parametrize("name", PAGES)
def test_no_setting_of_any_dial_leaves_the_page_without_pictures(name):
    """All dials move at once, each a place further with every step, so that each passes all of its range."""
    page = open_page(name)
    dials = dials_of(page)
    assert dials
    for step in range(MOST_VALUES + 1):
        for kind, key in dials:
            set_dial(page, kind, key, step)
        page.run()
        assert not page.exception, (name, step, page.exception)
        unfit = [box.value for box in page.error if "Choose 'mse'" not in box.value]
        assert not unfit, (name, step, unfit)
        assert re.search(OUTPUT.get(name, "data:image/png"), markup(page)), (name, step)
        assert "data:image/png" in pictures(page), (name, step)
