"""Photos of handwriting come out as digits that a network can read; tests.benchmarks.photos asks for more."""

from __future__ import annotations

import numpy as np

from ae_core.pictures.decoding import read
from ae_core.study.classifier import classify, shipped_classifier
from tests.support.photos import largest_digit, photo

PHOTOS = 90


def test_a_digit_photographed_somehow_is_still_read_as_itself(digits):
    layers = shipped_classifier().layers
    wrong = []
    for i in range(PHOTOS):
        content, done = photo(digits.test_nhw[i].numpy(), seed=i, largest=800)
        prepared_hw = largest_digit(np.asarray(read(content))).digit_hw
        if int(classify(layers, prepared_hw[None]).argmax()) != int(digits.test_labels_n[i]):
            wrong.append((i, done))
    assert len(wrong) <= 0.07 * PHOTOS, wrong


def test_the_same_seed_gives_the_same_photo(digits):
    one, other, third = (photo(digits.test_nhw[0].numpy(), seed=seed, largest=300) for seed in (1, 1, 2))
    assert one == other
    assert one != third
