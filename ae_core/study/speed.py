"""How fast networks are beside each other on the machine at hand: their forward passes, by turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

from torch import Tensor

from ae_core.models import Autoencoder, reconstruct

ROUNDS = 9
# One is called faster than another where it was in so many of the rounds, and by this factor in the middle.
# Of two that are equally fast, one is in 8 of 9 rounds in 2 of 100 measurements (10 of 512 ways).
ROUNDS_WON, FACTOR = 8, 1.05


def time_by_turns(
    models: Mapping[str, Autoencoder], images_nhw: Tensor, clock: Callable[[], float] = time.perf_counter
) -> dict[str, tuple[float, ...]]:
    """Pictures a second of each network's forward pass over all images (n, 28, 28), in each of ROUNDS rounds.

    In a round all networks have their turn, each time another one first, so that what else the machine does
    falls on all alike. A pass of each before the first round does not count. clock: seconds.
    """
    names = list(models)
    for name in names:
        reconstruct(models[name], images_nhw)
    speeds: dict[str, list[float]] = {name: [] for name in names}
    for i in range(ROUNDS):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            begun = clock()
            reconstruct(models[name], images_nhw)
            speeds[name].append(len(images_nhw) / (clock() - begun))
    return {name: tuple(each) for name, each in speeds.items()}


def find_fastest(speeds: Mapping[str, tuple[float, ...]]) -> tuple[str, ...]:
    """The fastest by the middle round, and every network that it is not clearly faster than.

    speeds: as from `time_by_turns`.
    """
    best = max(speeds, key=lambda name: median(speeds[name]))
    return tuple(name for name in speeds if name == best or not _is_faster(speeds[best], speeds[name]))


def _is_faster(ours: tuple[float, ...], theirs: tuple[float, ...]) -> bool:
    factors = [one / other for one, other in zip(ours, theirs, strict=True)]
    return sum(factor > 1 for factor in factors) >= ROUNDS_WON and median(factors) >= FACTOR
