"""Photos of handwriting come out as digits that a network can read; tests.benchmarks.photos asks for more."""

from __future__ import annotations

import numpy as np
import pytest

from ae_core.data import as_images
from ae_core.pictures.decoding import read
from ae_core.pictures.preparation import prepare
from tests.support.classifier import Reader, trained
from tests.support.photos import photo

PHOTOS = 90


@pytest.fixture(scope="module")
def reader(digits) -> Reader:
    few = slice(4_000)
    return trained(as_images(digits.train_bytes_nhw[few]), digits.train_labels_n[few], epochs=4)


def test_the_reader_reads_digits_that_it_never_saw(digits, reader):
    assert (reader(digits.test_nhw) == digits.test_labels_n).float().mean() > 0.96


def test_a_digit_photographed_somehow_is_still_read_as_itself(digits, reader):
    wrong = []
    for i in range(PHOTOS):
        content, done = photo(digits.test_nhw[i].numpy(), seed=i, largest=800)
        if int(reader(prepare(np.asarray(read(content))).digit_hw[None])) != int(digits.test_labels_n[i]):
            wrong.append((i, done))
    assert len(wrong) <= 0.07 * PHOTOS, wrong


def test_the_same_seed_gives_the_same_photo(digits):
    one, other, third = (photo(digits.test_nhw[0].numpy(), seed=seed, largest=300) for seed in (1, 1, 2))
    assert one == other
    assert one != third
