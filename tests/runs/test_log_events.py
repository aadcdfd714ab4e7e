"""A log is read with care: what a training would not write is passed over and said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ae_core import training
from ae_core.data import Digits
from ae_core.metrics import METRICS
from ae_core.runs import history, log_events
from ae_core.runs.log_events import sift_events
from ae_core.runs.packing import pack_codes, to_png
from ae_core.runs.run_folder import EVENTS
from ae_core.runs.store import SHIPPED, Store
from ae_core.training import SNAPSHOTS
from tests.runs.test_run_file import NAME, RUN, train

STRIP = to_png(torch.zeros(8, 28, 28))
STARTED = {"event": "started", "epochs": 1, "steps": 99, "device": "cpu", "clean": STRIP, "input": STRIP}


def snapshot(step: object, digits: object = STRIP) -> dict[str, object]:
    return {"event": "snapshot", "step": step, "digits": digits}


def codes(*at: int) -> dict[str, object]:
    points = pack_codes(torch.rand(len(at), 5, 2), torch.zeros(5))
    return {"event": "codes", "at": list(at), **points}


def sifted(*events: dict[str, Any]) -> tuple[list[str], int]:
    """Kinds of the events that are read, and how many were passed over."""
    good, passed_over = sift_events([{"time": 1.0, **event} for event in events])
    return [event["event"] for event in good], passed_over


@pytest.mark.parametrize("name", ["SNAPSHOTS", "SNAPSHOT_DIGITS", "CODED_DIGITS", "DIVERGED_LOSS"])
def test_logs_are_read_by_the_bounds_that_trainings_have(name):
    assert getattr(log_events, name) == getattr(training, name)
    assert log_events.METRICS == METRICS


def test_every_log_of_the_lab_is_read_whole():
    for log in SHIPPED.glob(f"*/{EVENTS}"):
        events = [json.loads(line) for line in log.read_text().splitlines()]
        assert sift_events(events) == (events, 0)


def test_a_snapshot_without_a_beginning_is_passed_over():
    assert sifted(snapshot(0), codes(0), {"event": "failed", "message": "no"}) == (["failed"], 2)


def test_codes_that_do_not_match_the_snapshots_are_passed_over():
    assert sifted(STARTED, snapshot(0), snapshot(9), codes(0, 9))[1] == 0
    assert sifted(STARTED, snapshot(0), snapshot(9), codes(0))[1] == 1
    assert sifted(STARTED, snapshot(0), codes(0, 9))[1] == 1


def test_no_more_snapshots_are_read_than_a_training_takes():
    kinds, passed_over = sifted(STARTED, *[snapshot(step) for step in range(60)])
    assert (kinds.count("snapshot"), passed_over) == (SNAPSHOTS, 60 - SNAPSHOTS)


@pytest.mark.parametrize(
    "event",
    [
        snapshot(100),
        snapshot(0, "AAAA"),
        snapshot(0, "A" * 1_000_000),
        snapshot("0"),
        {"event": "batch", "step": 10**400, "loss": 1.0},
        {"event": "batch", "step": -1, "loss": 1.0},
        {"event": "epoch", "epoch": 10**9, "step": 1, "test_squared_error": 1.0},
        {"event": "failed", "message": ["a"]},
        {"event": "else"},
        {"event": ["batch"]},
    ],
)
def test_what_no_training_writes_is_passed_over(event):
    assert sifted(STARTED, event) == (["started"], 1)


def test_a_loss_that_is_no_number_is_left_out_and_the_training_itself_says_why():
    assert sifted(STARTED, {"event": "batch", "step": 1, "loss": float("nan")}) == (["started"], 0)


def test_the_log_of_a_run_in_training_may_be_spoilt_and_is_shown_all_the_same(
    store: Store, few_digits: Digits
):
    log = store.start_log(RUN)
    log.append({**STARTED})
    log.append(snapshot(0, "AAAA"))
    log.append(snapshot(3))
    with Path(log.path).open("a") as file:
        file.write('[1]\n{"event": "epoch", "time": 1, "epoch": "two"}\n')
    with store.lock(NAME):
        progress = history.read_progress(NAME, store)
    assert (progress.status, [step for step, _ in progress.snapshots]) == ("running", [3])
    assert "2 entries" in progress.damage
    train(store, few_digits)
    assert history.read_progress(NAME, store).damage == ""
