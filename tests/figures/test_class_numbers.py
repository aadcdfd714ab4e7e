"""The numbers of the classes on maps of codes."""

from __future__ import annotations

import numpy as np
import pytest

from ae_core.figures.latent import CLASS_ROOM, class_middles

LABELS_N = np.repeat(np.arange(10), 50)


def distances(places_k2: np.ndarray, room_2: np.ndarray) -> np.ndarray:
    ways_kk2 = (places_k2[:, None] - places_k2) / room_2
    return np.linalg.norm(ways_kk2, axis=2)[~np.eye(len(places_k2), dtype=bool)]


@pytest.mark.parametrize("apart", [0.0, 0.1, 1.0], ids=["in one place", "a heap", "some close"])
def test_numbers_of_classes_that_lie_on_each_other_can_all_be_read(apart):
    rng = np.random.default_rng(4)
    points_n2 = (apart * rng.normal(size=(10, 2)))[LABELS_N] + rng.normal(size=(500, 2))
    x, y, names = class_middles(points_n2, LABELS_N, span=8.0)
    places_k2 = np.column_stack([x, y])
    assert names == [str(digit) for digit in range(10)]
    assert distances(places_k2, 8.0 * np.array(CLASS_ROOM)).min() > 0.9
    medians_k2 = np.array([np.median(points_n2[digit == LABELS_N], axis=0) for digit in range(10)])
    assert distances(medians_k2, 8.0 * np.array(CLASS_ROOM)).min() < 0.9  # else nothing was asked
    assert np.abs(places_k2 - medians_k2).max() < 0.15 * 8.0


def test_numbers_that_have_room_stay_on_their_medians():
    middles_k2 = np.array([(i % 5, i // 5) for i in range(10)], float)
    points_n2 = middles_k2[LABELS_N]
    x, y, _ = class_middles(points_n2, LABELS_N)
    assert np.column_stack([x, y]) == pytest.approx(middles_k2, abs=1e-4)


def test_numbers_on_a_line_of_codes_of_one_number_are_moved_off_it():
    rng = np.random.default_rng(4)
    points_n2 = np.column_stack([rng.normal(size=500), np.zeros(500)])
    places_k2 = np.column_stack(class_middles(points_n2, LABELS_N)[:2])
    span_2 = np.array([np.ptp(points_n2[:, 0]), 2.0])  # Plotly shows −1 to 1 of what is always 0
    assert distances(places_k2, span_2 * CLASS_ROOM).min() > 0.9
