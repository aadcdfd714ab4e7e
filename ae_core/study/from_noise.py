"""From pure noise: what a denoiser draws where there is no digit, once and in a walk of many steps.

A walk of k steps starts at noise on a black picture, clip(σ₀ε). In each step the network draws what it takes
for the digit behind the noise, and is given that again with fresh and weaker noise,

    x̃ₜ = D(E(xₜ)),   xₜ₊₁ = clip(x̃ₜ + σₜ₊₁ εₜ₊₁),   σₜ = σ₀ (1 − t / k).

That is the idea behind diffusion models (Ho, Jain and Abbeel 2020), which are denoisers trained at every
level of noise; what a denoiser draws is a step towards likelier pictures (Vincent 2011). Here one denoiser,
trained at one level, does all steps.

A picture *is readable* when a classifier gives one digit at least SURE of its probability, and when the
picture is no farther from the nearest held-back digit than NEAR of the held-back digits are from theirs. Such
a one *is faint* when NEAR of the held-back digits are farther from a black page than it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from ae_core.config import DAE, CorruptionConfig
from ae_core.data import Digits, mean_digit
from ae_core.metrics import nearest_distance, squared_error
from ae_core.models import Autoencoder, as_picture, reconstruct
from ae_core.training import seeded

# The lab's denoiser that the walks are made with, and the σ₀ that they start at. Of those that
# `python -m tests.benchmarks.from_noise` tries, with these 95 of 100 starts end as a readable digit, all ten
# digits among them and none more than 19 times; from σ₀ = 0.8 it is 97, but 78 of them are ones.
WALKER = replace(DAE, corruption=CorruptionConfig("gaussian", 0.8))
FIRST_LEVEL = 2.0
STARTS = 100
STEPS = (1, 5, 20)
SURE = 0.9
NEAR = 0.95
# So many held-back digits' distances to their nearest others say what is near.
CROWD = 1000

Reader = Callable[[Tensor], Tensor]  # pictures (n, 28, 28) -> probabilities (n, 10)


@dataclass(frozen=True)
class Walk:
    """Every step of a walk from noise, for n starts.

    seen_tnhw: what the network was given, (steps, n, 28, 28) in [0, 1]; drawn_tnhw: what it made of each;
    levels: the σ of each step's noise.
    """

    seen_tnhw: Tensor
    drawn_tnhw: Tensor
    levels: tuple[float, ...]


def walk_levels(steps: int, first_level: float) -> tuple[float, ...]:
    """The σ of the noise at each step of a walk of `steps` steps: it falls evenly, and the last is not 0."""
    return tuple(first_level * (1 - step / steps) for step in range(steps))


def walk_from_noise(
    model: Autoencoder, steps: int, first_level: float, starts: int = STARTS, seed: int = 0
) -> Walk:
    """Walk `steps` steps from noise of σ₀ = `first_level`. One seed starts every walk at the same noise."""
    generator = seeded(seed, "from noise")
    levels = walk_levels(steps, first_level)
    drawn_nhw = torch.zeros(starts, 28, 28)
    seen, drawn = [], []
    for level in levels:
        noise_nhw = torch.randn((starts, 28, 28), generator=generator)
        seen.append((drawn_nhw + level * noise_nhw).clamp(0.0, 1.0))
        drawn_nhw = as_picture(reconstruct(model, seen[-1]))
        drawn.append(drawn_nhw)
    return Walk(torch.stack(seen), torch.stack(drawn), levels)


@dataclass(frozen=True)
class NoiseOnce:
    """What a denoiser draws from noise alone, once, and what that is near to and shaped like.

    noise_nhw, drawn_nhw: what went in and what came out; mean_hw: the mean of the digits to learn from.

    Squared distances over 784 pixels, means over all starts: to_black, from a black picture; to_mean, from
    the mean digit; to_nearest, from the nearest of `held_back` held-back digits; to_noise, from what went in.
    digit_to_black: of a held-back digit from a black picture, mean over all.

    average_like_mean: correlation over pixels, from -1 to 1, which leaves brightness aside, of the average
    output with the mean digit.
    """

    noise_nhw: Tensor
    drawn_nhw: Tensor
    mean_hw: Tensor
    held_back: int
    to_black: float
    to_mean: float
    to_nearest: float
    to_noise: float
    digit_to_black: float
    average_like_mean: float

    @property
    def brightness(self) -> float:
        """Squared distance from black as a share of a held-back digit's."""
        return self.to_black / self.digit_to_black


def measure_noise_once(model: Autoencoder, level: float, digits: Digits, starts: int = STARTS) -> NoiseOnce:
    """Give a network noise of σ = `level` on a black picture, `starts` times, and measure what it draws."""
    walk = walk_from_noise(model, 1, level, starts)
    noise_nhw, drawn_nhw = walk.seen_tnhw[0], walk.drawn_tnhw[0]
    mean_hw = mean_digit(digits.train_bytes_nhw)
    mean_1p, average_1p = _shapes(mean_hw[None]), _shapes(drawn_nhw.mean(0, keepdim=True))
    return NoiseOnce(
        noise_nhw=noise_nhw,
        drawn_nhw=drawn_nhw,
        mean_hw=mean_hw,
        held_back=len(digits.test_nhw),
        to_black=float(_from_black(drawn_nhw).mean()),
        to_mean=float(squared_error(drawn_nhw, mean_hw.expand_as(drawn_nhw)).mean()),
        to_nearest=float(nearest_distance(drawn_nhw, digits.test_nhw).mean()),
        to_noise=float(squared_error(drawn_nhw, noise_nhw).mean()),
        digit_to_black=float(_from_black(digits.test_nhw).mean()),
        average_like_mean=float(average_1p @ mean_1p.T),
    )


def _from_black(images_nhw: Tensor) -> Tensor:
    """Squared distance of pictures (n, 28, 28) from a black one: (n,)."""
    return images_nhw.square().sum((1, 2))


def _shapes(images_nhw: Tensor) -> Tensor:
    """Pictures (n, 28, 28) as rows (n, 784) of mean 0 and length 1, whose products are correlations."""
    pixels_np = images_nhw.flatten(1)
    return F.normalize(pixels_np - pixels_np.mean(1, keepdim=True))


def usual_distance(test_nhw: Tensor, crowd: int = CROWD) -> float:
    """The squared distance to the nearest other one within which NEAR of the first `crowd` digits lie."""
    pixels_np = test_nhw.flatten(1)
    distances_cn = torch.cdist(pixels_np[:crowd], pixels_np)
    distances_cn.fill_diagonal_(torch.inf)  # not to itself
    return float(distances_cn.min(1).values.square().quantile(NEAR))


@dataclass(frozen=True)
class Ends:
    """What became of the starts of a walk: how many of `starts` end so.

    sure: the classifier is; near: a held-back digit is; readable: both; faint: so many of the readable are.
    brightness: squared distance from black, mean over all starts, as a share of a held-back digit's. classes:
    as which digit each of the readable reads, (10,).
    """

    steps: int
    starts: int
    sure: int
    near: int
    readable: int
    faint: int
    brightness: float
    classes: tuple[int, ...]


def judge_ends(
    drawn_nhw: Tensor, steps: int, test_nhw: Tensor, usual: float, read_probabilities: Reader
) -> Ends:
    """Judge the last pictures (n, 28, 28) of a walk. usual: as from `usual_distance`."""
    best_n, read_n = read_probabilities(drawn_nhw).max(1)
    sure_n = best_n >= SURE
    near_n = nearest_distance(drawn_nhw, test_nhw) <= usual
    readable_n = sure_n & near_n
    from_black_n, usual_from_black = _from_black(drawn_nhw), _from_black(test_nhw)
    faint_n = readable_n & (from_black_n < usual_from_black.quantile(1 - NEAR))
    return Ends(
        steps,
        len(drawn_nhw),
        int(sure_n.sum()),
        int(near_n.sum()),
        int(readable_n.sum()),
        int(faint_n.sum()),
        float(from_black_n.mean() / usual_from_black.mean()),
        tuple(read_n[readable_n].bincount(minlength=10).tolist()),
    )
