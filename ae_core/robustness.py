"""What noise does to a network: how well it rebuilds at each noise level, where that begins to help, and which noise it takes away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ae_core.config import CorruptionConfig
from ae_core.corruption import corrupt, drawn_noise
from ae_core.metrics import psnr, squared_error, ssim
from ae_core.models import Autoencoder, as_picture, reconstruct
from ae_core.training import seeded

LEVELS = tuple(round(i * 0.05, 2) for i in range(21))
# SSIM takes two hundred times as long as PSNR.
FEW_LEVELS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
MEASURES = {"psnr": psnr, "ssim": ssim, "squared_error": squared_error}


def noisy_digits(clean_nhw: Tensor, noise: CorruptionConfig, seed: int) -> Tensor:
    """clip(x + ε): (n, 28, 28) -> (n, 28, 28). The same seed gives the same pattern at every level."""
    return corrupt(clean_nhw, noise, seeded(seed, "noise shown"))


def answers(model: Autoencoder | None, noisy_nhw: Tensor) -> Tensor:
    """The network's reconstructions (n, 28, 28) as pictures; without a network the noisy input as it is."""
    return noisy_nhw if model is None else as_picture(reconstruct(model, noisy_nhw)).cpu()


# Quality over noise


@dataclass(frozen=True)
class Curve:
    """A measure at each noise level: mean, 10th and 90th percentile over the digits, each as long as `levels`."""

    levels: tuple[float, ...]
    means: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]


def sweep(model: Autoencoder | None, clean_nhw: Tensor, kind: str, levels: Sequence[float], seed: int, measure: str = "psnr") -> Curve:
    """How well `model` rebuilds the clean digits from noisy ones, at each level; without a model, how good doing nothing is.

    Doing nothing has an infinite PSNR where even one digit stays as it is, and so at level 0.
    """
    means, lows, highs = [], [], []
    for level in levels:
        noisy_nhw = noisy_digits(clean_nhw, CorruptionConfig(kind, level), seed)
        values_n = MEASURES[measure](answers(model, noisy_nhw), clean_nhw)
        low, high = values_n.quantile(torch.tensor([0.1, 0.9]), interpolation="nearest").tolist()
        means.append(float(values_n.mean()))
        lows.append(low)
        highs.append(high)
    return Curve(tuple(levels), tuple(means), tuple(lows), tuple(highs))


@dataclass(frozen=True)
class Crossing:
    """The noise level from which on something is better than what it is compared with, or no longer better."""

    level: float
    better: bool


def crossings(levels: Sequence[float], model: Sequence[float], nothing: Sequence[float]) -> list[Crossing]:
    """Where `model` crosses `nothing`, by rising level, in straight lines between the levels measured.

    Where `nothing` is still infinite at the level before, there is no straight line: the level after is given.
    """
    gaps = [ours - theirs for ours, theirs in zip(model, nothing, strict=True)]
    found = []
    for (level, gap), (next_level, next_gap) in pairwise(zip(levels, gaps, strict=True)):
        if (gap > 0) != (next_gap > 0):
            share = gap / (gap - next_gap) if math.isfinite(gap - next_gap) else 1.0
            found.append(Crossing(level + share * (next_level - level), next_gap > 0))
    return found


# One noise level


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over digits."""

    mean: float
    deviation: float


def spread(model: Autoencoder | None, clean_nhw: Tensor, noise: CorruptionConfig, seed: int, measure: str = "psnr") -> Spread:
    """PSNR in dB, SSIM, or squared error per image at this noise; without a model, of doing nothing.

    The deviation of an infinite mean is infinite.
    """
    values_n = MEASURES[measure](answers(model, noisy_digits(clean_nhw, noise, seed)), clean_nhw)
    mean = float(values_n.mean())
    return Spread(mean, float(values_n.std()) if math.isfinite(mean) else math.inf)


@dataclass(frozen=True)
class Extremes:
    """The digits that a network rebuilds best and worst: clean, noisy and rebuilt (n, 28, 28), and squared errors per image.

    The best come first, by rising error; the last of the worst is the worst of all.
    """

    clean_nhw: Tensor
    noisy_nhw: Tensor
    rebuilt_nhw: Tensor
    errors: tuple[float, ...]


def extremes(model: Autoencoder, clean_nhw: Tensor, noise: CorruptionConfig, seed: int, count: int) -> Extremes:
    """The `count` best and the `count` worst rebuilt of these digits at this noise, by squared error."""
    noisy_nhw = noisy_digits(clean_nhw, noise, seed)
    rebuilt_nhw = answers(model, noisy_nhw)
    errors_n = squared_error(rebuilt_nhw, clean_nhw)
    order_n = errors_n.argsort(stable=True)
    chosen_n = torch.cat([order_n[:count], order_n[-count:]])
    return Extremes(clean_nhw[chosen_n], noisy_nhw[chosen_n], rebuilt_nhw[chosen_n], tuple(errors_n[chosen_n].tolist()))


# The noise itself


def clipped_mean(level: float) -> float:
    """Mean of max(0, σε) for ε ~ N(0, 1): σ/√(2π), what Gaussian noise of standard deviation `level` adds to
    a black pixel where nothing is clipped at white."""
    return level / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class RemovedNoise:
    """What was added to digits and what a network took away again, each (n, 28, 28).

    drawn: ε; surviving: clip(x + ε) − x, what clipping leaves of it; removed: noisy input − reconstruction.
    clipped: True where clipping changed ε. background: True where the clean digit is black.
    """

    drawn_nhw: Tensor
    surviving_nhw: Tensor
    removed_nhw: Tensor
    clipped_nhw: Tensor
    background_nhw: Tensor

    @property
    def scale(self) -> float:
        """A number that 99 of 100 values of all three lie within, up or down: where a scale of colour may end."""
        values = torch.cat([self.drawn_nhw, self.surviving_nhw, self.removed_nhw]).abs().flatten()
        return float(values.quantile(0.99))

    @property
    def clipped_share(self) -> float:
        """The share of pixels at which ε was clipped."""
        return float(self.clipped_nhw.float().mean())

    @property
    def background_mean(self) -> float:
        """Mean of the noise that is left on black pixels."""
        return float(self.surviving_nhw[self.background_nhw].mean())

    @property
    def energy_removed(self) -> float:
        """1 − Σ(surviving − removed)² / Σ surviving²: 1 if all noise is gone, negative if the network adds more error than it removes.

        Not a number where there is no noise.
        """
        rest, energy = (self.surviving_nhw - self.removed_nhw).square().sum(), self.surviving_nhw.square().sum()
        return float(1 - rest / energy) if energy else math.nan


def removed_noise(model: Autoencoder, clean_nhw: Tensor, noise: CorruptionConfig, seed: int) -> RemovedNoise:
    """The noise on these digits, as `noisy_digits` makes it, beside what `model` takes away."""
    drawn_nhw = drawn_noise(clean_nhw, noise, seeded(seed, "noise shown")) if noise.level else torch.zeros_like(clean_nhw)
    noisy_nhw = noisy_digits(clean_nhw, noise, seed)
    spoiled_nhw = clean_nhw + drawn_nhw
    return RemovedNoise(
        drawn_nhw,
        noisy_nhw - clean_nhw,
        noisy_nhw - answers(model, noisy_nhw),
        (spoiled_nhw < 0) | (spoiled_nhw > 1),
        clean_nhw == 0,
    )
