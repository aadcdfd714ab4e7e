"""What a worker does: train a run, and write it into the store as it goes."""

from __future__ import annotations

import itertools
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import torch
from distributed import Reschedule
from filelock import Timeout

from ae_core import data
from ae_core.config import RunConfig, command_line, run_id
from ae_core.errors import ClusterError, DeadlineError, LabError, StoreError
from ae_core.living.network_file import pack_network
from ae_core.models import parameter_count
from ae_core.runs import latest_network, quota, served, tickets
from ae_core.runs.log_events import CURVE_POINTS
from ae_core.runs.packing import pack_codes, to_png
from ae_core.runs.run_log import EventLog
from ae_core.runs.store import Store, default_root
from ae_core.runs.versions import describe_difference, versions
from ae_core.service.devices import choose_device
from ae_core.service.failures import end_ticket_in_failure, first_line, tell_failure
from ae_core.service.memory import give_back_freed, let_go_of_files
from ae_core.training import (
    BatchDone,
    Checkpoint,
    Codes,
    EpochDone,
    Event,
    Finished,
    Snapshot,
    Started,
    train,
    use_one_thread,
)
from ae_core.words.sentences import say

LOCK_SECONDS = 5.0
RETRIES = 2
# A training may take three times as long as it should, and two minutes in any case.
DEADLINE_FACTOR, DEADLINE_FLOOR = 3.0, 120.0
# No batch takes a hundredth of this; a training that is silent for so long is stuck.
HUNG_SECONDS = 120.0


def record_training(
    run: RunConfig,
    store: Store,
    digits: data.Digits,
    should_stop: Callable[[], bool] = lambda: False,
    limit_seconds: float = math.inf,
) -> Iterator[Event]:
    """Train `run` and write it into `store` as it goes; each event is handed on once it is written.

    Goes on from the last checkpoint where there is one. Ends early, as a stopped run, when `should_stop()`.
    Whatever goes wrong is in the log before it is raised; DeadlineError after `limit_seconds` of
    the processor's time.
    """
    log, since, seconds = store.resume(run)
    try:
        yield from _recorded(run, store, digits, log, since, seconds, should_stop, limit_seconds)
    except Exception as problem:
        with suppress(StoreError):  # the disk that failed the run may well fail its log
            log.append({"event": "failed", "message": tell_failure(problem)})
        raise


def _recorded(
    run: RunConfig,
    store: Store,
    digits: data.Digits,
    log: EventLog,
    since: Checkpoint | None,
    seconds_before: float,
    should_stop: Callable[[], bool],
    limit_seconds: float,
) -> Iterator[Event]:
    started = time.monotonic() - seconds_before
    worked = time.process_time()
    seconds, step, epoch = seconds_before, since.step if since else 0, since.epoch if since else 0
    chosen = choose_device()
    device = chosen.device
    for event in train(run, digits, device, since):
        if not isinstance(event, Finished):
            seconds = time.monotonic() - started
        match event:
            case Started():
                log.append(
                    {
                        "event": "started",
                        "epochs": event.epochs,
                        "steps": event.steps,
                        "device": event.device,
                        "device_reason": chosen.reason,
                        "parameters": event.parameters,
                        "dataset": digits.counts(),
                        "clean": to_png(event.clean_nhw),
                        "input": to_png(event.input_nhw),
                    }
                )
            case Snapshot():
                log.append(
                    {"event": "snapshot", "step": event.step, "digits": to_png(event.reconstructions_nhw)}
                )
                latest_network.keep_network(store.folder(run_id(run)), pack_network(event.model))
            case BatchDone():
                step = event.step
                if should_stop():
                    log.append(
                        {"event": "stopped", "step": step, "epoch": epoch, "seconds": round(seconds, 3)}
                    )
                    return
                if (
                    time.process_time() - worked > limit_seconds
                ):  # what others keep the processor busy with does not count
                    raise DeadlineError(
                        say(
                            "The training was ended after {seconds:.0f} s, three times as "
                            "long as it should have taken. The machine may be busy: press "
                            "Train to go on from the last finished epoch.",
                            seconds=seconds,
                        )
                    )
                if step % math.ceil(event.steps / CURVE_POINTS) == 0 or step == 1:
                    log.append(
                        {
                            "event": "batch",
                            "step": step,
                            "loss": float(event.loss),
                            "seconds": round(seconds, 3),
                        }
                    )
            case EpochDone():
                epoch = event.epoch
                log.append(
                    {
                        "event": "epoch",
                        "epoch": epoch,
                        "step": step,
                        "train_loss": event.train_loss,
                        "test_squared_error": event.test_squared_error,
                        "train_squared_error": event.train_squared_error,
                        "seconds": round(seconds, 3),
                    }
                )
            case Checkpoint():
                store.keep_checkpoint(run, log, event, seconds)
            case Codes():
                log.append(
                    {"event": "codes", "at": list(event.steps), **pack_codes(event.codes_tnd, event.labels_n)}
                )
            case Finished():
                learnt_from = len(digits.train_bytes_nhw)
                result = {
                    "test": event.test,
                    "train_mse": event.train_mse,
                    "train_seconds": round(seconds, 3),
                    "images_per_second": round(run.training.epochs * learnt_from / seconds, 1),
                    "parameters": parameter_count(event.model),
                    "code_size": run.model.latent_size,
                    "dataset": digits.counts(),
                    "device": device.type,
                    "command": command_line(run),
                    "versions": versions(),
                }
                log.append({"event": "finished", **result})
                store.commit(run, event.model, result)
                latest_network.forget_network(store.folder(run_id(run)))
        yield event


# In a Dask worker


def train_ticket(name: str, number: str, root: str, hung_seconds: float = HUNG_SECONDS) -> None:
    """What Dask runs: train the run called `name` if its ticket still bears this number.

    Everything it has to say is in the store.
    """
    use_one_thread()
    store = Store(Path(root))
    try:
        with store.lock(name).acquire(timeout=LOCK_SECONDS):
            ticket = tickets.find_ticket(store, name)
            if ticket is None or ticket.number != number or ticket.problem:
                return  # stopped, or done, before it began
            began = time.monotonic()
            try:
                if not store.has_own(name):
                    _attempt(ticket, store, hung_seconds)
            except Reschedule:
                raise
            except Exception as problem:
                end_ticket_in_failure(store, ticket, problem)
            # It is finished, whatever becomes of its ticket, which is handed on again, and of the quota.
            else:
                with suppress(LabError):
                    tickets.remove_ticket(store, name, number)
                with suppress(LabError):
                    quota.make_room(store, keep=name)
            finally:
                served.note_served(store, ticket.address, time.monotonic() - began)
    except Timeout as problem:
        raise Reschedule from problem  # a worker of another cluster is at it: look again later


def _attempt(ticket: tickets.Ticket, store: Store, hung_seconds: float) -> None:
    name = ticket.run_id
    if differing := describe_difference(ticket.versions, versions()):
        raise ClusterError(
            say(
                "The worker that took this training has {differing}. Install the same "
                "versions, and press Train again.",
                differing=differing,
            )
        )
    earlier = tickets.count_attempt(store, name, store.last_epoch(ticket.run))
    if len(earlier) > RETRIES:
        raise ClusterError(
            say(
                "The training was begun {count} times and ended each time without a result: "
                "{earlier}. Make room on the machine, or choose a smaller network, and press "
                "Train to go on.",
                count=len(earlier),
                earlier=earlier[-1],
            )
        )
    limit = ticket.run.training.threads * max(DEADLINE_FLOOR, DEADLINE_FACTOR * ticket.expected_seconds)
    wanted = tickets.ticket_folder(store, name) / tickets.TICKET
    try:
        digits = data.select_digits(_all_digits(store.root / "cache"), ticket.run.data)
        with Watchdog(hung_seconds, lambda: _give_up(store, name, hung_seconds)) as watchdog:
            for event in record_training(ticket.run, store, digits, lambda: not wanted.exists(), limit):
                watchdog.alive()
                if isinstance(event, Checkpoint) and _should_give_way(ticket, store):
                    raise Reschedule
    except (MemoryError, RuntimeError) as problem:
        if not _is_out_of_memory(problem) or len(earlier) >= RETRIES:
            raise
        tickets.note_attempt_end(
            store, name, say("out of memory ({first_line})", first_line=first_line(problem))
        )
        raise Reschedule from problem


def _should_give_way(ticket: tickets.Ticket, store: Store) -> bool:
    """Between two epochs: whether a run that comes before this one in the line waits for a worker."""
    line = tickets.tickets_in_line(store)
    ready = {other.run_id for other in tickets.ready_tickets(line, store.is_locked)}
    before = itertools.takewhile(lambda other: other.run_id != ticket.run_id, line)
    return any(other.run_id in ready and not store.is_locked(other.run_id) for other in before)


def _is_out_of_memory(problem: Exception) -> bool:
    return isinstance(problem, MemoryError | torch.OutOfMemoryError) or "allocate" in str(problem)


def _give_up(store: Store, name: str, seconds: float) -> None:
    """End this worker; its nanny starts a new one, and Dask gives it the same run."""
    tickets.note_attempt_end(store, name, say("nothing happened for {seconds:.0f} s", seconds=seconds))
    os._exit(1)


class Watchdog:
    """Calls `on_silence`, from a thread of its own, when nobody has called `alive` for `seconds`."""

    def __init__(self, seconds: float, on_silence: Callable[[], None]) -> None:
        self._seconds = seconds
        self._on_silence = on_silence
        self._last = time.monotonic()
        self._done = threading.Event()

    def __enter__(self) -> Watchdog:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def alive(self) -> None:
        """Something has happened."""
        self._last = time.monotonic()

    def _watch(self) -> None:
        while not self._done.wait(min(1.0, self._seconds / 4)):
            if time.monotonic() - self._last > self._seconds:
                self._on_silence()
                return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()


@lru_cache(maxsize=1)
def _all_digits(cache_dir: Path) -> data.Digits:
    return data.load_digits(cache_dir=cache_dir)


def dask_setup(worker: object) -> None:
    """Called by Dask when a worker starts: import, and read the digits, so that nobody waits for them."""
    use_one_thread()
    versions()  # of the source as it is now, whatever becomes of the files
    with suppress(LabError):  # who asks for a training is told
        _all_digits(default_root() / "cache")
    give_back_freed()
    let_go_of_files(default_root() / "cache")
