"""What a worker does with a ticket when things go wrong: silence, no memory, spoiled files, a full disk."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from distributed import Reschedule
from filelock import FileLock

from ae_core import config
from ae_core.config import DataConfig, run_id
from ae_core.data import Digits
from ae_core.errors import ClusterError, StoreError
from ae_core.living.network_file import pack_network
from ae_core.runs import history, latest_network, tickets
from ae_core.runs.run_folder import CHECKPOINT, EVENTS, WEIGHTS
from ae_core.runs.run_log import EventLog
from ae_core.runs.store import Store
from ae_core.service import failures, worker
from ae_core.service.worker import Watchdog
from ae_core.training import Checkpoint, EpochDone, Snapshot, Started

RUN = config.adjusted(
    config.FAE,
    model={"latent_size": 2, "hidden_sizes": (8,)},
    corruption={"kind": "salt_and_pepper", "level": 0.2},
    training={"epochs": 4, "batch_size": 128},
)
NAME = run_id(RUN)
CLOCKS = {"time", "seconds", "train_seconds", "images_per_second"}


@pytest.fixture(autouse=True)
def few_digits_only(few_digits: Digits, monkeypatch) -> None:
    """The worker's digits are few enough for a training of moments."""
    monkeypatch.setattr(worker, "_all_digits", lambda cache_dir: few_digits)


def recorded(store: Store, digits: Digits, epochs: int | None = None) -> list[type]:
    """Record RUN, up to after an epoch if one is given; the kinds of the events told."""
    kinds = []
    for event in worker.record_training(RUN, store, digits):
        kinds.append(type(event))
        if isinstance(event, Checkpoint) and event.epoch == epochs:
            break
    return kinds


def story(store: Store) -> list[dict]:
    return [{key: value for key, value in event.items() if key not in CLOCKS} for event in store.events(NAME)]


def weights(store: Store) -> bytes:
    return (store.folder(NAME) / WEIGHTS).read_bytes()


@pytest.fixture
def whole(tmp_path, few_digits) -> Store:
    """Where RUN was trained without a pause."""
    store = Store(tmp_path / "whole")
    recorded(store, few_digits)
    return store


def ask(store: Store, expected_seconds: float = 10.0) -> str:
    """A ticket for RUN: its number."""
    tickets.submit_ticket(store, RUN, "anna", expected_seconds)
    return tickets.find_ticket(store, NAME).number


def work(store: Store, number: str, hung_seconds: float = 60.0) -> None:
    worker.train_ticket(NAME, number, str(store.root), hung_seconds)


# From a ticket to a run


def test_browsers_can_watch_the_network_in_training_and_a_finished_run_has_none(store, few_digits):
    seen = []
    for event in worker.record_training(RUN, store, few_digits):
        if isinstance(event, Snapshot):
            seen.append(latest_network.read_network(store.folder(NAME)))
            assert seen[-1] == pack_network(event.model)
    assert len(set(seen)) == len(seen) > 3
    with pytest.raises(LookupError):
        latest_network.read_network(store.folder(NAME))


def test_a_network_that_cannot_be_kept_to_look_at_stops_no_training(store, few_digits, monkeypatch):
    def full(*arguments: object, **settings: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(latest_network, "write_whole", full)
    recorded(store, few_digits)
    assert store.has_own(NAME)


def test_a_ticket_becomes_a_finished_run_and_is_gone(store, whole):
    work(store, ask(store))
    assert history.status_of(NAME, store) == "finished"
    assert tickets.find_ticket(store, NAME) is None
    assert (story(store), weights(store)) == (story(whole), weights(whole))
    assert not (store.folder(NAME) / CHECKPOINT).exists()


def test_a_ticket_that_was_taken_away_is_not_trained(store):
    number = ask(store)
    tickets.remove_ticket(store, NAME)
    work(store, number)
    assert store.events(NAME) == []


def test_a_ticket_of_another_number_is_left_to_its_own_job(store):
    work(store, ask(store)[::-1] + "0")
    assert store.events(NAME) == []
    assert tickets.find_ticket(store, NAME) is not None


def test_a_run_that_is_finished_already_is_not_trained_again(store, few_digits):
    recorded(store, few_digits)
    before = store.events(NAME)
    work(store, ask(store))
    assert store.events(NAME) == before
    assert tickets.find_ticket(store, NAME) is None


def test_a_finished_run_whose_ticket_cannot_be_closed_stays_as_it_is(store, whole, monkeypatch):
    """The store is busy just then; Dask reports the worker's failure, and who hands tickets on logs it."""
    monkeypatch.setattr(tickets, "LOCK_SECONDS", 0.1)
    number = ask(store)
    with FileLock(store.root / "locks" / "tickets.lock"), suppress(StoreError):
        work(store, number)
    failures.end_ticket_in_failure(
        store,
        tickets.find_ticket(store, NAME),
        ClusterError("No worker could take the training. See its log."),
    )
    assert tickets.find_ticket(store, NAME) is None
    again = Store(store.root)  # it has seen no file before, so it hashes them all
    assert again.get(NAME).config == RUN
    assert (story(again), weights(again)) == (story(whole), weights(whole))


def test_what_fails_after_the_last_line_is_no_failure_of_the_training(store, few_digits, whole, monkeypatch):
    commit = Store.commit

    def commit_and_fail(*arguments: object) -> None:
        commit(*arguments)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Store, "commit", commit_and_fail)
    with pytest.raises(OSError, match="Input/output"):
        recorded(store, few_digits)
    assert (Store(store.root).get(NAME).config, story(store)) == (RUN, story(whole))


def test_a_run_that_another_worker_trains_is_looked_at_later(store, monkeypatch):
    monkeypatch.setattr(worker, "LOCK_SECONDS", 0.1)
    number = ask(store)
    with store.lock(NAME), pytest.raises(Reschedule):
        work(store, number)
    assert tickets.find_ticket(store, NAME).number == number


def test_a_ticket_taken_away_stops_the_training_at_the_next_batch(store, few_digits):
    stop = iter([False] * 6 + [True] * 100)
    for _ in worker.record_training(RUN, store, few_digits, lambda: next(stop)):
        pass
    assert {key: store.events(NAME)[-1][key] for key in ("event", "step", "epoch")} == {
        "event": "stopped",
        "step": 7,
        "epoch": 1,
    }
    assert history.status_of(NAME, store) == "stopped"
    assert store.last_epoch(RUN) == 1


def test_a_digits_file_that_is_missing_is_told(store, monkeypatch):
    def missing(*arguments: object) -> Digits:
        raise StoreError("Nothing there. Look elsewhere.")

    monkeypatch.setattr(worker, "_all_digits", missing)
    work(store, ask(store))
    assert history.status_of(NAME, store) == "failed"
    assert history.read_progress(NAME, store).message == "Nothing there. Look elsewhere."
    assert tickets.find_ticket(store, NAME) is None


def test_a_ticket_for_digits_of_an_earlier_version_fails_with_what_to_do(store):
    earlier = replace(RUN, data=DataConfig("embedded"))
    tickets.submit_ticket(store, earlier, "anna", 1.0)
    number = tickets.find_ticket(store, run_id(earlier)).number
    worker.train_ticket(run_id(earlier), number, str(store.root), 60.0)
    assert history.status_of(run_id(earlier), store) == "failed"
    assert "an earlier version" in history.read_progress(run_id(earlier), store).message
    assert "Train it again" in history.read_progress(run_id(earlier), store).message


def test_an_error_nobody_thought_of_is_told_in_one_line(store, monkeypatch, caplog):
    def broken(*arguments: object) -> Digits:
        raise ZeroDivisionError("division by zero\nand a second line")

    monkeypatch.setattr(worker, "_all_digits", broken)
    work(store, ask(store))
    assert (
        history.read_progress(NAME, store).message
        == "The training ended unexpectedly (ZeroDivisionError: division by zero). Press Train to try again."
    )
    assert "ZeroDivisionError" in caplog.text  # with its traceback, for whoever runs the lab


# Silence


def test_the_watchdog_barks_at_silence():
    barked = threading.Event()
    with Watchdog(0.2, barked.set):
        assert barked.wait(5)


def test_the_watchdog_is_quiet_while_something_happens_and_afterwards():
    barked = threading.Event()
    with Watchdog(0.4, barked.set) as watchdog:
        for _ in range(20):
            time.sleep(0.05)
            watchdog.alive()
    assert not barked.wait(0.8)


def test_a_training_that_is_silent_ends_its_process_and_leaves_the_reason(store, monkeypatch):
    """The real one ends at `_exit`; here it goes on, so what it left behind is read at that moment."""
    ended, left_behind = threading.Event(), []

    def exit_process(code: int) -> None:
        left_behind.extend([code, *tickets.count_attempt(store, NAME, 0)])
        ended.set()

    def silent(*arguments: object) -> Iterator[object]:
        assert ended.wait(10)
        yield from ()

    monkeypatch.setattr(worker, "record_training", silent)
    monkeypatch.setattr(worker.os, "_exit", exit_process)
    work(store, ask(store), hung_seconds=0.2)
    assert left_behind == [1, "nothing happened for 0 s"]


# Attempts


def no_memory(*arguments: object) -> Iterator[object]:
    raise MemoryError
    yield


def torch_has_no_memory(*arguments: object) -> Iterator[object]:
    raise RuntimeError(
        "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 9 bytes.\nmore"
    )
    yield


def cuda_has_no_memory(*arguments: object) -> Iterator[object]:
    raise torch.OutOfMemoryError("CUDA out of memory.")
    yield


def digits_have_no_memory(*arguments: object) -> Digits:
    raise MemoryError("no room for digits")


@pytest.mark.parametrize(
    ("function", "failing", "reason"),
    [
        ("_all_digits", digits_have_no_memory, "no room for digits"),
        ("record_training", no_memory, "MemoryError"),
        ("record_training", torch_has_no_memory, "can't allocate memory"),
        ("record_training", cuda_has_no_memory, "CUDA out of memory"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_out_of_memory_is_tried_three_times_in_all(store, monkeypatch, function, failing, reason):
    monkeypatch.setattr(worker, function, failing)
    number = ask(store)
    for _ in range(worker.RETRIES):
        with pytest.raises(Reschedule):
            work(store, number)
        assert tickets.find_ticket(store, NAME).number == number
        assert history.status_of(NAME, store) == "queued"
    work(store, number)
    assert history.status_of(NAME, store) == "failed"
    assert reason in history.read_progress(NAME, store).message
    assert tickets.tickets_in_line(store) == []


def test_a_training_killed_again_and_again_is_given_up_with_the_reason(store):
    number = ask(store)
    for _ in range(3):
        tickets.count_attempt(store, NAME, 0)  # what a killed worker leaves behind
    work(store, number)
    assert history.status_of(NAME, store) == "failed"
    message = history.read_progress(NAME, store).message
    assert "begun 3 times" in message
    assert "short of memory" in message
    assert "smaller network" in message


def test_attempts_are_counted_anew_after_an_epoch(store, few_digits, whole):
    number = ask(store)
    for _ in range(3):
        tickets.count_attempt(store, NAME, 0)
    recorded(store, few_digits, epochs=1)
    work(store, number)
    assert history.status_of(NAME, store) == "finished"
    assert weights(store) == weights(whole)


def test_a_training_that_was_given_up_can_be_asked_for_again(store):
    number = ask(store)
    for _ in range(3):
        tickets.count_attempt(store, NAME, 0)
    work(store, number)
    work(store, ask(store))
    assert history.status_of(NAME, store) == "finished"


def test_other_mistakes_are_not_tried_again(store, monkeypatch):
    def broken(*arguments: object) -> Iterator[object]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        yield

    monkeypatch.setattr(worker, "record_training", broken)
    work(store, ask(store))
    assert history.status_of(NAME, store) == "failed"
    assert "RuntimeError: mat1 and mat2" in history.read_progress(NAME, store).message


def test_a_ticket_of_other_versions_is_refused_with_what_differs(store):
    number = ask(store)
    path = tickets.ticket_folder(store, NAME) / tickets.TICKET
    fields = json.loads(path.read_text())
    fields["versions"]["torch"] = "1.0"
    path.write_text(json.dumps(fields))
    work(store, number)
    assert "where this lab has 1.0" in history.read_progress(NAME, store).message


# Giving way


def test_between_epochs_a_long_run_gives_way_to_a_short_one_and_goes_on_later(store, whole):
    number = ask(store, expected_seconds=600)
    short = config.adjusted(RUN, training={"seed": 1})
    tickets.submit_ticket(store, short, "ben", 1.0)
    for epoch in (1, 2):
        with pytest.raises(Reschedule):
            work(store, number)
        assert store.last_epoch(RUN) == epoch
    tickets.remove_ticket(store, run_id(short))
    work(store, number)
    assert (story(store), weights(store)) == (story(whole), weights(whole))


@pytest.mark.parametrize(
    ("visitor", "expected_seconds"), [("anna", 1.0), ("ben", 1000.0)], ids=["own", "longer"]
)
def test_it_does_not_give_way_to_a_longer_one_or_to_one_of_the_same_visitor(store, visitor, expected_seconds):
    number = ask(store, expected_seconds=600)
    tickets.submit_ticket(store, config.adjusted(RUN, training={"seed": 1}), visitor, expected_seconds)
    work(store, number)
    assert history.status_of(NAME, store) == "finished"


def test_it_does_not_give_way_to_what_is_being_trained_already(store):
    number = ask(store, expected_seconds=600)
    short = config.adjusted(RUN, training={"seed": 1})
    tickets.submit_ticket(store, short, "ben", 1.0)
    with store.lock(run_id(short)):
        work(store, number)
    assert history.status_of(NAME, store) == "finished"


# Spoiled files


def test_a_training_goes_on_after_its_last_epoch(store, whole, few_digits):
    recorded(store, few_digits, epochs=2)
    kinds = recorded(store, few_digits)
    assert Started not in kinds
    assert kinds.count(EpochDone) == 2
    assert (story(store), weights(store)) == (story(whole), weights(whole))


def test_a_checkpoint_of_other_versions_is_not_used(store, whole, few_digits, monkeypatch):
    recorded(store, few_digits, epochs=2)
    monkeypatch.setattr("ae_core.runs.store.versions", lambda: {"torch": "1.0"})
    kinds = recorded(store, few_digits)
    assert kinds[0] is Started
    assert kinds.count(EpochDone) == 4
    assert (story(store), weights(store)) == (story(whole), weights(whole))


@pytest.mark.parametrize("file", [CHECKPOINT, EVENTS])
@pytest.mark.parametrize("place", [0, 70, 0.5, -1], ids=["first", "early", "middle", "last"])
def test_a_flipped_byte_in_the_checkpoint_or_the_log_before_it_means_a_start_from_the_beginning(
    store, whole, few_digits, file, place
):
    recorded(store, few_digits, epochs=2)
    path = store.folder(NAME) / file
    content = bytearray(path.read_bytes())
    content[int(len(content) * place) if isinstance(place, float) else place] ^= 1
    path.write_bytes(content)
    assert recorded(store, few_digits)[0] is Started
    assert (story(store), weights(store)) == (story(whole), weights(whole))


def test_a_log_shorter_than_at_the_checkpoint_means_a_start_from_the_beginning(store, whole, few_digits):
    recorded(store, few_digits, epochs=2)
    path = store.folder(NAME) / EVENTS
    path.write_bytes(path.read_bytes()[:-1])
    assert recorded(store, few_digits)[0] is Started
    assert (story(store), weights(store)) == (story(whole), weights(whole))


def test_what_was_logged_after_the_checkpoint_is_told_once(store, whole, few_digits):
    recorded(store, few_digits, epochs=2)
    with (store.folder(NAME) / EVENTS).open("ab") as file:
        file.write(b'{"event": "batch", "step": 9, "loss": 0.5}\n{"event": "fail')
    recorded(store, few_digits)
    assert (story(store), weights(store)) == (story(whole), weights(whole))


# A disk with no room


def full(*arguments: object) -> None:
    raise StoreError(
        "The run's log could not be written (No space left on device). Make room on the disk and train again."
    )


def test_a_failure_that_the_log_cannot_take_is_on_the_ticket(store, monkeypatch):
    number = ask(store)
    monkeypatch.setattr(EventLog, "append", full)
    work(store, number)
    assert history.status_of(NAME, store) == "failed"
    assert "No space left on device" in history.read_progress(NAME, store).message
    assert "No space left on device" in tickets.find_ticket(store, NAME).problem
    assert tickets.tickets_in_line(store) == []


def test_when_there_is_room_again_it_is_trained(store, whole, monkeypatch):
    number = ask(store)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(EventLog, "append", full)
        work(store, number)
    work(store, ask(store))
    assert history.status_of(NAME, store) == "finished"
    assert (story(store), weights(store)) == (story(whole), weights(whole))


def test_a_checkpoint_that_cannot_be_written_fails_the_run_and_the_one_before_is_used_next(
    store, whole, few_digits, monkeypatch
):
    number = ask(store)
    keep = Store.keep_checkpoint

    def keep_the_first(
        store: Store, run: object, log: EventLog, checkpoint: Checkpoint, seconds: float
    ) -> None:
        if checkpoint.epoch > 1:
            raise StoreError(
                "checkpoint could not be written (No space left on device). "
                "Make room on the disk and train again."
            )
        keep(store, run, log, checkpoint, seconds)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Store, "keep_checkpoint", keep_the_first)
        work(store, number)
    assert history.status_of(NAME, store) == "failed"
    assert [event["event"] for event in store.events(NAME)].count("failed") == 1
    assert store.last_epoch(RUN) == 1
    assert Started not in recorded(store, few_digits)
    assert (story(store), weights(store)) == (story(whole), weights(whole))
