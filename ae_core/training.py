"""Training, told as a sequence of events.

It draws nothing, prints nothing, and knows no store and no screen.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.adam import adam

from ae_core.baselines import fit_pca
from ae_core.config import PIXELS, RunConfig
from ae_core.corruption import corrupt
from ae_core.data import Digits, as_images
from ae_core.errors import DivergedError
from ae_core.metrics import squared_error, summary
from ae_core.models import Autoencoder, as_picture, build_model, codes_of, parameter_count, reconstruct
from ae_core.words.sentences import say

SNAPSHOTS = 25
SNAPSHOT_DIGITS = 8
CODED_DIGITS = 1000
# Codes are kept in 16 bits until the training ends; this is the largest number that has room there.
LARGEST_CODE = 65504.0
# Enough to see the curve fall; the finished run is measured on every test digit.
CURVE_DIGITS = 500
CHECK_EVERY = 20
# Pixels lie in [0, 1]: a loss beyond this is not learning.
DIVERGED_LOSS = 1e6
# Adam's β₂, its memory of the squared gradients: 20 steps, where the usual 0.999 remembers more than a short
# training has.
BETA_2 = 0.95
# Its β₁, the momentum: the schedule moves it from the higher to the lower while the rate rises, and back
# while that falls.
BETA_1 = (0.85, 0.95)

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": F.mse_loss, "bce": F.binary_cross_entropy}


@dataclass(frozen=True)
class Started:
    """Before the first step.

    The fixed digits (8, 28, 28) that every snapshot redraws, clean and as the network sees them.
    """

    epochs: int
    steps: int
    device: str
    parameters: int
    clean_nhw: Tensor
    input_nhw: Tensor


@dataclass(frozen=True)
class BatchDone:
    """After step `step` of `steps` (from 1).

    `loss` is a scalar tensor, so that nobody waits for it who does not read it.
    """

    step: int
    steps: int
    loss: Tensor


@dataclass(frozen=True)
class Snapshot:
    """Reconstructions (8, 28, 28) of the fixed digits after `step` steps; step 0 is the untrained network.

    model: the network itself, to be read before the next event: training goes on changing it.
    """

    step: int
    reconstructions_nhw: Tensor
    model: Autoencoder


@dataclass(frozen=True)
class Codes:
    """Before the end: where the codes of 1,000 test digits lay at each snapshot, drawn on a plane.

    steps: (t,); codes_tnd: (t, n, 2); labels_n: (n,), 0 to 9. Codes of two numbers are as they are; larger
    ones are seen along the two leading principal directions of the final codes.
    """

    steps: Sequence[int]
    codes_tnd: Tensor
    labels_n: Tensor


@dataclass(frozen=True)
class EpochDone:
    """After epoch `epoch` (from 1): mean training loss, and the network's squared error per image.

    That is on 500 test digits, and on the first 500 that it learns from, both as the network sees them.
    """

    epoch: int
    train_loss: float
    test_squared_error: float
    train_squared_error: float


@dataclass(frozen=True)
class Checkpoint:
    """After each epoch: what `train` needs to go on from there to the same weights.

    Tensors, numbers and text.

    It is a view of the training, not a copy: keep it before asking for the next event.
    """

    epoch: int
    step: int
    state: Mapping[str, Any]


@dataclass(frozen=True)
class Finished:
    """The trained network, on the CPU, and its metrics over all test digits.

    train_mse: squared error per pixel on the first 500 digits that it learnt from.
    """

    model: Autoencoder
    test: dict[str, float]
    train_mse: float


Event = Started | BatchDone | Snapshot | EpochDone | Checkpoint | Codes | Finished


def use_one_thread() -> None:
    """One torch thread for this process: the other cores are for other students and for the sliders."""
    torch.set_num_threads(1)


@contextmanager
def fixed_arithmetic(threads: int) -> Iterator[None]:
    """Make equal settings train to equal weights on any machine, and fast: in this process, on this thread.

    Sums split over threads round differently, so their number is fixed. And numbers below 1e-38 count as
    zero: saturated sigmoids have such gradients, and a processor takes many times as long over each of them.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def seeded(seed: int, purpose: str) -> torch.Generator:
    """A generator of its own for each purpose of a run: 'weights', 'batches', 'noise', 'test noise'."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") % 2**63)


def build_untrained(run: RunConfig) -> Autoencoder:
    """The network of `run` before its first step."""
    return build_model(run.model, seeded(run.training.seed, "weights"))


def start_equal(one: RunConfig, other: RunConfig) -> bool:
    """Whether two runs start from the same network: every layer and every first weight, compared."""
    ones, others = build_untrained(one).state_dict(), build_untrained(other).state_dict()
    return ones.keys() == others.keys() and all(ones[name].equal(others[name]) for name in ones)


def snapshot_steps(steps: int) -> list[int]:
    """25 different steps from 0, the untrained network, to `steps`, log-spaced.

    A network changes most at the start.

    All steps there are, where that is fewer.
    """
    chosen = [0]
    for i in range(1, SNAPSHOTS):
        chosen.append(max(chosen[-1] + 1, round(steps ** ((i - 1) / (SNAPSHOTS - 2)))))
    return [step for step in chosen if step < steps] + [steps]


def project_to_plane(codes_tnl: Tensor) -> Tensor:
    """Codes at several times (t, n, l) as points (t, n, 2).

    As they are, or along the last ones' two leading principal directions.
    """
    times, count, size = codes_tnl.shape
    if size <= 2:
        return F.pad(codes_tnl, (0, 2 - size))
    return fit_pca(codes_tnl[-1], 2).encode(codes_tnl.reshape(-1, size)).reshape(times, count, 2)


class OneCycleAdam:
    """Adam (Kingma and Ba 2015) over one cycle of rate and momentum (Smith and Topin 2018).

    The rate rises from a 25th of `learning_rate` to all of it in the first fifth of so many steps, and falls
    to almost nothing; β₁ falls and rises meanwhile. To the bit it does what `torch.optim.Adam` does under
    `OneCycleLR`. Those bring along what `torch.compile` needs, and nothing here: 150 MB, and 1.5 s before a
    process's first step.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], learning_rate: float, steps: int) -> None:
        self._parameters: list[Tensor] = list(parameters)
        self._peak, self._steps, self._done = learning_rate, steps, 0
        self._means = [torch.zeros_like(each) for each in self._parameters]
        self._squares = [torch.zeros_like(each) for each in self._parameters]
        self._fused = self._parameters[0].device.type != "mps"
        self._counts = [self._parameters[0].new_zeros(()) for _ in self._parameters]

    def step(self) -> None:
        """Move the parameters against their gradients, which are forgotten."""
        rate, beta_1 = self._find_pace()
        gradients = [each.grad for each in self._parameters if each.grad is not None]
        with torch.no_grad():
            adam(
                self._parameters, gradients, self._means, self._squares, [], self._counts, fused=self._fused,
                lr=rate, beta1=beta_1, beta2=BETA_2, eps=1e-8,
                weight_decay=0.0, amsgrad=False, maximize=False,
            )  # fmt: skip
        for each in self._parameters:
            each.grad = None
        self._done += 1

    def _find_pace(self) -> tuple[float, float]:
        """The next step's rate and β₁."""
        rise = 0.2 if self._steps != 5 else 0.25  # a rise of one step alone has no way to go
        top = rise * self._steps - 1
        first, last = self._peak / 25, self._peak / 25 / 1e4
        low, high = BETA_1
        if self._done <= top:
            way = self._done / top
            return _ease(first, self._peak, way), _ease(high, low, way)
        way = (self._done - top) / (self._steps - 1 - top)
        return _ease(self._peak, last, way), _ease(low, high, way)

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` goes on from: views, not copies."""
        return {"done": self._done, "means": self._means, "squares": self._squares, "counts": self._counts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on after the step at which `state` was taken."""
        self._done = state["done"]
        for name, tensors in (("means", self._means), ("squares", self._squares), ("counts", self._counts)):
            for ours, kept in zip(tensors, state[name], strict=True):
                ours.copy_(kept)


def _ease(start: float, end: float, way: float) -> float:
    """Along half a cosine from `start` to `end`, for a `way` from 0 to 1."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * way) + 1)


def train(
    run: RunConfig, digits: Digits, device: torch.device | None = None, since: Checkpoint | None = None
) -> Iterator[Event]:
    """Train `run` on `digits`, one event at a time; stop reading to stop training.

    On the CPU, unless another device is named.

    With `since`, go on from that checkpoint: what follows is, to the bit, what would have followed it.

    The input is corrupted afresh for every batch and marked against the clean digit. Weights, batch order and
    noise have generators of their own, so a CAE and a DAE of one seed start equal and see equal batches.
    Until the last event, this process has `run.training.threads` torch threads.

    Raises DivergedError when the loss is no longer finite, or beyond 1e6.
    """
    with fixed_arithmetic(run.training.threads):
        yield from _trained(run, digits, device or torch.device("cpu"), since)


def _trained(
    run: RunConfig, digits: Digits, device: torch.device, since: Checkpoint | None
) -> Iterator[Event]:
    settings = run.training
    model = build_untrained(run).to(device)
    batch_order = seeded(settings.seed, "batches")
    noise = seeded(settings.seed, "noise")
    loss_of = LOSSES[settings.loss]

    train_bytes_nhw = digits.train_bytes_nhw.to(device)
    steps_per_epoch = math.ceil(len(train_bytes_nhw) / settings.batch_size)
    steps = settings.epochs * steps_per_epoch
    optimiser = OneCycleAdam(model.parameters(), settings.learning_rate, steps)

    parts: dict[str, Any] = {"model": model, "optimiser": optimiser}
    generators = {"batch order": batch_order, "noise": noise}

    test_input_nhw = corrupt(digits.test_nhw, run.corruption, seeded(settings.seed, "test noise"))
    known_nhw = as_images(digits.train_bytes_nhw[:CURVE_DIGITS])
    known_input_nhw = corrupt(known_nhw, run.corruption, seeded(settings.seed, "train noise"))
    shown_nhw = test_input_nhw[:SNAPSHOT_DIGITS]
    show_at = snapshot_steps(steps)
    codes: list[Tensor] = []  # (n, l) in 16 bits at each snapshot so far

    def snapshot(step: int) -> Snapshot:
        codes_nl = codes_of(model, test_input_nhw[:CODED_DIGITS]).cpu()
        codes.append(codes_nl.clamp(-LARGEST_CODE, LARGEST_CODE).half())
        return Snapshot(step, as_picture(reconstruct(model, shown_nhw)).cpu(), model)

    def error_on(input_nhw: Tensor, clean_nhw: Tensor) -> float:
        return float(squared_error(reconstruct(model, input_nhw).cpu(), clean_nhw).mean())

    if since is None:
        yield Started(
            settings.epochs,
            steps,
            device.type,
            parameter_count(model),
            digits.test_nhw[:SNAPSHOT_DIGITS],
            shown_nhw,
        )
        yield snapshot(0)
    else:
        codes.extend(since.state["codes"])
        for name, part in parts.items():
            part.load_state_dict(since.state[name])
        for name, generator in generators.items():
            generator.set_state(since.state[name])

    step = since.step if since else 0
    for epoch in range(since.epoch + 1 if since else 1, settings.epochs + 1):
        epoch_loss = torch.zeros((), device=device)
        order_n = torch.randperm(len(train_bytes_nhw), generator=batch_order).to(device)
        for batch_b in order_n.split(settings.batch_size):
            clean_bchw = as_images(train_bytes_nhw[batch_b])[:, None]
            loss = loss_of(model(corrupt(clean_bchw, run.corruption, noise)), clean_bchw)
            loss.backward()
            optimiser.step()
            step += 1
            epoch_loss += loss.detach() * len(batch_b)
            if step % CHECK_EVERY == 0 or step == steps:
                _check_converging(loss.detach(), step)
            yield BatchDone(step, steps, loss.detach())
            if step in show_at:
                yield snapshot(step)
        few = slice(CURVE_DIGITS)
        yield EpochDone(
            epoch,
            float(epoch_loss) / len(train_bytes_nhw),
            error_on(test_input_nhw[few], digits.test_nhw[few]),
            error_on(known_input_nhw, known_nhw),
        )
        states = {name: part.state_dict() for name, part in parts.items()}
        random = {name: generator.get_state() for name, generator in generators.items()}
        yield Checkpoint(epoch, step, {**states, **random, "codes": codes})

    yield Codes(show_at, project_to_plane(torch.stack(codes).float()), digits.test_labels_n[:CODED_DIGITS])
    outputs_nhw = reconstruct(model, test_input_nhw).cpu()
    _check_converging(squared_error(outputs_nhw, digits.test_nhw).mean(), steps)
    train_mse = error_on(known_input_nhw, known_nhw) / PIXELS
    yield Finished(model.cpu(), summary(outputs_nhw, digits.test_nhw), train_mse)


def _check_converging(loss: Tensor, step: int) -> None:
    if not float(loss) < DIVERGED_LOSS:  # also true of NaN
        raise DivergedError(
            say(
                "The training diverged: at step {step} the loss was {loss:g}. Lower the "
                "learning rate and train again.",
                step=step,
                loss=float(loss),
            )
        )
