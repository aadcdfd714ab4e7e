"""Noise in training against noise in the test: tables, and what the lab's networks make of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ae_core.config import DAE, CorruptionConfig
from ae_core.metrics import squared_error
from ae_core.models import reconstruct
from ae_core.study.mismatch import BY_KIND, BY_LEVEL, TESTED_LEVELS, fill_table
from ae_core.study.robustness import noisy_digits

LOW, HIGH, HIGHER = (CorruptionConfig("gaussian", level) for level in (0.2, 0.4, 0.6))
FIGURES = {
    (LOW, LOW): 2.0, (LOW, HIGH): 6.0, (LOW, HIGHER): 9.0,
    (HIGH, LOW): 3.0, (HIGH, HIGH): 8.0, (HIGH, HIGHER): 6.0,
    (None, LOW): 5.0, (None, HIGH): 10.0, (None, HIGHER): 20.0,
}  # fmt: skip


def test_a_table_knows_the_best_of_each_column_and_where_the_diagonal_wins():
    table = fill_table([LOW, HIGH], [LOW, HIGH, HIGHER], lambda *those: FIGURES[those])
    assert table.errors == ((2.0, 6.0, 9.0), (3.0, 8.0, 6.0))
    assert table.nothing == (5.0, 10.0, 20.0)
    assert [table.best(noise) for noise in table.tested] == [LOW, LOW, HIGH]
    assert table.matched == (LOW, HIGH)
    assert table.matched_wins == (LOW,)
    assert table.times_best(HIGH, LOW) == pytest.approx(1.5)
    with pytest.raises(ValueError, match="not in tuple"):
        table.error(HIGHER, LOW)


def error_of(store, digits):
    clean_nhw = digits.test_nhw[:200]

    def error(trained, tested):
        noisy_nhw = noisy_digits(clean_nhw, tested, 0)
        if trained is not None:
            run = store.shipped_like(replace(DAE, corruption=trained))
            noisy_nhw = reconstruct(store.load_model(run), noisy_nhw)
        return float(squared_error(noisy_nhw, clean_nhw).mean())

    return error


def test_of_the_labs_networks_the_one_trained_for_the_test_is_the_best_at_every_level(store, digits):
    table = fill_table(BY_LEVEL, TESTED_LEVELS, error_of(store, digits))
    assert table.matched_wins == table.matched == BY_LEVEL


def test_of_the_labs_networks_the_one_trained_for_the_test_is_the_best_at_every_kind(store, digits):
    table = fill_table(BY_KIND, BY_KIND, error_of(store, digits))
    assert table.matched_wins == table.matched == BY_KIND
