"""What a reconstruction must be compared with to mean anything: PCA, and doing nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ae_core.metrics import bce, squared_error, summary

# Two errors nearer to each other than this are about equal.
ABOUT_EQUAL = 0.05


@dataclass(frozen=True)
class PCA:
    """A mean picture and orthonormal directions (Pearson 1901).

    The best linear code of its size for the pictures it was fitted to.

    For other pictures a network, even a linear one, may be better.

    mean_p: (784,); components_lp: (l, 784), by falling variance. `encode` serves for other rows of numbers as
    well, such as a network's codes.
    """

    mean_p: Tensor
    components_lp: Tensor

    def encode(self, images_nhw: Tensor) -> Tensor:
        """(n, 28, 28) -> (n, l)."""
        return (images_nhw.flatten(1) - self.mean_p) @ self.components_lp.T

    def decode(self, codes_nl: Tensor) -> Tensor:
        """(n, l) -> (n, 28, 28). Values may leave [0, 1] slightly: the map is linear."""
        return (codes_nl @ self.components_lp + self.mean_p).reshape(-1, 28, 28)

    def reconstruct(self, images_nhw: Tensor) -> Tensor:
        """decode(encode(x)): (n, 28, 28) -> (n, 28, 28)."""
        return self.decode(self.encode(images_nhw))

    def first(self, latent_size: int) -> PCA:
        """The PCA of a smaller code: its directions are the first of these."""
        return PCA(self.mean_p, self.components_lp[:latent_size])

    def errors_by_size(self, images_nhw: Tensor) -> list[float]:
        """Squared error per image with a code of 1, 2, … l numbers.

        Every direction takes its own share of the error away.
        """
        centred_np = images_nhw.flatten(1).double() - self.mean_p
        taken_l = (centred_np @ self.components_lp.double().T).square().mean(0)
        errors_l: list[float] = (centred_np.square().sum(1).mean() - taken_l.cumsum(0)).tolist()
        return errors_l


def fit_pca(images_nhw: Tensor | Iterable[Tensor], latent_size: int) -> PCA:
    """PCA of `latent_size` directions, from the exact covariance in float64.

    images_nhw: pictures, or rows of any shape (n, …); or some of them at a time, that nobody hold all.
    """
    parts = [images_nhw] if isinstance(images_nhw, Tensor) else images_nhw
    count, sum_p, products_pp = 0, torch.zeros(()), torch.zeros(())
    for part in parts:
        pixels_np = part.flatten(1).double()
        count += len(pixels_np)
        sum_p = sum_p + pixels_np.sum(0)
        products_pp = products_pp + pixels_np.T @ pixels_np
    mean_p = sum_p / count
    _, directions_pp = torch.linalg.eigh(products_pp - count * torch.outer(mean_p, mean_p))
    components_lp = directions_pp.flip(1)[:, :latent_size].T
    return PCA(mean_p.float(), components_lp.contiguous().float())


def do_nothing(noisy_nhw: Tensor, clean_nhw: Tensor) -> dict[str, float]:
    """The noisy input handed back as it is: what a denoiser must beat."""
    return summary(noisy_nhw, clean_nhw)


@dataclass(frozen=True)
class Floors:
    """What a network must beat to have learnt anything, and what a loss cannot go below, of some digits.

    black, mean_digit: squared error per image of a black picture, and of the mean digit, for every digit.
    entropy: the cross-entropy per pixel of a perfect copy, which is not 0 since greys are not 0 or 1.
    grey_entropy: that of a picture of mid-grey, ln 2.
    """

    black: float
    mean_digit: float
    entropy: float
    grey_entropy: float = math.log(2)


def measure_floors(clean_nhw: Tensor, mean_hw: Tensor | None = None) -> Floors:
    """The floors of these digits, (n, 28, 28).

    mean_hw: the mean digit (28, 28) of those to learn from; without it, that of `clean_nhw` themselves, which
    no single picture beats. MNIST's test digits have 89.3, 52.9 and 0.0581.
    """
    mean_hw = clean_nhw.mean(0) if mean_hw is None else mean_hw
    return Floors(
        float(squared_error(torch.zeros_like(clean_nhw), clean_nhw).mean()),
        float(squared_error(mean_hw.expand_as(clean_nhw), clean_nhw).mean()),
        float(bce(clean_nhw, clean_nhw).mean()),
    )


def clearly_smallest(errors: Mapping[str, float]) -> str | None:
    """The name with the smallest error; None if the next is within 5 % of it."""
    first, second = sorted(errors, key=errors.__getitem__)[:2]
    return None if errors[second] <= (1 + ABOUT_EQUAL) * errors[first] else first
