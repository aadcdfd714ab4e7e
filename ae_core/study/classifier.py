"""A classifier of digits: a further, small network that says what another network's output reads as.

It comes with the lab, trained on MNIST's clean training digits and their labels. Like every network it can be
wrong: it names one of ten digits whatever it is shown.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from ae_core.config import CLASSES, CorruptionConfig
from ae_core.corruption import corrupt
from ae_core.data import Digits, as_images
from ae_core.errors import DataError
from ae_core.models import Autoencoder, parameter_count
from ae_core.study.robustness import Curve, Spread, noisy_digits, rebuild
from ae_core.training import OneCycleAdam, fixed_arithmetic, seeded
from ae_core.words.sentences import say

SHIPPED = Path(__file__).parents[1] / "shipped_classifier"
MANIFEST, WEIGHTS = "manifest.json", "weights.safetensors"
# The share that whoever guesses reads right.
GUESSING = 1 / len(CLASSES)
# Of a normal distribution, on either side of its mean: 95 of 100 values lie within.
Z_95 = 1.96


@dataclass(frozen=True)
class ClassifierConfig:
    """How a classifier's weights are found: all that decides them but the digits.

    noise: on the digits that it learns from, anew for every batch. The one that ships learnt without.
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 4e-3
    noise: CorruptionConfig = field(default_factory=CorruptionConfig)
    seed: int = 0


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.

    layers: (b, 1, 28, 28) in [0, 1] -> (b, 10), a number for each class, the larger the likelier. accuracy:
    share of MNIST's 10,000 clean test digits that it reads right. sha256: of its weights' file.
    """

    layers: nn.Sequential
    accuracy: float
    sha256: str


def build_layers(generator: torch.Generator | None = None) -> nn.Sequential:
    """28 → 14 → 7 → a number for each of the ten digits. Equal generators give equal weights; none, zeros."""
    with torch.random.fork_rng(devices=[]):
        layers = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(),  # (b, 8, 14, 14)
            nn.Conv2d(8, 24, 5, stride=2, padding=2), nn.ReLU(),  # (b, 24, 7, 7)
            nn.Flatten(),
            nn.Linear(24 * 7 * 7, len(CLASSES)),  # (b, 10)
        )  # fmt: skip
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
            if generator is None:
                nn.init.zeros_(layer.weight)
            else:
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
    return layers.to(memory_format=torch.channels_last)


def train_classifier(digits: Digits, settings: ClassifierConfig | None = None) -> nn.Sequential:
    """Layers that learnt to tell the training digits apart by their labels, on the CPU, in one thread.

    Equal settings and digits give equal weights.
    """
    settings = settings or ClassifierConfig()
    with fixed_arithmetic(threads=1):
        layers = build_layers(seeded(settings.seed, "weights"))
        batch_order, noise = seeded(settings.seed, "batches"), seeded(settings.seed, "noise")
        count = len(digits.train_bytes_nhw)
        steps = settings.epochs * math.ceil(count / settings.batch_size)
        optimiser = OneCycleAdam(layers.parameters(), settings.learning_rate, steps)
        for _ in range(settings.epochs):
            for batch_b in torch.randperm(count, generator=batch_order).split(settings.batch_size):
                clean_bchw = as_images(digits.train_bytes_nhw[batch_b])[:, None]
                scores_bk = layers(corrupt(clean_bchw, settings.noise, noise))
                loss = F.cross_entropy(scores_bk, digits.train_labels_n[batch_b])
                loss.backward()
                optimiser.step()
    return layers.eval()


# In and out of its folder


def save_classifier(
    layers: nn.Sequential, settings: ClassifierConfig, result: dict[str, Any], folder: Path
) -> None:
    """Write the weights, as 16-bit floats, and a manifest with their hash.

    result: what was measured of it, "test_accuracy" among it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: values.half().contiguous() for name, values in layers.state_dict().items()}, folder / WEIGHTS
    )
    manifest = {
        "result": {**result, "parameters": parameter_count(layers)},
        "settings": asdict(settings),
        "sha256": {WEIGHTS: _sha256_of(folder / WEIGHTS)},
    }
    (folder / MANIFEST).write_text(f"{json.dumps(manifest, indent=1)}\n")


def load_classifier(folder: Path = SHIPPED) -> Classifier:
    """The classifier in a folder. Raises DataError where a file is missing, or is not what was written."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        accuracy, sha256 = float(manifest["result"]["test_accuracy"]), manifest["sha256"][WEIGHTS]
        if _sha256_of(folder / WEIGHTS) != sha256:
            raise ValueError(WEIGHTS)
        layers = build_layers()
        layers.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as problem:
        raise DataError(
            say(
                "The classifier in {folder} is missing or damaged: pictures are not read. It "
                "comes with the lab: put the folder back, or install the lab again.",
                folder=folder,
            )
        ) from problem
    return Classifier(layers.eval().requires_grad_(False), accuracy, sha256)


@cache
def shipped_classifier() -> Classifier:
    """The classifier that comes with the lab, read once. Raises DataError as `load_classifier` does."""
    return load_classifier()


def find_classifier() -> Classifier | None:
    """The classifier that comes with the lab; None where it is missing or damaged, for what does without."""
    try:
        return shipped_classifier()
    except DataError:
        return None


def find_judge() -> Callable[[Tensor], Tensor] | None:
    """The shipped classifier as `pictures.page.prepare_page` asks it; None where it is missing or damaged."""
    classifier = find_classifier()
    return None if classifier is None else partial(classify, classifier.layers)


def _sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# What it says


@torch.inference_mode()
def classify(layers: nn.Sequential, images_nhw: Tensor) -> Tensor:
    """Probability of each of the ten digits: pictures (n, 28, 28) in [0, 1] -> (n, 10), rows of sum 1."""
    return torch.cat([layers(part_bhw[:, None]).softmax(1) for part_bhw in images_nhw.split(1000)])


def read_right(layers: nn.Sequential, images_nhw: Tensor, labels_n: Tensor) -> Tensor:
    """Whether each picture's likeliest digit is the one that it is: (n, 28, 28), (n,) -> (n,) bool."""
    return classify(layers, images_nhw).argmax(1) == labels_n


def measure_share(
    layers: nn.Sequential,
    model: Autoencoder | None,
    clean_nhw: Tensor,
    labels_n: Tensor,
    noise: CorruptionConfig,
    seed: int,
) -> Spread:
    """Share of digits (n, 28, 28) that are read right at this noise after `model`, in [0, 1].

    Without a model, of the noisy digits as they are. low, high: the share's 95 % confidence interval.
    """
    pictures_nhw = rebuild(model, noisy_digits(clean_nhw, noise, seed))
    right_n = read_right(layers, pictures_nhw, labels_n)
    return Spread(float(right_n.float().mean()), *share_interval(int(right_n.sum()), len(right_n)))


def share_interval(count: int, of: int) -> tuple[float, float]:
    """Ends of the 95 % confidence interval of a share, `count` of `of` (Wilson 1927)."""
    share, weight = count / of, Z_95**2 / of
    middle = (share + weight / 2) / (1 + weight)
    half = Z_95 * math.sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def sweep_shares(
    layers: nn.Sequential,
    model: Autoencoder | None,
    clean_nhw: Tensor,
    labels_n: Tensor,
    kind: str,
    levels: Sequence[float],
    seed: int,
) -> Curve:
    """`measure_share` at each noise level."""
    found = [
        measure_share(layers, model, clean_nhw, labels_n, CorruptionConfig(kind, level), seed)
        for level in levels
    ]
    return Curve(
        tuple(levels),
        tuple(one.value for one in found),
        tuple(one.low for one in found),
        tuple(one.high for one in found),
    )
