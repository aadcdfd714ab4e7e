"""A class left out: which networks, which digits, and errors worked out here once more."""

from __future__ import annotations

import pytest

from ae_core.models import reconstruct
from ae_core.study import left_out
from ae_core.study.left_out import LEFT_OUT, PER_CLASS, SAW_ALL, SAW_NO_SEVEN


@pytest.fixture
def networks(store):
    return [store.load_model(store.shipped_like(settings)) for settings in (SAW_ALL, SAW_NO_SEVEN)]


def test_the_network_that_never_saw_a_seven_comes_with_the_lab_and_takes_nobodys_place(store):
    never_saw, saw_all = (store.shipped_like(settings) for settings in (SAW_NO_SEVEN, SAW_ALL))
    assert never_saw.config.data.left_out == (LEFT_OUT,)
    assert never_saw.result["dataset"]["train"] == 60_000 - 6_265
    assert saw_all.config.data.left_out == ()
    assert never_saw.config.model == saw_all.config.model


def test_errors_by_class_are_over_the_first_held_back_digits_of_each(networks, digits):
    found = left_out.measure_class_errors(*networks, digits)
    for errors, model in zip((found.saw_all, found.never_saw), networks, strict=True):
        for label in (0, LEFT_OUT):
            places = [i for i, known in enumerate(digits.test_labels_n.tolist()) if known == label]
            those_nhw = digits.test_nhw[places[:PER_CLASS]]
            expected = float((reconstruct(model, those_nhw) - those_nhw).square().sum((1, 2)).mean())
            assert errors[label] == pytest.approx(expected, rel=1e-4)
    assert sum(found.reads_as) == PER_CLASS


def test_only_on_the_digit_left_out_is_the_network_far_worse(networks, digits):
    found = left_out.measure_class_errors(*networks, digits)
    low, high = found.times_others
    assert found.times[LEFT_OUT] > 1.3
    assert 0.9 < low < high < 1.1
