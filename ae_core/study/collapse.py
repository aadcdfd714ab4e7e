"""Whether a network learnt anything: whether its outputs differ as digits do, and beat one picture for all.

Too high a learning rate throws a network to where its units have no gradient. From there it gives the same
picture whatever comes in, and the training ends without an error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn

from ae_core import config
from ae_core.baselines import ABOUT_EQUAL, measure_floors
from ae_core.config import EARLIER_DATASETS, LIMITS, MAP_MODELS, RunConfig
from ae_core.corruption import corrupt
from ae_core.data import Digits
from ae_core.metrics import squared_error
from ae_core.models import Autoencoder, codes_of, reconstruct
from ae_core.training import seeded

# A network whose outputs spread less than this share of what digits do is stuck.
STUCK_SPREAD = 0.05
# Outputs that err more than the mean digit and are less like the digits than this show nothing of them.
# Trainings that had hardly begun were at 0.13 and less, those that had learnt something at 0.32 and more.
UNLIKE = 0.25
# Below this share of the mean digit's ink (squared), a picture looks black.
BLACK_INK = 0.05
# With fewer digits, their own mean fits them too well to be compared with.
DIGITS_TO_COMPARE = 100
DIGITS_JUDGED = 1000
# A number of the code whose standard deviation is below this share of the code's largest never changes…
STILL = 1e-3
# …and neither does one that differs by no more than rounding does, beside its own size.
ROUNDING = 1e-5
# At the beginning every network paints the mean digit: nothing is said before this share of the steps.
EARLIEST = 1 / 3
# A rate this many times the preset's, or this part of it, is taken for the cause.
FAR_RATE = 3.0
# Up to so few steps, a network at the preset's rate may still paint the mean digit.
FEW_STEPS = 200
# What is offered instead of too few.
ENOUGH_STEPS = 300


class Verdict(Enum):
    """What a network makes of digits. All but FINE mean that it learnt nothing."""

    FINE = "fine"
    MEAN_DIGIT = "the mean digit, whatever comes in"
    BLACK = "black, whatever comes in"
    ONE_PICTURE = "one picture, whatever comes in"
    NO_BETTER = "pictures that differ, but not as the digits do"
    WORSE_THAN_BLACK = "worse than black"


class Cause(Enum):
    """What the usual cause is, from the settings and from what was measured."""

    RATE_TOO_HIGH = "the learning rate is far above the preset's"
    RATE_TOO_LOW = "the learning rate is far below the preset's"
    FEW_STEPS = "the training had few steps"
    DEAD_UNITS = "all ReLU units of a layer give 0 for every digit"
    UNKNOWN = "none of these"


@dataclass(frozen=True)
class Collapse:
    """What was measured of a network, and the verdict.

    spread: see `measure_spread`. error, always_black, always_mean: squared error per image of the network, of
    a black picture and of the digits' own mean. code_size: how many numbers the code has, or maps where it is
    maps. dead: which of them never change, from 0. dead_units: the largest share of units in a ReLU layer
    that give 0 for every digit; of a convolution, of its channels. Sound networks have half of them.
    """

    verdict: Verdict
    spread: float
    error: float
    always_black: float
    always_mean: float
    code_size: int
    dead: tuple[int, ...]
    dead_units: float
    is_maps: bool

    @property
    def learnt_nothing(self) -> bool:
        return self.verdict is not Verdict.FINE

    @property
    def is_one_picture(self) -> bool:
        """Whether it gives about the same picture whatever comes in."""
        return self.spread < STUCK_SPREAD


def measure_spread(outputs_nhw: Tensor, clean_nhw: Tensor) -> float:
    """How much outputs differ from each other beside how much the clean digits do: about 0 to 1.

    The standard deviation over digits of each: the square root of the variance over the n pictures (divided
    by n), summed over the 784 pixels, so that pixels which are always black count for nothing. It is the
    clean digits' also where the input is noisy, since no network is asked to repeat the noise.

    1 where the digits do not differ (a single one): nothing can be told.
    """
    wanted = _variance(clean_nhw)
    return math.sqrt(_variance(outputs_nhw) / wanted) if wanted > 0 else 1.0


def measure_likeness(outputs_nhw: Tensor, clean_nhw: Tensor) -> float:
    """The correlation of outputs and clean digits: of each pixel's differences from its mean, over all.

    1 for copies, however dark; 0 for pictures that have nothing to do with the digits. 0 without differences.
    """
    out, clean = outputs_nhw - outputs_nhw.mean(0), clean_nhw - clean_nhw.mean(0)
    size = math.sqrt(float(out.square().sum() * clean.square().sum()))
    return float((out * clean).sum()) / size if size > 0 else 0.0


def _variance(images_nhw: Tensor) -> float:
    return float(images_nhw.double().var(0, correction=0).sum())


def measure_collapse(
    model: Autoencoder, input_nhw: Tensor, clean_nhw: Tensor, train_error: float | None = None
) -> Collapse:
    """What `model` makes of digits as it sees them, marked against the clean ones: (n, 28, 28) each.

    train_error: squared error per image on digits that it learnt from, where that is known. A network that
    learnt few digits by heart is no better than the mean digit on others, and yet learnt something.
    """
    outputs_nhw = reconstruct(model, input_nhw).cpu()
    spread = measure_spread(outputs_nhw, clean_nhw)
    error = float(squared_error(outputs_nhw, clean_nhw).mean())
    floors = measure_floors(clean_nhw)
    by_heart = train_error is not None and train_error < floors.mean_digit
    is_clearly_worse = len(clean_nhw) >= DIGITS_TO_COMPARE and error >= (1 + ABOUT_EQUAL) * floors.mean_digit
    if spread < STUCK_SPREAD:
        verdict = _judge_one_picture(outputs_nhw.mean(0), clean_nhw.mean(0), error, floors.black)
    elif by_heart or not is_clearly_worse or measure_likeness(outputs_nhw, clean_nhw) >= UNLIKE:
        verdict = Verdict.FINE
    else:
        verdict = Verdict.NO_BETTER if error <= floors.black else Verdict.WORSE_THAN_BLACK
    maps = _count_maps(model)
    dead, size = find_dead_numbers(codes_of(model, input_nhw).cpu(), maps)
    return Collapse(
        verdict,
        spread,
        error,
        always_black=floors.black,
        always_mean=floors.mean_digit,
        code_size=size,
        dead=dead,
        dead_units=measure_dead_units(model, input_nhw),
        is_maps=maps > 0,
    )


def _judge_one_picture(picture_hw: Tensor, mean_hw: Tensor, error: float, always_black: float) -> Verdict:
    """What a picture is that a network gives whatever comes in."""
    ink = float(mean_hw.square().sum())
    if float(picture_hw.square().sum()) < BLACK_INK * ink:
        return Verdict.BLACK
    if float((picture_hw - mean_hw).square().sum()) < ABOUT_EQUAL * ink:
        return Verdict.MEAN_DIGIT
    return Verdict.WORSE_THAN_BLACK if error > always_black else Verdict.ONE_PICTURE


def _count_maps(model: Autoencoder) -> int:
    """How many maps the code is; 0 where it is numbers."""
    first = next(iter(model.decoder))
    return int(first.unflattened_size[0]) if isinstance(first, nn.Unflatten) else 0


def find_dead_numbers(codes_nl: Tensor, maps: int = 0) -> tuple[tuple[int, ...], int]:
    """Which numbers of the code (n, l) never change over the digits, from 0, and of how many.

    A number is dead whose standard deviation over the digits is at most 1/1000 of the largest in this code,
    or at most 1/100,000 of its own mean, which is rounding. This tells it for every activation: of ReLU, dead
    numbers are 0 for every digit; of tanh, 1 or −1; of none, a bias that no input reaches.

    maps: of a code that is maps, how many. A map is dead where all its numbers are: single ones may stay the
    same because digits are black there. None is dead where there are fewer than two digits.
    """
    size = maps or codes_nl.shape[1]
    if len(codes_nl) < 2:
        return (), size
    values_nl = codes_nl.double()
    deviation_l, mean_l = values_nl.std(0, correction=0), values_nl.mean(0).abs()
    still_l = (deviation_l <= STILL * deviation_l.max()) | (deviation_l <= ROUNDING * mean_l)
    still_l = still_l.reshape(size, -1).all(1)
    return tuple(still_l.nonzero()[:, 0].tolist()), size


@torch.inference_mode()
def measure_dead_units(model: Autoencoder, input_nhw: Tensor) -> float:
    """The largest share of units in one of its ReLU layers that give 0 for every digit; 0 without ReLU.

    Of a convolution a channel counts as a unit.
    """
    values = input_nhw[:, None].to(next(model.parameters()).device)
    largest = 0.0
    for layer in [*model.encoder, *model.decoder]:
        values = layer(values)
        if isinstance(layer, nn.ReLU):
            highest_u = values.transpose(0, 1).flatten(1).amax(1)  # (channels or units,)
            largest = max(largest, float((highest_u <= 0).float().mean()))
    return largest


def pick_digits_to_judge(run: RunConfig, digits: Digits) -> tuple[Tensor, Tensor]:
    """Up to 1,000 held-back digits of the classes that `run` learns from, as it sees them and clean.

    (n, 28, 28) each. Of other classes it was never asked to make anything.
    """
    clean_nhw = digits.test_nhw
    if run.data.left_out and run.data.name not in EARLIER_DATASETS:
        clean_nhw = clean_nhw[torch.isin(digits.test_labels_n, torch.tensor(run.data.classes))]
    clean_nhw = clean_nhw[:DIGITS_JUDGED]
    return corrupt(clean_nhw, run.corruption, seeded(run.training.seed, "test noise")), clean_nhw


def judge_run(
    run: RunConfig, model: Autoencoder, digits: Digits, train_error: float | None = None
) -> Collapse:
    """`measure_collapse` of the network that `run` trained, on held-back digits of its classes."""
    return measure_collapse(model, *pick_digits_to_judge(run, digits), train_error)


def seems_stuck(
    outputs_nhw: Tensor,
    clean_nhw: Tensor,
    test_errors: Sequence[tuple[int, float]],
    always_mean: float,
    step: int,
    steps: int,
) -> bool:
    """Whether a training learns nothing so far: all outputs look alike, and err as the mean digit does.

    outputs_nhw: the fixed digits (8, 28, 28) as redrawn after `step` of `steps` steps. test_errors: (step,
    squared error per image) pairs; those before a third of the steps count for nothing, and without any the
    pictures alone decide. always_mean: that of the mean digit. False before a third of the steps.
    """
    if step < EARLIEST * steps or not steps:
        return False
    late = [error for at, error in test_errors if at >= EARLIEST * steps]
    at_best_the_mean = not late or late[-1] >= (1 - ABOUT_EQUAL) * always_mean
    return at_best_the_mean and measure_spread(outputs_nhw, clean_nhw) < STUCK_SPREAD


def preset_like(run: RunConfig) -> RunConfig:
    """The preset of this kind of network: its noise and size may be others."""
    if run.model.kind in MAP_MODELS:
        return next(preset for preset in config.PRESETS.values() if preset.model.kind == run.model.kind)
    if run.model.kind == "convolutional":
        return config.CAE
    return config.LINEAR if run.model.activation == "none" else config.FAE


def with_preset_rate(run: RunConfig) -> RunConfig:
    """`run` with the learning rate of the preset of its kind."""
    return config.adjusted(run, training={"learning_rate": preset_like(run).training.learning_rate})


def count_steps(run: RunConfig) -> int:
    """How many steps its training has."""
    return run.training.epochs * math.ceil(run.data.count / run.training.batch_size)


def offer_retraining(run: RunConfig) -> RunConfig | None:
    """Settings to train a network with that learnt nothing: the preset's rate, and enough steps.

    None where `run` has both already.
    """
    offered = with_preset_rate(run)
    if count_steps(run) < ENOUGH_STEPS:
        _, most = LIMITS["epochs"]
        epochs = math.ceil(ENOUGH_STEPS * run.training.epochs / count_steps(run))
        offered = config.adjusted(offered, training={"epochs": min(most, epochs)})
    return None if offered == run else offered


def find_usual_cause(run: RunConfig, dead_units: float = 0.0) -> Cause:
    """The usual cause for a network with these settings that learnt nothing.

    dead_units: as `measure_dead_units` found them.
    """
    rate, preset_rate = run.training.learning_rate, preset_like(run).training.learning_rate
    if rate >= FAR_RATE * preset_rate:
        return Cause.RATE_TOO_HIGH
    if rate <= preset_rate / FAR_RATE:
        return Cause.RATE_TOO_LOW
    if count_steps(run) <= FEW_STEPS:
        return Cause.FEW_STEPS
    return Cause.DEAD_UNITS if dead_units == 1 else Cause.UNKNOWN
