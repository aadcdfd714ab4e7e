"""The classifier: how well it reads, what noise does to that, and that it is what was written."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
import torch

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.errors import DataError
from ae_core.runs.store import Store
from ae_core.study import classifier
from ae_core.study.classifier import (
    MANIFEST,
    SHIPPED,
    WEIGHTS,
    ClassifierConfig,
    classify,
    load_classifier,
    measure_share,
    read_right,
    save_classifier,
    share_interval,
    sweep_shares,
    train_classifier,
)
from ae_core.study.robustness import noisy_digits

NOISE = CorruptionConfig("gaussian", 0.4)


@pytest.fixture(scope="module")
def layers():
    return load_classifier().layers


def test_it_reads_as_many_test_digits_right_as_it_says_and_its_file_is_small(digits, layers):
    right = read_right(layers, digits.test_nhw, digits.test_labels_n).float().mean()
    assert float(right) == pytest.approx(load_classifier().accuracy, abs=1e-4)
    assert right > 0.985
    assert (SHIPPED / WEIGHTS).stat().st_size < 200_000


def test_each_picture_has_ten_probabilities_of_sum_1(digits, layers):
    likely = classify(layers, digits.test_nhw[:1500])
    assert likely.shape == (1500, 10)
    torch.testing.assert_close(likely.sum(1), torch.ones(1500))
    assert likely.min() >= 0


def test_noise_makes_digits_harder_to_read_and_the_denoiser_makes_them_easier(digits, layers, tmp_path):
    store = Store(tmp_path)
    dae = store.load_model(store.shipped_like(config.DAE))
    clean, labels = digits.test_nhw[:500], digits.test_labels_n[:500]
    levels = (0.0, 0.4, 0.8)
    nothing = sweep_shares(layers, None, clean, labels, "gaussian", levels, seed=0)
    denoised = sweep_shares(layers, dae, clean, labels, "gaussian", levels, seed=0)
    assert list(nothing.values) == sorted(nothing.values, reverse=True)
    by_hand = read_right(layers, noisy_digits(clean, NOISE, 0), labels).float().mean()
    assert nothing.values[1] == pytest.approx(float(by_hand))
    for i in (1, 2):
        assert denoised.lows[i] > nothing.highs[i]
    assert measure_share(layers, dae, clean, labels, NOISE, 0).value == denoised.values[1]


@pytest.mark.parametrize(
    ("count", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (250, 500, 0.4563, 0.5437)]
)
def test_the_interval_of_a_share_is_wilsons(count, of, low, high):
    assert share_interval(count, of) == pytest.approx((low, high), abs=1e-4)


def test_equal_seeds_train_to_equal_weights_and_few_digits_are_learnt(few_digits):
    settings = ClassifierConfig(epochs=4)
    others = (settings, replace(settings, seed=1), replace(settings, noise=NOISE))
    one, *trained = (train_classifier(few_digits, each) for each in (settings, *others))
    pairs = [zip(one.parameters(), each.parameters(), strict=True) for each in trained]
    assert [all(torch.equal(a, b) for a, b in pair) for pair in pairs] == [True, False, False]
    assert read_right(one, few_digits.test_nhw, few_digits.test_labels_n).float().mean() > 0.7


def test_what_is_written_is_read_again_in_16_bits(few_digits, tmp_path):
    layers = train_classifier(few_digits, ClassifierConfig(epochs=1))
    save_classifier(layers, ClassifierConfig(epochs=1), {"test_accuracy": 0.5}, tmp_path / "new")
    found = load_classifier(tmp_path / "new")
    assert found.accuracy == 0.5
    for mine, theirs in zip(layers.parameters(), found.layers.parameters(), strict=True):
        torch.testing.assert_close(mine.half().float(), theirs)
    assert json.loads((tmp_path / "new" / MANIFEST).read_text())["settings"]["epochs"] == 1


@pytest.mark.parametrize(("name", "content"), [(MANIFEST, b"{}"), (WEIGHTS, b"other"), (WEIGHTS, None)])
def test_one_that_is_missing_or_damaged_is_refused_and_pictures_do_without(
    tmp_path, monkeypatch, name, content
):
    folder = tmp_path / "classifier"
    shutil.copytree(SHIPPED, folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(DataError, match="missing or damaged"):
        load_classifier(folder)
    monkeypatch.setattr(classifier, "shipped_classifier", lambda: load_classifier(folder))
    assert classifier.find_classifier() is None


def test_one_flipped_bit_of_its_weights_is_found(tmp_path):
    folder = tmp_path / "classifier"
    shutil.copytree(SHIPPED, folder)
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(DataError, match="missing or damaged"):
        load_classifier(folder)
