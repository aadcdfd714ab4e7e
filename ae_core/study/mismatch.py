"""Noise in training against noise in the test: a table of errors, and what it says.

A row is a network by the noise it was trained with, a column the noise it is tested with. An error is a
squared error per image, over 784 pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ae_core.config import NOISE_KINDS, CorruptionConfig
from ae_core.metrics import shown_ratio

NO_NOISE = CorruptionConfig()
# At which all kinds of noise are compared, and every network of them was trained.
KIND_LEVEL = 0.4
BY_LEVEL = tuple(CorruptionConfig("gaussian", level) for level in (0.0, 0.2, 0.4, 0.6, 0.8))
TESTED_LEVELS = (*BY_LEVEL, CorruptionConfig("gaussian", 1.0))
BY_KIND = (NO_NOISE, *(CorruptionConfig(kind, KIND_LEVEL) for kind in NOISE_KINDS))


@dataclass(frozen=True)
class ErrorTable:
    """Errors of networks at noises.

    trained: the noise in each row's training; tested: the noise of each column; errors: a row of as many for
    each network; nothing: those of the noisy input as it is, for each column.
    """

    trained: tuple[CorruptionConfig, ...]
    tested: tuple[CorruptionConfig, ...]
    errors: tuple[tuple[float, ...], ...]
    nothing: tuple[float, ...]

    def error(self, trained: CorruptionConfig, tested: CorruptionConfig) -> float:
        """The error of the network trained with one noise, tested with another. ValueError without it."""
        return self.errors[self.trained.index(trained)][self.tested.index(tested)]

    def best(self, tested: CorruptionConfig) -> CorruptionConfig:
        """The noise in training of the network with the smallest error at this noise."""
        return min(self.trained, key=lambda trained: self.error(trained, tested))

    def times_best(self, trained: CorruptionConfig, tested: CorruptionConfig) -> float:
        """How many times the best network's error a network has at this noise, both as they are shown."""
        return shown_ratio(self.error(trained, tested), self.error(self.best(tested), tested))

    @property
    def matched(self) -> tuple[CorruptionConfig, ...]:
        """The noises that are both a row's and a column's: the diagonal."""
        return tuple(noise for noise in self.tested if noise in self.trained)

    @property
    def matched_wins(self) -> tuple[CorruptionConfig, ...]:
        """Those of `matched` at which the network trained with just this noise is the best."""
        return tuple(noise for noise in self.matched if self.best(noise) == noise)


def fill_table(
    trained: Sequence[CorruptionConfig],
    tested: Sequence[CorruptionConfig],
    error_of: Callable[[CorruptionConfig | None, CorruptionConfig], float],
) -> ErrorTable:
    """The table of `error_of(trained with, tested with)`; trained with None is doing nothing."""
    return ErrorTable(
        tuple(trained),
        tuple(tested),
        tuple(tuple(error_of(row, column) for column in tested) for row in trained),
        tuple(error_of(None, column) for column in tested),
    )
