"""Which digits are taken for others once a network has redrawn them: what a small code cannot keep apart."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ae_core.models import Autoencoder, reconstruct
from ae_core.study.classifier import classify


@dataclass(frozen=True)
class MixUp:
    """share: of the digits of class `digit`, those read as `read_as` after the network, in [0, 1]."""

    digit: int
    read_as: int
    share: float


@dataclass(frozen=True)
class MixUps:
    """read_right: share of all digits, in [0, 1]. most: the commonest mix-ups, the most frequent first."""

    read_right: float
    most: tuple[MixUp, ...]


def find_mix_ups(
    layers: nn.Sequential, model: Autoencoder, clean_nhw: Tensor, labels_n: Tensor, count: int = 3
) -> MixUps:
    """What a classifier reads in reconstructions of digits (n, 28, 28) with their classes (n,).

    layers: of the classifier. Only digits count that it reads right before the network: the rest says nothing
    of the network. Of each class only the commonest mix-up is named.
    """
    is_clear_n = classify(layers, clean_nhw).argmax(1) == labels_n
    labels_n = labels_n[is_clear_n]
    read_n = classify(layers, reconstruct(model, clean_nhw[is_clear_n])).argmax(1)
    table_kk = torch.zeros(10, 10).index_put_((labels_n, read_n), torch.ones(len(read_n)), accumulate=True)
    share_kk = table_kk / table_kk.sum(1, keepdim=True).clamp(min=1)
    wrong_kk = share_kk - torch.diag(share_kk.diag())
    found = [
        MixUp(digit, int(wrong_k.argmax()), float(wrong_k.max())) for digit, wrong_k in enumerate(wrong_kk)
    ]
    ordered = sorted((each for each in found if each.share), key=lambda each: -each.share)
    return MixUps(float((read_n == labels_n).float().mean()), tuple(ordered[:count]))
