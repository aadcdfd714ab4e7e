"""What has become of a run, and the course of its training, from its log and its ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ae_core.runs import tickets
from ae_core.runs.log_events import sift_events
from ae_core.runs.store import Store
from ae_core.words.sentences import say_count

if TYPE_CHECKING:
    from torch import Tensor

Status = Literal["none", "queued", "running", "stopped", "failed", "finished"]


@dataclass(frozen=True)
class CodeHistory:
    """Codes of test digits at each snapshot of a training: steps (t,), codes_tnd (t, n, 2), labels_n (n,)."""

    steps: list[int]
    codes_tnd: Tensor
    labels_n: Tensor


@dataclass(frozen=True)
class Progress:
    """A training as its log tells it, from the beginning.

    batch_losses: (step, loss) pairs; test_errors: (step, squared error per image) pairs, one an epoch.
    train_errors: the same on digits that it learns from; empty for runs of an earlier version.
    snapshots: (step, PNG in base64) pairs; clean and noisy: the fixed digits (8, 28, 28) they redraw.
    codes: None until the training ends, and for runs of an earlier version.
    device_reason: why it is trained there; empty for runs of an earlier version.
    seconds: of training so far; seconds_left: at the same pace, None before there is one.
    passed_over: how many entries of the log are not what a training writes, and so were not read.
    """

    status: Status
    epochs: int
    epoch: int
    steps: int
    step: int
    device: str
    batch_losses: list[tuple[int, float]]
    test_errors: list[tuple[int, float]]
    train_errors: list[tuple[int, float]]
    snapshots: list[tuple[int, str]]
    clean: Tensor | None
    noisy: Tensor | None
    codes: CodeHistory | None
    seconds: float
    seconds_left: float | None
    message: str
    device_reason: str = ""
    passed_over: int = 0

    @property
    def damage(self) -> str:
        """That the log is damaged, in words for the visitor; empty where it is not."""
        if not self.passed_over:
            return ""
        return say_count(
            "One entry of this training's log could not be read and is left out. Train it again for a whole "
            "one.",
            "{count:,} entries of this training's log could not be read and are left out. Train it again for "
            "a whole one.",
            self.passed_over,
        )

    @property
    def fraction(self) -> float:
        return self.step / self.steps if self.steps else 0.0

    def snapshot(self, index: int = -1) -> Tensor:
        """The fixed digits as the network redrew them at one snapshot, by default the latest: (8, 28, 28)."""
        return _from_png(self.snapshots[index][1])


def status_of(name: str, store: Store) -> Status:
    """What has become of the run called `name`."""
    if store.has_own(name):
        return "finished"
    ticket = tickets.find_ticket(store, name)
    if ticket is not None and ticket.problem:
        return "failed"
    if store.is_locked(name):
        return "running"
    if ticket is not None:
        return "queued"
    if store.find(name) is not None:
        return "finished"  # it came with the lab
    events, _ = sift_events(store.events(name))
    if not events:
        return "none"
    return "failed" if events[-1]["event"] == "failed" else "stopped"


def read_progress(name: str, store: Store) -> Progress:
    """The training called `name` so far."""
    state = status_of(name, store)
    events, passed_over = sift_events(store.events(name))
    kinds: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        kinds.setdefault(event["event"], []).append(event)
    started = kinds.get("started", [{}])[0]
    step = max((event["step"] for event in events if "step" in event), default=0)
    steps = started.get("steps", 0)
    seconds = max((event["seconds"] for event in events if "seconds" in event), default=0.0)
    return Progress(
        status=state,
        epochs=started.get("epochs", 0),
        epoch=max((event["epoch"] for event in kinds.get("epoch", [])), default=0),
        steps=steps,
        step=step,
        device=started.get("device", ""),
        device_reason=started.get("device_reason", ""),
        batch_losses=[(event["step"], event["loss"]) for event in kinds.get("batch", [])],
        test_errors=[(event["step"], event["test_squared_error"]) for event in kinds.get("epoch", [])],
        train_errors=[
            (event["step"], event["train_squared_error"])
            for event in kinds.get("epoch", [])
            if "train_squared_error" in event
        ],
        snapshots=[(event["step"], event["digits"]) for event in kinds.get("snapshot", [])],
        clean=_from_png(started["clean"]) if "clean" in started else None,
        noisy=_from_png(started["input"]) if "input" in started else None,
        codes=_codes(kinds["codes"][-1]) if "codes" in kinds else None,
        seconds=seconds,
        seconds_left=seconds / step * (steps - step) if step and seconds else None,
        message=_problem(name, store) or kinds.get("failed", [{"message": ""}])[-1]["message"],
        passed_over=passed_over,
    )


def _codes(event: dict[str, Any]) -> CodeHistory:
    from ae_core.runs.packing import unpack_codes

    return CodeHistory(event["at"], *unpack_codes(event))


def _from_png(text: str) -> Tensor:
    """Digits (n, 28, 28) from a PNG in base64. It needs torch; the rest of a log does not."""
    from ae_core.runs.packing import from_png

    return from_png(text)


def _problem(name: str, store: Store) -> str:
    ticket = tickets.find_ticket(store, name)
    return ticket.problem if ticket else ""
