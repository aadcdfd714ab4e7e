"""What noise does to a network: how well it rebuilds at each level, and what it changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

import torch
from torch import Tensor

from ae_core.config import CorruptionConfig
from ae_core.corruption import corrupt, draw_noise
from ae_core.metrics import decibels, mse, psnr, squared_error, ssim
from ae_core.models import Autoencoder, as_picture, reconstruct
from ae_core.training import seeded

# The steps of every noise slider, and of every curve over the noise.
LEVELS = tuple(round(i * 0.05, 2) for i in range(21))
MEASURES = {"psnr": psnr, "ssim": ssim, "squared_error": squared_error}


def noisy_digits(clean_nhw: Tensor, noise: CorruptionConfig, seed: int) -> Tensor:
    """clip(x + ε): (n, 28, 28) -> (n, 28, 28). The same seed gives the same pattern at every level."""
    return corrupt(clean_nhw, noise, seeded(seed, "noise shown"))


def rebuild(model: Autoencoder | None, noisy_nhw: Tensor) -> Tensor:
    """The network's reconstructions (n, 28, 28) as pictures; without a network the noisy input as it is."""
    return noisy_nhw if model is None else as_picture(reconstruct(model, noisy_nhw)).cpu()


# Quality at one noise level, and over all of them


@dataclass(frozen=True)
class Spread:
    """A measure over digits: its value for all of them, and its 10th and 90th percentile among them.

    value: the mean; for PSNR that of the mean squared error, as everywhere in the lab.
    """

    value: float
    low: float
    high: float


def measure_spread(
    model: Autoencoder | None, clean_nhw: Tensor, noise: CorruptionConfig, seed: int, measure: str = "psnr"
) -> Spread:
    """PSNR in dB, SSIM, or squared error per image at this noise; without a model, of doing nothing.

    The PSNR of doing nothing is infinite where no digit was changed at all, as at level 0.
    """
    pictures_nhw = rebuild(model, noisy_digits(clean_nhw, noise, seed))
    values_n = MEASURES[measure](pictures_nhw, clean_nhw)
    low, high = values_n.quantile(torch.tensor([0.1, 0.9]), interpolation="nearest").tolist()
    whole = (
        decibels(float(mse(pictures_nhw, clean_nhw).mean())) if measure == "psnr" else float(values_n.mean())
    )
    return Spread(whole, low, high)


@dataclass(frozen=True)
class Curve:
    """A measure at each noise level, as in `Spread`; each as long as `levels`."""

    levels: tuple[float, ...]
    values: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]


def sweep_levels(
    model: Autoencoder | None,
    clean_nhw: Tensor,
    kind: str,
    levels: Sequence[float],
    seed: int,
    measure: str = "psnr",
) -> Curve:
    """How well `model` rebuilds the clean digits from noisy ones, at each level.

    Without a model, how good doing nothing is.
    """
    found = [
        measure_spread(model, clean_nhw, CorruptionConfig(kind, level), seed, measure) for level in levels
    ]
    return Curve(
        tuple(levels),
        tuple(one.value for one in found),
        tuple(one.low for one in found),
        tuple(one.high for one in found),
    )


@dataclass(frozen=True)
class Stretch:
    """Neighbouring levels, first to last, at which something is better (1), as good (0) or worse (-1)."""

    first: float
    last: float
    sign: int


def find_stretches(levels: Sequence[float], ours: Sequence[float], theirs: Sequence[float]) -> list[Stretch]:
    """Where `ours` is better than `theirs` and where not, by rising level.

    Between two stretches nothing was measured.
    """
    signs = [(one > other) - (one < other) for one, other in zip(ours, theirs, strict=True)]
    found = []
    for sign, those in groupby(zip(levels, signs, strict=True), key=itemgetter(1)):
        together = [level for level, _ in those]
        found.append(Stretch(together[0], together[-1], sign))
    return found


def find_crossings(levels: Sequence[float], ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The levels where two curves cross, drawn in straight lines between the levels measured.

    None beside a value that is infinite.
    """
    gaps = [one - other for one, other in zip(ours, theirs, strict=True)]
    return [
        level + gap / (gap - next_gap) * (next_level - level)
        for (level, gap), (next_level, next_gap) in pairwise(zip(levels, gaps, strict=True))
        if (gap > 0) != (next_gap > 0) and math.isfinite(gap - next_gap)
    ]


# Best and worst


@dataclass(frozen=True)
class Extremes:
    """The digits that a network rebuilds best and worst, with squared errors per image.

    clean, noisy and rebuilt: (n, 28, 28).

    The best come first, by rising error; the last of the worst is the worst of all.
    """

    clean_nhw: Tensor
    noisy_nhw: Tensor
    rebuilt_nhw: Tensor
    errors: tuple[float, ...]


def find_extremes(
    model: Autoencoder, clean_nhw: Tensor, noise: CorruptionConfig, seed: int, count: int
) -> Extremes:
    """The `count` best and the `count` worst rebuilt of these digits at this noise, by squared error."""
    noisy_nhw = noisy_digits(clean_nhw, noise, seed)
    rebuilt_nhw = rebuild(model, noisy_nhw)
    errors_n = squared_error(rebuilt_nhw, clean_nhw)
    order_n = errors_n.argsort(stable=True)
    chosen_n = torch.cat([order_n[:count], order_n[-count:]])
    return Extremes(
        clean_nhw[chosen_n], noisy_nhw[chosen_n], rebuilt_nhw[chosen_n], tuple(errors_n[chosen_n].tolist())
    )


# The noise itself


def clipped_mean(level: float) -> float:
    """Mean of min(1, max(0, σε)) for ε ~ N(0, 1), with σ = `level`.

    That is what Gaussian noise adds to a black pixel.

    It is σ/√(2π)·(1 − exp(−1/(2σ²))) + P(σε > 1); the second term is what is clipped to white. For small σ
    that is σ/√(2π), which at σ = 0.4 is 0.1596 where the mean is 0.1588, and at σ = 0.8 is 0.319 where it is
    0.279.
    """
    if level == 0:
        return 0.0
    clipped_to_white = 0.5 * math.erfc(1 / (level * math.sqrt(2)))
    return level / math.sqrt(2 * math.pi) * (1 - math.exp(-1 / (2 * level**2))) + clipped_to_white


@dataclass(frozen=True)
class RemovedNoise:
    """What was added to digits and what a network changed, each (n, 28, 28).

    drawn: ε; surviving: clip(x + ε) − x, what clipping leaves of it; removed: noisy input − reconstruction,
    which is not noise alone, since the bottleneck blurs the digit as well.
    clipped: True where clipping changed ε. background: True where the clean digit is black.
    """

    drawn_nhw: Tensor
    surviving_nhw: Tensor
    removed_nhw: Tensor
    clipped_nhw: Tensor
    background_nhw: Tensor

    @property
    def scale(self) -> float:
        """Where a scale of colour may end: 99 of 100 values of all three lie within it, up or down."""
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
    def input_error(self) -> float:
        """Squared error per image of the noisy input, against the clean digit."""
        return float(self.surviving_nhw.square().sum((1, 2)).mean())

    @property
    def output_error(self) -> float:
        """Squared error per image of the reconstruction: noise that is left, and blur."""
        return float((self.surviving_nhw - self.removed_nhw).square().sum((1, 2)).mean())


def removed_noise(model: Autoencoder, clean_nhw: Tensor, noise: CorruptionConfig, seed: int) -> RemovedNoise:
    """The noise on these digits, as `noisy_digits` makes it, beside what `model` changes."""
    drawn_nhw = (
        draw_noise(clean_nhw, noise, seeded(seed, "noise shown"))
        if noise.level
        else torch.zeros_like(clean_nhw)
    )
    noisy_nhw = noisy_digits(clean_nhw, noise, seed)
    spoiled_nhw = clean_nhw + drawn_nhw
    return RemovedNoise(
        drawn_nhw,
        noisy_nhw - clean_nhw,
        noisy_nhw - rebuild(model, noisy_nhw),
        (spoiled_nhw < 0) | (spoiled_nhw > 1),
        clean_nhw == 0,
    )
