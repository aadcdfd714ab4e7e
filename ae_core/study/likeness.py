"""How like the held-back digits a picture is to a network: its error's place among theirs, its nearest."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ae_core.metrics import squared_error
from ae_core.models import Autoencoder, as_picture, codes_of, reconstruct

NEAREST = 5


@dataclass(frozen=True)
class Crowd:
    """Held-back digits as a network has them.

    clean_nhw, labels_n: the digits and their classes. codes_nl: the codes of what the network sees of them,
    which may be noisy. errors_n: squared error of each reconstruction against the clean digit, over 784
    pixels.
    """

    clean_nhw: Tensor
    labels_n: Tensor
    codes_nl: Tensor
    errors_n: Tensor


@dataclass(frozen=True)
class Likeness:
    """A picture's place among the held-back digits of a crowd.

    error: its squared error, over 784 pixels. usual: that of the median held-back digit. smaller: how many of
    the `count` held-back digits have a smaller one; the more, the more surprising the picture is. code_l: its
    code. by_code_k,
    by_pixels_k: positions of the nearest held-back digits, nearest first, by Euclidean distance of the codes
    and of the pixels.
    """

    error: float
    usual: float
    smaller: int
    count: int
    code_l: Tensor
    by_code_k: Tensor
    by_pixels_k: Tensor


def measure_crowd(model: Autoencoder, clean_nhw: Tensor, seen_nhw: Tensor, labels_n: Tensor) -> Crowd:
    """Held-back digits through a network that sees `seen_nhw` of them; all (n, 28, 28), labels (n,)."""
    errors_n = squared_error(as_picture(reconstruct(model, seen_nhw)), clean_nhw)
    return Crowd(clean_nhw, labels_n, codes_of(model, seen_nhw), errors_n)


def measure_likeness(model: Autoencoder, clean_hw: Tensor, seen_hw: Tensor, others: Crowd) -> Likeness:
    """A picture (28, 28), of which the network sees `seen_hw`, among held-back digits with the same noise."""
    error = float(squared_error(as_picture(reconstruct(model, seen_hw[None])), clean_hw[None])[0])
    code_l = codes_of(model, seen_hw[None])[0]
    return Likeness(
        error,
        float(others.errors_n.median()),
        int((others.errors_n < error).sum()),
        len(others.errors_n),
        code_l,
        _nearest(code_l[None], others.codes_nl),
        _nearest(clean_hw.flatten()[None], others.clean_nhw.flatten(1)),
    )


def _nearest(one_1d: Tensor, others_nd: Tensor) -> Tensor:
    """Positions of the NEAREST others, nearest first."""
    distances_n: Tensor = torch.linalg.vector_norm(others_nd - one_1d, dim=1)
    return distances_n.argsort(stable=True)[:NEAREST]
