"""The pixels that sessions hold on to, of all of them together."""

from __future__ import annotations

import numpy as np
import pytest

from pages.shared.own_digit import recent

HALF = np.zeros((10, 10, 3), np.uint8)


@pytest.fixture(autouse=True)
def room_for_two(monkeypatch):
    monkeypatch.setattr(recent, "MOST_BYTES", 2 * HALF.nbytes)


def test_the_pixels_looked_at_longest_ago_go_first():
    one, two = recent.keep_pixels(HALF), recent.keep_pixels(HALF)
    assert recent.find_pixels(one) is HALF
    three = recent.keep_pixels(HALF)
    assert [recent.find_pixels(each) is None for each in (one, two, three)] == [False, True, False]


def test_a_picture_that_nobody_holds_takes_no_room():
    one = recent.keep_pixels(HALF)
    recent.keep_pixels(HALF)
    three = recent.keep_pixels(HALF)
    assert recent.find_pixels(one) is HALF
    assert recent.find_pixels(three) is HALF


def test_one_larger_than_all_the_room_is_there_alone():
    one, large = recent.keep_pixels(HALF), recent.keep_pixels(np.zeros((30, 10, 3), np.uint8))
    assert recent.find_pixels(one) is None
    assert recent.find_pixels(large) is not None
