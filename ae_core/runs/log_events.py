"""What a training's log may hold: the events that the lab writes, with what the pages take for granted."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ae_core.config import LIMITS
from ae_core.words.sentences import say

DEVICES = ("cpu", "cuda", "mps")
# As in `ae_core.training` and `ae_core.metrics`, which bring torch along.
SNAPSHOTS, SNAPSHOT_DIGITS, CODED_DIGITS, DIVERGED_LOSS = 25, 8, 1000, 1e6
METRICS = ("mse", "psnr", "ssim", "bce")
CURVE_POINTS = 200
# So many of a kind a training writes at most: one that is resumed begins where its log was cut back.
MOST = {
    "started": 1,
    "snapshot": SNAPSHOTS,
    "batch": CURVE_POINTS + 2,
    "epoch": LIMITS["epochs"][1],
    "codes": 1,
}
MOST_SECONDS = 30 * 24 * 3600.0
MOST_STEPS = LIMITS["epochs"][1] * LIMITS["digits"][1] // LIMITS["batch_size"][0]
# A loss is looked at every few steps only, and may be far beyond the bound by then.
LARGEST_LOSS = 1e6 * DIVERGED_LOSS
LONGEST_STRIP, LONGEST_MESSAGE = 20_000, 10_000
# Per pixel, of outputs that nothing clips; decibels of the least error above 0, and of the largest.
LARGEST_MEAN = DIVERGED_LOSS
RANGES_OF_METRICS = {
    "mse": (0.0, LARGEST_MEAN),
    "psnr": (-100.0, 400.0),
    "ssim": (-1.001, 1.001),
    "bce": (0.0, 100.001),
}


def is_number(low: float, high: float) -> Callable[[object], bool]:
    """A check for a number in this range, its ends included; NaN is in none."""
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    )


def is_count(low: int, high: int) -> Callable[[object], bool]:
    """A check for a whole number in this range, its ends included."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def are_metrics(value: object) -> bool:
    """Whether it is a mean over test digits for each of METRICS, in the range that it can have."""
    return (
        isinstance(value, dict)
        and value.keys() == set(METRICS)
        and all(is_number(*RANGES_OF_METRICS[name])(number) for name, number in value.items())
    )


@lru_cache(maxsize=1024)
def _is_strip(text: str) -> bool:
    """Whether it is the PNG, in base64, of the fixed digits side by side."""
    from PIL import Image

    from ae_core.runs.packing import from_png

    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as picture:
            return picture.size == (28 * SNAPSHOT_DIGITS, 28) and len(from_png(text)) == SNAPSHOT_DIGITS
    except Exception:  # a picture made to do harm makes Pillow raise what it likes
        return False


def _is_short_strip(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_STRIP and _is_strip(value)


def _are_codes(event: Mapping[str, Any]) -> bool:
    """Whether they are as many points, between as many bounds, as their steps and labels say."""
    from ae_core.runs.packing import unpack_codes

    bound, counted = is_number(-1e9, 1e9), is_count(0, MOST_STEPS)
    try:
        codes_tnd, labels_n = unpack_codes(event)
        bounded = all(len(event[end]) == 2 and all(map(bound, event[end])) for end in ("low", "high"))
        steps = len(event["at"]) == len(codes_tnd) > 0 and all(map(counted, event["at"]))
        return bool(bounded and steps and len(labels_n) <= CODED_DIGITS and labels_n.max() < 10)
    except Exception:  # numbers and text of any kind, in any place
        return False


EVENTS_HAVE = {
    "started": ("epochs", "steps", "device", "clean", "input"),
    "snapshot": ("step", "digits"),
    "batch": ("step", "loss"),
    "epoch": ("epoch", "step", "test_squared_error"),
    "codes": ("at", "codes", "labels", "low", "high"),
    "failed": ("message",),
    "stopped": (),
    "finished": (),
}
# What says how far a training is; without its beginning it says nothing.
NEEDS_BEGINNING = ("snapshot", "batch", "epoch", "codes")
OF_A_LOSS = ("loss", "train_loss", "test_squared_error", "train_squared_error")
FIELDS: dict[str, Callable[[Any], bool]] = {
    "time": is_number(0.0, 1e11),
    "seconds": is_number(0.0, MOST_SECONDS),
    "epochs": is_count(1, LIMITS["epochs"][1]),
    "epoch": is_count(0, LIMITS["epochs"][1]),
    "steps": is_count(1, MOST_STEPS),
    "step": is_count(0, MOST_STEPS),
    "parameters": is_count(1, 10**9),
    **dict.fromkeys(OF_A_LOSS, is_number(0.0, LARGEST_LOSS)),
    **dict.fromkeys(("clean", "input", "digits"), _is_short_strip),
    "device": DEVICES.__contains__,
    **dict.fromkeys(
        ("message", "device_reason"), lambda text: isinstance(text, str) and len(text) <= LONGEST_MESSAGE
    ),
}


@dataclass
class LogCheck:
    """The events of one log, read in order. steps: of the whole training, 0 before its beginning."""

    steps: int = 0
    snapshots: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)

    def find_fault(self, event: Any) -> str:
        """What is wrong with the next event: the name of a field or of its kind; empty where nothing is.

        One with a fault is taken for not being there.
        """
        kind = event.get("event") if isinstance(event, dict) else None
        if not isinstance(event, dict) or not isinstance(kind, str) or kind not in EVENTS_HAVE:
            return "event"
        fields: Mapping[str, Any] = event
        for name in ("time", *EVENTS_HAVE[kind]):
            if name not in fields:
                return name
        for name, value in fields.items():
            if name in FIELDS and not FIELDS[name](value):
                return str(name)
        if fault := self._misplaced(kind, event):
            return fault
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return ""

    def _misplaced(self, kind: str, event: Mapping[str, Any]) -> str:
        if self.counts.get(kind, 0) >= MOST.get(kind, 1_000):
            return say("one {kind} too many", kind=kind)
        if kind == "started":
            self.steps = event["steps"]
        if kind not in NEEDS_BEGINNING:
            return ""
        if not self.steps:
            return say("{kind} before its beginning", kind=kind)
        if kind == "codes":
            return "" if list(event["at"]) == self.snapshots and _are_codes(event) else "codes"
        if not self._last.get(kind, -1) < event["step"] <= self.steps:
            return "step"
        self._last[kind] = event["step"]
        if kind == "snapshot":
            self.snapshots.append(event["step"])
        return ""


def sift_events(events: Iterable[object]) -> tuple[list[dict[str, Any]], int]:
    """The events that a training would write, in order, and how many others were passed over.

    A loss beyond all bounds is left out and not counted: a training that diverges writes some, and says so.
    """
    check, good, passed_over = LogCheck(), [], 0
    for event in events:
        fault = check.find_fault(event)
        if not fault:
            assert isinstance(event, dict)
            good.append(event)
        elif fault not in OF_A_LOSS:
            passed_over += 1
    return good, passed_over
