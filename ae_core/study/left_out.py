"""A class left out: how a network that never saw one digit does on it, beside one that saw all ten."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ae_core.config import CAE, CLASSES, DataConfig
from ae_core.data import Digits
from ae_core.metrics import shown_ratio, squared_error
from ae_core.models import Autoencoder, as_picture, reconstruct
from ae_core.study.iteration import nearest_class

LEFT_OUT = 7
# Each class is measured on so many held-back digits, its first.
PER_CLASS = 100
SAW_ALL = CAE
SAW_NO_SEVEN = replace(CAE, data=DataConfig(classes=tuple(each for each in CLASSES if each != LEFT_OUT)))


@dataclass(frozen=True)
class ClassErrors:
    """Squared errors per image by class, of a network that saw all and of one that never saw LEFT_OUT.

    saw_all, never_saw: (10,) each, over PER_CLASS held-back digits of each class. reads_as: of the second
    network's pictures of LEFT_OUT, how many are nearest to a digit of each class, of all 60,000, (10,).
    """

    saw_all: tuple[float, ...]
    never_saw: tuple[float, ...]
    reads_as: tuple[int, ...]

    @property
    def times(self) -> tuple[float, ...]:
        """How many times the first network's error the second one has, by class, both as they are shown."""
        return tuple(shown_ratio(new, known) for new, known in zip(self.never_saw, self.saw_all, strict=True))

    @property
    def times_others(self) -> tuple[float, float]:
        """The smallest and the largest of `times` among the classes that both saw."""
        others = [times for each, times in enumerate(self.times) if each != LEFT_OUT]
        return min(others), max(others)


def digits_of(digits: Digits, label: int, count: int = PER_CLASS) -> Tensor:
    """The first held-back digits of a class: (count, 28, 28)."""
    return digits.test_nhw[digits.test_labels_n == label][:count]


def errors_by_class(model: Autoencoder, digits: Digits) -> tuple[float, ...]:
    """Mean squared error per image on PER_CLASS held-back digits of each class, (10,)."""
    found = []
    for label in CLASSES:
        clean_nhw = digits_of(digits, label)
        found.append(float(squared_error(reconstruct(model, clean_nhw), clean_nhw).mean()))
    return tuple(found)


def measure_class_errors(saw_all: Autoencoder, never_saw: Autoencoder, digits: Digits) -> ClassErrors:
    """Measure both networks on every class, and what the second one's pictures of LEFT_OUT are nearest to."""
    drawn_nhw = as_picture(reconstruct(never_saw, digits_of(digits, LEFT_OUT)))
    counts_c = torch.bincount(nearest_class(drawn_nhw, digits), minlength=len(CLASSES))
    return ClassErrors(
        errors_by_class(saw_all, digits), errors_by_class(never_saw, digits), tuple(counts_c.tolist())
    )
