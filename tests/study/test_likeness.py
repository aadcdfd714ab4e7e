"""A picture's place among the held-back digits, against the same reckoned one by one."""

from __future__ import annotations

import pytest
import torch

from ae_core import config
from ae_core.models import codes_of, reconstruct
from ae_core.runs.store import Store
from ae_core.study.likeness import NEAREST, measure_crowd, measure_likeness
from ae_core.study.robustness import noisy_digits

NOISE = config.CorruptionConfig("gaussian", 0.3)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    run = store.shipped_like(config.adjusted(config.CAE, model={"latent_size": 8}))
    assert run is not None
    return store.load_model(run)


@pytest.fixture(scope="module")
def others(model, digits):
    seen_nhw = noisy_digits(digits.test_nhw[:200], NOISE, 0)
    return measure_crowd(model, digits.test_nhw[:200], seen_nhw, digits.test_labels_n[:200])


def test_the_error_and_its_place_are_those_reckoned_one_by_one(model, others, digits):
    clean_hw = digits.test_nhw[500]
    seen_hw = noisy_digits(clean_hw[None], NOISE, 0)[0]
    one = measure_likeness(model, clean_hw, seen_hw, others)
    rebuilt_hw = reconstruct(model, seen_hw[None])[0].clamp(0, 1)
    assert one.error == pytest.approx(float(((rebuilt_hw - clean_hw) ** 2).sum()), rel=1e-5)
    assert one.smaller == sum(float(error) < one.error for error in others.errors_n)
    assert one.usual == float(others.errors_n.median())


def test_a_held_back_digit_is_its_own_nearest_neighbour(model, others, digits):
    seen_nhw = noisy_digits(digits.test_nhw[:200], NOISE, 0)
    one = measure_likeness(model, digits.test_nhw[42], seen_nhw[42], others)
    assert one.by_pixels_k[0] == one.by_code_k[0] == 42
    assert len(one.by_code_k) == len(one.by_pixels_k) == NEAREST


def test_the_nearest_by_code_are_near_in_all_numbers_of_the_code(model, others, digits):
    one = measure_likeness(model, digits.test_nhw[700], digits.test_nhw[700], others)
    code_l = codes_of(model, digits.test_nhw[700:701])[0]
    farther = sorted(range(200), key=lambda i: float((others.codes_nl[i] - code_l).square().sum()))
    assert one.by_code_k.tolist() == farther[:NEAREST]


def test_pure_noise_surprises_more_than_nearly_every_digit(model, others):
    noise_hw = torch.rand(28, 28, generator=torch.Generator().manual_seed(0))
    assert measure_likeness(model, noise_hw, noise_hw, others).smaller >= 198
