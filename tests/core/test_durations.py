"""How long something takes, in words."""

from __future__ import annotations

import pytest

from ae_core.words.durations import duration_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (8.2, "8 s"), (99, "99 s"), (150, "2 min"), (5_000, "83 min"), (8_641, "2.4 h")],
)
def test_a_long_time_is_told_in_minutes_and_hours(seconds, words):
    assert duration_words(seconds) == words
