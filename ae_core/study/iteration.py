"""D(E(·)) again and again: a network given its own output, and what becomes of the picture.

A digit *converges* when its picture changes by less than SETTLED in the last of STEPS steps; else it
*drifts*: it is still changing. A network *collapses* when different digits end in nearly the same picture:
the mean distance between the end pictures is less than COLLAPSED of that between the digits. Change is the
root mean squared change of a pixel in one step.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ae_core.data import Digits, in_parts
from ae_core.metrics import mse
from ae_core.models import Autoencoder, as_picture, reconstruct
from ae_core.study import classifier
from ae_core.words.sentences import say

STEPS = 50
STEPS_SHOWN = (0, 1, 2, 5, 10, 20, 50)
DIGITS = 100
DIGITS_SHOWN = 8
SETTLED = 1e-3
COLLAPSED = 0.1
SAME = say("It settles on a picture of the same digit.")
ANOTHER = say("It settles on a picture of another digit.")
MOVING = say("It keeps changing.")
ENDS = (SAME, ANOTHER, MOVING)


@dataclass(frozen=True)
class Course:
    """What became of some held-back digits.

    shown_snhw: the first DIGITS_SHOWN of them at STEPS_SHOWN. change_t: mean change per step, (STEPS,).
    counts: how many digits came to each of ENDS, judged by the class of the nearest digit to learn from.
    same_class, same_class_at_first: how many pictures are still of their digit's class after all steps, and
    after one. read, read_at_first: the same by the lab's classifier; None where it is missing. spread: mean
    distance of end pictures over that of the digits.
    """

    shown_snhw: Tensor
    change_t: Tensor
    counts: dict[str, int]
    same_class: int
    same_class_at_first: int
    spread: float
    read: int | None = None
    read_at_first: int | None = None

    @property
    def digits(self) -> int:
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        """How many digits converge."""
        return self.counts[SAME] + self.counts[ANOTHER]

    @property
    def verdict(self) -> str:
        """What the network does: it collapses; else what most digits do."""
        if self.spread < COLLAPSED:
            return "collapses"
        return "converges" if self.settled > self.digits / 2 else "drifts"

    @property
    def commonest_end(self) -> str:
        """The one of ENDS that most digits came to."""
        return max(ENDS, key=self.counts.__getitem__)


def iterate(model: Autoencoder, images_nhw: Tensor, steps: int = STEPS) -> Tensor:
    """x, D(E(x)), D(E(D(E(x)))), …: (n, 28, 28) -> (steps + 1, n, 28, 28), each clipped to [0, 1]."""
    path = [images_nhw]
    for _ in range(steps):
        path.append(as_picture(reconstruct(model, path[-1])))
    return torch.stack(path)


def change_per_step(path_tnhw: Tensor) -> Tensor:
    """Root mean squared change of a pixel from each step to the next: (t + 1, n, 28, 28) -> (t, n)."""
    return torch.stack([mse(after, before) for before, after in pairwise(path_tnhw)]).sqrt()


def mean_distance(images_nhw: Tensor) -> float:
    """The mean Euclidean distance between two of the pictures."""
    return float(torch.pdist(images_nhw.flatten(1)).mean())


def nearest_class(images_nhw: Tensor, digits: Digits) -> Tensor:
    """The class of the nearest digit to learn from: (n, 28, 28) -> (n,)."""
    nearest_np = torch.cat(
        [torch.cdist(images_nhw.flatten(1), part.flatten(1)) for part in in_parts(digits.train_bytes_nhw)], 1
    )
    return digits.train_labels_n[nearest_np.argmin(1)]


def measure_course(model: Autoencoder, digits: Digits) -> Course:
    """Send the first DIGITS held-back digits through the network STEPS times, and measure."""
    labels_n = digits.test_labels_n[:DIGITS]
    path_tnhw = iterate(model, digits.test_nhw[:DIGITS])
    change_tn = change_per_step(path_tnhw)
    settled_n = change_tn[-1] < SETTLED
    same_n = nearest_class(path_tnhw[-1], digits) == labels_n
    reader = classifier.find_classifier()
    read, read_at_first = (
        None if reader is None else int(classifier.read_right(reader.layers, path_tnhw[step], labels_n).sum())
        for step in (-1, 1)
    )
    counts = {SAME: settled_n & same_n, ANOTHER: settled_n & ~same_n, MOVING: ~settled_n}
    return Course(
        shown_snhw=path_tnhw[list(STEPS_SHOWN), :DIGITS_SHOWN].clone(),
        change_t=change_tn.mean(1),
        counts={end: int(those_n.sum()) for end, those_n in counts.items()},
        same_class=int(same_n.sum()),
        same_class_at_first=int((nearest_class(path_tnhw[1], digits) == labels_n).sum()),
        spread=mean_distance(path_tnhw[-1]) / mean_distance(path_tnhw[0]),
        read=read,
        read_at_first=read_at_first,
    )
