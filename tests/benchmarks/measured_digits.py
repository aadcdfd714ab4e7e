"""Which 500 held-back digits stand for all 10,000.

    python -m tests.benchmarks.measured_digits [--write]

Prints by how many percent what the lab's networks have on a few held-back digits is off what they have on
all: on the first 500, on every twentieth, and on the 500 that are chosen here, which `--write` keeps in
`ae_core/mnist/measured.txt`. They are drawn one from each of 500 groups of equally hard digits, and exchanged
within their groups as long as that brings the figures nearer: the squared errors of every network that comes
with the lab, clean, with the noise of its training and with the lessons' noise, of PCA, of the mean digit and
of a black page; and, at a tenth of the weight, how many are of each class and how many the classifier reads
right.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ae_core import config, data
from ae_core.baselines import fit_pca
from ae_core.config import CAE, CLASSES, DAE, FAE, SHIPPED_SIZES, CorruptionConfig, RunConfig, adjusted
from ae_core.corruption import corrupt
from ae_core.data import MEASURED, PACKED, Digits
from ae_core.metrics import squared_error
from ae_core.models import reconstruct
from ae_core.runs.run_folder import StoredRun
from ae_core.runs.store import SHIPPED, Store, default_root
from ae_core.study.classifier import classify, find_classifier
from ae_core.training import seeded

COUNT, IN_A_GROUP = 500, 20
EXCHANGES = 60_000
# The noise of the lessons, by which the networks of the trio are marked too.
TRIO = ("FAE", "CAE", "DAE")
NOISY = (CorruptionConfig("gaussian", 0.4), CorruptionConfig("gaussian", 0.8))
SHARE_WEIGHT = 0.1


@dataclass(frozen=True)
class Figures:
    """What each held-back digit adds to each figure, (f, n), over the figure for all; and weights (f,)."""

    parts_fn: Tensor
    weights_f: Tensor

    def find_deviations(self, chosen_k: Tensor) -> Tensor:
        """By what share of itself each figure is off on the digits at these positions: (f,)."""
        return self.parts_fn[:, chosen_k].mean(1) - 1


def measure_digits(digits: Digits, store: Store) -> Figures:
    """Every figure's part of every held-back digit."""
    clean_nhw, labels_n = digits.test_nhw, digits.test_labels_n
    mean_hw = data.mean_digit(digits.train_bytes_nhw)
    errors = [
        squared_error(mean_hw.expand_as(clean_nhw), clean_nhw),
        squared_error(torch.zeros_like(clean_nhw), clean_nhw),
    ]
    pca = fit_pca(data.in_parts(digits.train_bytes_nhw), max(SHIPPED_SIZES))
    for size in SHIPPED_SIZES:
        errors.append(squared_error(pca.first(size).reconstruct(clean_nhw), clean_nhw))
    for folder in sorted(SHIPPED.iterdir()):
        run = store.get(folder.name)
        model = store.load_model(run)
        family = config.family(run.config)
        noises = {CorruptionConfig(), run.config.corruption, *(NOISY if family in TRIO else ())}
        for noise in sorted(noises, key=lambda noise: (noise.kind, noise.level)):
            errors.append(squared_error(reconstruct(model, _noisy(clean_nhw, noise)), clean_nhw))
    shares = [(labels_n == label).float() for label in CLASSES]
    classifier = find_classifier()
    assert classifier is not None
    shares.append((classify(classifier.layers, clean_nhw).argmax(1) == labels_n).float())
    for preset in (FAE, CAE, DAE):
        model = store.load_model(_lab_run(store, preset))
        for noise in NOISY:
            drawn_nhw = reconstruct(model, _noisy(clean_nhw, noise))
            shares.append((classify(classifier.layers, drawn_nhw).argmax(1) == labels_n).float())
    parts_fn = torch.stack([*errors, *shares])
    weights = [1.0] * len(errors) + [SHARE_WEIGHT] * len(shares)
    return Figures(parts_fn / parts_fn.mean(1, keepdim=True), torch.tensor(weights))


def _noisy(clean_nhw: Tensor, noise: CorruptionConfig) -> Tensor:
    return corrupt(clean_nhw, noise, seeded(0, "noise shown"))


def _lab_run(store: Store, preset: RunConfig) -> StoredRun:
    run = store.shipped_like(preset)
    assert run is not None
    return run


def choose_digits(figures: Figures) -> Tensor:
    """COUNT positions, from the first to the last, on which figures come out as on all digits."""
    by_hardness_n = figures.parts_fn[figures.weights_f == 1].mean(0).argsort()
    groups = by_hardness_n.view(COUNT, IN_A_GROUP).tolist()
    chance = random.Random(0)
    chosen = [chance.choice(group) for group in groups]
    parts_nf, weights_f = figures.parts_fn.T.contiguous(), figures.weights_f
    sums_f = parts_nf[chosen].sum(0)
    least = _far_off(sums_f, weights_f)
    for _ in range(EXCHANGES):
        place = chance.randrange(COUNT)
        other = chance.choice(groups[place])
        exchanged_f = sums_f - parts_nf[chosen[place]] + parts_nf[other]
        if (off := _far_off(exchanged_f, weights_f)) < least:
            least, sums_f, chosen[place] = off, exchanged_f, other
    return torch.tensor(sorted(chosen))


def _far_off(sums_f: Tensor, weights_f: Tensor) -> float:
    return float((weights_f * (sums_f / COUNT - 1)).square().sum())


def tell(words: str, figures: Figures, chosen_k: Tensor) -> None:
    is_error_f = figures.weights_f == 1
    off_f = 100 * figures.find_deviations(chosen_k)
    errors, shares = off_f[is_error_f], off_f[~is_error_f]
    print(
        f"{words}: errors off by {errors.square().mean().sqrt():.2f} % (root mean square), at most "
        f"{errors.abs().max():.2f} %, of {len(errors)}; classes and digits read right, at most "
        f"{shares.abs().max():.1f} %, of {len(shares)}"
    )


def tell_as_lessons_measure(digits: Digits, store: Store, chosen_k: Tensor) -> None:
    """Print how far off a lesson's figures are: FAE, CAE and DAE, and noise drawn for these digits alone."""
    for noise in (CorruptionConfig(), *NOISY):
        errors = []
        for those_nhw in (digits.test_nhw[chosen_k], digits.test_nhw):
            noisy_nhw = _noisy(those_nhw, noise)
            errors.append(
                [
                    float(squared_error(reconstruct(store.load_model(run), noisy_nhw), those_nhw).mean())
                    for preset in (FAE, CAE, DAE)
                    for size in SHIPPED_SIZES
                    if (run := store.shipped_like(adjusted(preset, model={"latent_size": size})))
                ]
            )
        off = 100 * (torch.tensor(errors[0]) / torch.tensor(errors[1]) - 1)
        print(
            f"chosen, as lessons measure at σ = {noise.level:g}: errors off by "
            f"{off.square().mean().sqrt():.2f} %, at most {off.abs().max():.2f} %, of {len(off)}"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"keep them in ae_core/mnist/{MEASURED}")
    wanted = parser.parse_args(arguments)
    store = Store(default_root())
    digits = data.load_digits(cache_dir=store.root / "cache")
    figures = measure_digits(digits, store)
    tell("the first 500", figures, torch.arange(COUNT))
    tell("every twentieth", figures, torch.arange(0, COUNT * IN_A_GROUP, IN_A_GROUP))
    chosen_k = choose_digits(figures)
    tell("chosen", figures, chosen_k)
    tell_as_lessons_measure(digits, store, chosen_k)
    if wanted.write:
        (PACKED / MEASURED).write_text("".join(f"{position}\n" for position in chosen_k.tolist()))


if __name__ == "__main__":
    main()
