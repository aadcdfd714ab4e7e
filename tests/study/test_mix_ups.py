"""Which digits are taken for others after a network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ae_core import config
from ae_core.config import FAE
from ae_core.data import Digits
from ae_core.runs.store import Store, default_root
from ae_core.study.classifier import classify, shipped_classifier
from ae_core.study.mix_ups import find_mix_ups
from pages.shared.parts.mix_up_view import mix_up_words


class Redraws(nn.Module):
    """Draws every digit of one class as the same digit of another, and gives back all others."""

    def __init__(self, digits: Digits, labels: tuple[int, int]) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.digits, (self.of, self.to) = digits, labels
        self.other_hw = digits.test_nhw[digits.test_labels_n == self.to][0]

    def forward(self, images_nchw: torch.Tensor) -> torch.Tensor:
        labels_n = classify(shipped_classifier().layers, images_nchw[:, 0]).argmax(1)
        return torch.where((labels_n == self.of)[:, None, None, None], self.other_hw, images_nchw)


def test_a_class_that_is_redrawn_as_another_is_named_with_its_share(digits):
    clean_nhw, labels_n = digits.test_nhw[:500], digits.test_labels_n[:500]
    found = find_mix_ups(shipped_classifier().layers, Redraws(digits, (4, 9)), clean_nhw, labels_n)
    assert [(each.digit, each.read_as, each.share) for each in found.most] == [(4, 9, 1.0)]
    is_clear_n = classify(shipped_classifier().layers, clean_nhw).argmax(1) == labels_n
    share_of_4 = float((labels_n[is_clear_n] == 4).float().mean())
    assert found.read_right == pytest.approx(1 - share_of_4, abs=1e-6)
    assert mix_up_words(found) == "4 read as 9 (100%)"


def test_fewer_numbers_keep_fewer_digits_apart(digits):
    store, read_right = Store(default_root()), []
    for size in (1, 2, 8, 30):
        run = store.shipped_like(config.adjusted(FAE, model={"latent_size": size}))
        assert run is not None
        layers, model = shipped_classifier().layers, store.load_model(run)
        read_right.append(
            find_mix_ups(layers, model, digits.test_nhw[:500], digits.test_labels_n[:500]).read_right
        )
    assert read_right == sorted(read_right)
    assert read_right[-1] > 0.97  # "with thirty hardly one is read as another", in the five lines at the end
    assert read_right[0] < 0.6 < 0.95 < read_right[-1]
