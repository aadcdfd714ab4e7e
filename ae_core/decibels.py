"""The unit in which likeness is told. It needs no torch, so that what only lists runs needs none."""

from __future__ import annotations

import math


def decibels(mean_squared_error: float) -> float:
    """PSNR of a squared error per pixel, of one picture or the mean over many; infinite for no error."""
    return -10 * math.log10(mean_squared_error) if mean_squared_error > 0 else math.inf
