"""How far a reconstruction is from the clean digit.

Every measure takes two tensors (n, 28, 28), the picture to judge and the clean one, and returns one number
per picture (n,). Over many pictures the lab gives the mean, except for PSNR: there it is the PSNR of the mean
squared error, `decibels`, never the mean of the PSNRs. One picture that is handed back untouched has an
infinite PSNR, and would make the mean infinite, however bad the others are.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

METRICS = ("mse", "psnr", "ssim", "bce")
# SSIM's window, in pixels: its standard deviation, and how far it reaches.
SSIM_SIGMA, SSIM_REACH = 1.5, 5
# (0.01 L)² and (0.03 L)² for values in a range of L = 1.
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
# Its dozen steps over so many pictures at once find them in the processor's cache: a quarter of the time.
SSIM_AT_ONCE = 100


def mse(images_nhw: Tensor, clean_nhw: Tensor) -> Tensor:
    """Mean squared error over the pixels. Times 784 it is the squared error per image."""
    return F.mse_loss(images_nhw, clean_nhw, reduction="none").mean((1, 2))


def squared_error(images_nhw: Tensor, clean_nhw: Tensor) -> Tensor:
    """Sum of squared errors over a picture's 784 pixels, the figure most papers give."""
    return F.mse_loss(images_nhw, clean_nhw, reduction="none").sum((1, 2))


def nearest_distance(images_nhw: Tensor, others_nhw: Tensor) -> Tensor:
    """Squared distance of each picture to the nearest of the others: (n, 28, 28), (m, 28, 28) -> (n,)."""
    return torch.cdist(images_nhw.flatten(1), others_nhw.flatten(1)).min(1).values.square()


def psnr(images_nhw: Tensor, clean_nhw: Tensor) -> Tensor:
    """Peak signal-to-noise ratio 10·log10(1 / MSE) in decibels; infinite for a perfect copy."""
    return -10 * mse(images_nhw, clean_nhw).log10()


def decibels(mean_squared_error: float) -> float:
    """PSNR of a squared error per pixel, of one picture or the mean over many; infinite for no error."""
    return -10 * math.log10(mean_squared_error) if mean_squared_error > 0 else math.inf


def shown_ratio(one: float, other: float, places: int = 1) -> float:
    """How many times `other` is in `one`, both as they are shown with so many decimal places.

    So a reader who divides the figures gets the ratio beside them. Where `other` is shown as 0, of the two as
    they are; 1 for two zeros.
    """
    if round(other, places):
        return round(one, places) / round(other, places)
    return one / other if other else 1.0 if one == 0 else math.inf


def ssim(images_nhw: Tensor, clean_nhw: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004): 1 for a perfect copy.

    Two digits of different classes have 0.35 on average, not 0: where both are black, they are alike. At each
    pixel means, variances and covariance are those under a Gaussian window with σ = 1.5; the picture goes on
    beyond its edge as its reflection.
    """
    parts = zip(images_nhw.split(SSIM_AT_ONCE), clean_nhw.split(SSIM_AT_ONCE), strict=True)
    return torch.cat([_ssim_of_few(few_nhw, their_few_nhw) for few_nhw, their_few_nhw in parts])


def _ssim_of_few(images_nhw: Tensor, clean_nhw: Tensor) -> Tensor:
    ours, theirs = _smooth(images_nhw), _smooth(clean_nhw)
    our_variance = (_smooth(images_nhw.square()) - ours.square()).clamp(min=0)
    their_variance = (_smooth(clean_nhw.square()) - theirs.square()).clamp(min=0)
    covariance = _smooth(images_nhw * clean_nhw) - ours * theirs
    brightness = (2 * ours * theirs + SSIM_C1) / (ours.square() + theirs.square() + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (our_variance + their_variance + SSIM_C2)
    return (brightness * structure).mean((1, 2))


def _smooth(images_nhw: Tensor) -> Tensor:
    """Each pixel's neighbourhood averaged under SSIM's window: (n, h, w) -> (n, h, w)."""
    down_hh, across_ww = (_window_matrix(size).to(images_nhw.device) for size in images_nhw.shape[1:])
    return down_hh @ images_nhw @ across_ww.T


@cache
def _window_matrix(size: int) -> Tensor:
    """What averages a line of `size` pixels under SSIM's window, as a matrix (size, size)."""
    line = torch.eye(size)[:, None]
    reach = torch.arange(-SSIM_REACH, SSIM_REACH + 1)
    window = torch.exp(-(reach / SSIM_SIGMA).square() / 2)
    padded = F.pad(line, (SSIM_REACH, SSIM_REACH), mode="reflect")
    return F.conv1d(padded, (window / window.sum())[None, None])[:, 0].T


def bce(images_nhw: Tensor, clean_nhw: Tensor) -> Tensor:
    """Binary cross-entropy per pixel in nats.

    At best 0.0581 on MNIST's test digits, whose greys are not 0 or 1.

    A linear network's values outside [0, 1] are clipped first: the logarithm has no value there.
    """
    return F.binary_cross_entropy(images_nhw.clamp(0.0, 1.0), clean_nhw, reduction="none").mean((1, 2))


def explained_variance(images_nhw: Tensor, clean_nhw: Tensor) -> float:
    """The share of the clean pictures' variance about their mean that `images_nhw` have right.

    1 at best, 0 for the mean picture.
    """
    return 1 - float(
        squared_error(images_nhw, clean_nhw).mean()
        / squared_error(clean_nhw.mean(0).expand_as(clean_nhw), clean_nhw).mean()
    )


def summary(images_nhw: Tensor, clean_nhw: Tensor) -> dict[str, float]:
    """All four over the pictures, by name: means, and the PSNR of the mean squared error.

    Raises ValueError when shapes differ.
    """
    if images_nhw.shape != clean_nhw.shape:
        raise ValueError(
            f"Pictures of shape {tuple(images_nhw.shape)} cannot be compared with {tuple(clean_nhw.shape)}."
        )
    error, likeness, entropy = (float(measure(images_nhw, clean_nhw).mean()) for measure in (mse, ssim, bce))
    return {"mse": error, "psnr": decibels(error), "ssim": likeness, "bce": entropy}
