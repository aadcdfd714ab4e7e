"""What a run is: model, corruption, training and data, as frozen values with one table of limits."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from ae_core.errors import ConfigError
from ae_core.words import settings

# Inclusive ranges, read by sliders, command line and validation alike.
LIMITS: dict[str, tuple[int, int]] = {
    "latent_size": (1, 256),
    "hidden_size": (1, 2048),
    "hidden_layers": (0, 4),
    "channels": (1, 128),
    "epochs": (1, 200),
    "batch_size": (8, 2048),
    "seed": (0, 2**32 - 1),
    "threads": (1, 64),
    "digits": (10, 60_000),
}
RANGES: dict[str, tuple[float, float]] = {"noise_level": (0.0, 1.0), "learning_rate": (1e-5, 1.0)}

LAYERS: tuple[tuple[int, ...], ...] = ((), (128,), (192, 96), (512, 256))  # hidden ones, on the dial

MODELS = ("fully_connected", "convolutional", "fully_convolutional", "patches", "keras_example")
ACTIVATIONS = ("gelu", "relu", "tanh", "none")
NOISE_WORDS, LOSS_WORDS = settings.NOISE_WORDS, settings.LOSS_WORDS
LEVEL_HELP, MAP_MODELS = settings.LEVEL_HELP, settings.MAP_MODELS
NOISE_KINDS = tuple(NOISE_WORDS)
LOSSES = tuple(LOSS_WORDS)

MNIST = "mnist"
# What runs of earlier versions learnt from, parts of MNIST's training set: such runs can be read, but nothing
# more can be trained on these.
EARLIER_DATASETS = ("embedded", "mnist_less_embedded_test")
DATASETS = (MNIST, *EARLIER_DATASETS)
CLASSES = tuple(range(10))
# How many digits of each class there are to learn from.
CLASS_COUNTS = (5_923, 6_742, 5_958, 6_131, 5_842, 5_421, 5_918, 6_265, 5_851, 5_949)
ALL_DIGITS = sum(CLASS_COUNTS)

# The code sizes of the networks that come with the lab, trained already.
SHIPPED_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 30, 48, 64)

PIXELS = 28 * 28
# A code that is maps, 7 × 7 of 32 channels: twice as many numbers as there are pixels.
MAP_CODE = 7 * 7 * 32

# Part of every run's identity: raise it when the same settings would train to other weights.
RECIPE = 2


def check_range(name: str, value: float) -> None:
    """Raise ConfigError unless `value` lies within LIMITS or RANGES under `name`."""
    low, high = LIMITS[name] if name in LIMITS else RANGES[name]
    whole = name in LIMITS
    fits_type = isinstance(value, int) if whole else isinstance(value, int | float)
    if isinstance(value, bool) or not fits_type or not low <= value <= high:  # NaN is in no range
        raise ConfigError(
            settings.OUT_OF_RANGE[whole].format(name=settings.NAMES[name], low=low, high=high, value=value)
        )


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ConfigError unless `value` is one of `choices`."""
    if value not in choices:
        raise ConfigError(
            settings.NOT_AMONG.format(name=settings.NAMES[name], value=value, choices=", ".join(choices))
        )


@dataclass(frozen=True)
class ModelConfig:
    """An autoencoder's shape. `activation="none"` makes a fully connected one linear."""

    kind: str = "fully_connected"
    latent_size: int = 30
    hidden_sizes: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_choice("model", self.kind, MODELS)
        check_choice("activation", self.activation, ACTIVATIONS)
        if self.kind in MAP_MODELS:
            self._check_map_model()
            return
        check_range("latent_size", self.latent_size)
        for size in self.hidden_sizes:
            check_range("hidden_size", size)
        for size in self.channels:
            check_range("channels", size)
        check_range("hidden_layers", len(self.hidden_sizes))
        if self.kind == "convolutional" and (len(self.channels) != 2 or self.hidden_sizes):
            raise ConfigError(settings.TWO_CHANNEL_COUNTS)
        if self.kind == "fully_connected" and self.channels:
            raise ConfigError(settings.NO_CHANNELS)

    def _check_map_model(self) -> None:
        name = MAP_MODELS[self.kind]
        if self.latent_size != MAP_CODE:
            raise ConfigError(
                settings.OTHER_CODE.format(name=name, size=MAP_CODE, latent_size=self.latent_size)
            )
        if self.hidden_sizes or self.channels or self.activation != "relu":
            raise ConfigError(settings.FIXED_LAYERS.format(name=name))


@dataclass(frozen=True)
class CorruptionConfig:
    """What is done to a clean digit before the network sees it. Level 0 leaves it as it is."""

    kind: str = "gaussian"
    level: float = 0.0

    def __post_init__(self) -> None:
        check_choice("noise_kind", self.kind, NOISE_KINDS)
        check_range("noise_level", self.level)
        # 0, 0.0 and -0.0 are one setting, with one name
        object.__setattr__(self, "level", abs(float(self.level)))


@dataclass(frozen=True)
class TrainingConfig:
    """How the weights are found. Sums split over threads round differently, so `threads` is part of it."""

    epochs: int = 8
    batch_size: int = 64
    learning_rate: float = 1e-2
    loss: str = "mse"
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate", "seed", "threads"):
            check_range(name, getattr(self, name))
        check_choice("loss", self.loss, LOSSES)
        object.__setattr__(self, "learning_rate", float(self.learning_rate))


@dataclass(frozen=True)
class DataConfig:
    """Which of MNIST's 60,000 training digits a run learns from: the first `digits` of these classes.

    It is tested on all 10,000 test digits, whatever it learnt from. `name` is another one only in runs of
    earlier versions.
    """

    name: str = MNIST
    digits: int = ALL_DIGITS
    classes: tuple[int, ...] = CLASSES

    def __post_init__(self) -> None:
        check_choice("data_set", self.name, DATASETS)
        check_range("digits", self.digits)
        if not self.classes:
            raise ConfigError(settings.NO_CLASS)
        wrong = [each for each in self.classes if isinstance(each, bool) or each not in CLASSES]
        if wrong:
            raise ConfigError(settings.UNKNOWN_CLASS.format(wrong=wrong[0]))
        object.__setattr__(self, "classes", tuple(sorted({int(each) for each in self.classes})))

    @property
    def count(self) -> int:
        """How many digits that is: fewer than `digits` where the classes have no more."""
        if self.name in EARLIER_DATASETS:
            return {"embedded": 4_000, "mnist_less_embedded_test": 59_000}[self.name]
        return min(self.digits, sum(CLASS_COUNTS[each] for each in self.classes))

    @property
    def left_out(self) -> tuple[int, ...]:
        """The classes that a run never sees in training."""
        return tuple(each for each in CLASSES if each not in self.classes)

    def to_fields(self) -> dict[str, Any]:
        """Its fields as JSON has them: how many and which classes only where that is not all of them."""
        fields: dict[str, Any] = {"name": self.name}
        if self.digits != ALL_DIGITS:
            fields["digits"] = self.digits
        if self.classes != CLASSES:
            fields["classes"] = list(self.classes)
        return fields


@dataclass(frozen=True)
class RunConfig:
    """One experiment: everything that decides its weights, and nothing else."""

    model: ModelConfig = ModelConfig()
    corruption: CorruptionConfig = CorruptionConfig()
    training: TrainingConfig = TrainingConfig()
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        if self.model.activation == "none" and self.training.loss == "bce":
            raise ConfigError(settings.NO_ENTROPY)


FAE = RunConfig(
    ModelConfig("fully_connected", hidden_sizes=(192, 96)),
    training=TrainingConfig(epochs=2, learning_rate=4e-3),
)
CAE = RunConfig(ModelConfig("convolutional", channels=(8, 32)), training=TrainingConfig(epochs=1))
DAE = replace(CAE, corruption=CorruptionConfig("gaussian", 0.4))
# A faster pace and more epochs than the FAE's: that brings it close to PCA on its training digits.
LINEAR = RunConfig(
    ModelConfig("fully_connected", activation="none"), training=TrainingConfig(epochs=4, learning_rate=1e-2)
)
# The three whose code is maps leave the digit larger than it was: they are here to be measured against each
# other.
KERAS_EXAMPLE = RunConfig(
    ModelConfig("keras_example", MAP_CODE), training=TrainingConfig(epochs=3, loss="bce")
)
PATCHES = RunConfig(
    ModelConfig("patches", MAP_CODE),
    training=TrainingConfig(epochs=1, batch_size=128, learning_rate=4e-2, loss="bce", threads=2),
)
FULLY_CONVOLUTIONAL = RunConfig(
    ModelConfig("fully_convolutional", MAP_CODE),
    CorruptionConfig("gaussian", 0.4),
    TrainingConfig(epochs=1, batch_size=32, loss="bce", threads=2),
)
PRESETS = {
    "fae": FAE, "cae": CAE, "dae": DAE, "linear": LINEAR,
    "fully-convolutional": FULLY_CONVOLUTIONAL, "patches": PATCHES, "keras": KERAS_EXAMPLE,
}  # fmt: skip


def with_data(run: RunConfig, data: DataConfig) -> RunConfig:
    """`run` on these digits, with as many epochs as make about as many steps as `run` has; 200 at most."""
    _, most = LIMITS["epochs"]
    epochs = min(most, max(1, round(run.training.epochs * run.data.count / data.count)))
    return replace(run, data=data, training=replace(run.training, epochs=epochs))


def nearest_size(latent_size: int) -> int:
    """The one of SHIPPED_SIZES that is nearest by ratio."""
    return min(SHIPPED_SIZES, key=lambda size: abs(math.log(size / latent_size)))


def find_preset(name: str) -> RunConfig:
    """The preset called `name`; ConfigError names the ones there are."""
    check_choice("preset", name, tuple(PRESETS))
    return PRESETS[name]


def adjusted(
    run: RunConfig,
    *,
    model: Mapping[str, Any] | None = None,
    corruption: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
) -> RunConfig:
    """`run` with some fields replaced; values are checked as at any construction."""
    return replace(
        run,
        model=replace(run.model, **(model or {})),
        corruption=replace(run.corruption, **(corruption or {})),
        training=replace(run.training, **(training or {})),
    )


def differences(one: RunConfig, other: RunConfig) -> tuple[str, ...]:
    """In what two runs are set up differently, as 'part.setting' such as 'corruption.level'.

    Empty for equal runs.

    Where neither has noise, its kind is no difference.
    """
    ones, others = asdict(one), asdict(other)
    found = [
        f"{part}.{name}" for part in ones for name in ones[part] if ones[part][name] != others[part][name]
    ]
    noisy = one.corruption.level or other.corruption.level
    return tuple(name for name in found if noisy or name != "corruption.kind")


def to_json(run: RunConfig) -> str:
    """Canonical JSON: sorted keys, no spaces. Equal runs give equal text."""
    fields = {"recipe": RECIPE, **asdict(run), "data": run.data.to_fields()}
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> RunConfig:
    """The run that `to_json` wrote. Raises ConfigError on anything else."""
    try:
        fields = json.loads(text)
        recipe = fields.pop("recipe")
    except (ValueError, AttributeError, KeyError, TypeError) as problem:
        raise ConfigError(settings.NO_SETTINGS) from problem
    if recipe != RECIPE:
        raise ConfigError(settings.OTHER_RECIPE.format(recipe=recipe, ours=RECIPE))
    try:
        return RunConfig(
            _build(ModelConfig, fields["model"]),
            _build(CorruptionConfig, fields["corruption"]),
            _build(TrainingConfig, fields["training"]),
            _build(DataConfig, fields["data"]),
        )
    except (AttributeError, KeyError, TypeError) as problem:
        raise ConfigError(settings.NO_SETTINGS) from problem


T = TypeVar("T")


def _build(kind: type[T], fields: Mapping[str, Any]) -> T:
    return kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    )


@lru_cache(maxsize=1024)
def run_id(run: RunConfig) -> str:
    """A run's name everywhere: 16 hexadecimal digits of the SHA-256 of its canonical JSON."""
    return hashlib.sha256(to_json(run).encode()).hexdigest()[:16]


def command_line(run: RunConfig) -> str:
    """The command that trains exactly this run."""
    parts = {
        "preset": next(name for name, preset in PRESETS.items() if preset.model.kind == run.model.kind),
        "latent-size": run.model.latent_size,
        "hidden-sizes": ",".join(map(str, run.model.hidden_sizes)) or "none",
        "channels": ",".join(map(str, run.model.channels)),
        "activation": run.model.activation,
        "noise-kind": run.corruption.kind,
        "noise-level": run.corruption.level,
        **{name.replace("_", "-"): value for name, value in asdict(run.training).items()},
    }
    if run.data.digits != ALL_DIGITS:
        parts["digits"] = run.data.digits
    if run.data.classes != CLASSES:
        parts["classes"] = ",".join(map(str, run.data.classes))
    if run.model.kind != "fully_connected":
        del parts["hidden-sizes"]
    if run.model.kind != "convolutional":
        del parts["channels"]
    return " ".join(["python -m ae_core train", *(f"--{name} {value}" for name, value in parts.items())])


def is_like(run: RunConfig, preset: RunConfig) -> bool:
    """Whether `run` is `preset`'s network with its noise and its loss, whatever the size, pace and digits."""
    same_size = replace(run.model, latent_size=preset.model.latent_size) == preset.model
    return same_size and (run.corruption, run.training.loss) == (preset.corruption, preset.training.loss)


# Every word that `family` has, in the order of the lessons.
FAMILIES = (
    "FAE",
    "linear FAE",
    "CAE",
    "DAE",
    "denoising FAE",
    "denoising linear FAE",
    "FCAE",
    "Patches",
    "Keras",
)


def family(run: RunConfig) -> str:
    """The model's short name, one of FAMILIES: FAE, linear FAE, CAE, DAE, or FCAE, Patches, Keras."""
    if run.model.kind in MAP_MODELS:
        return {"fully_convolutional": "FCAE", "patches": "Patches", "keras_example": "Keras"}[run.model.kind]
    denoising = run.corruption.level > 0
    if run.model.kind == "convolutional":
        return "DAE" if denoising else "CAE"
    name = "linear FAE" if run.model.activation == "none" else "FAE"
    return f"denoising {name}" if denoising else name
