"""Trainings that outlive the page that asked for them: submit, follow, stop.

What is wanted lies in the store as tickets, and what happens is in each run's log; Dask does the work. So
whatever dies, the app, a worker or the scheduler, nothing is forgotten: tickets are handed to Dask again.
"""

from __future__ import annotations

import math
import time

from ae_core.config import ALL_DIGITS, RunConfig, run_id
from ae_core.errors import QueueFullError
from ae_core.pictures.places import Asker
from ae_core.runs import history, ownership, quota, tickets
from ae_core.runs.log_events import MOST_SECONDS, is_count, is_number
from ae_core.runs.run_folder import StoredRun
from ae_core.runs.store import Store
from ae_core.runs.tickets import Ticket
from ae_core.service import dispatch
from ae_core.words.durations import duration_words
from ae_core.words.sentences import say

STOP_SECONDS = 5.0
# How long a training takes where nothing like it was ever measured here: a guess on the safe side, for one
# digit once.
UNMEASURED_SECONDS_PER_DIGIT = 4e-3
# Of those refused: sooner, nobody has seen the page and pressed again.
LEAST_WAIT_SECONDS = 5
# Beside its steps: to begin, to measure the finished network, and to have it on the page.
OVERHEAD_SECONDS = 1.5
# At the end of each pass: errors on 1,000 digits, and what a training that is broken off goes on from.
EPOCH_SECONDS = 0.02


# What a visitor does


def submit_training(run: RunConfig, store: Store, visitor: str = "somebody", address: str = "") -> str:
    """Ask for `run` to be trained, unless it is finished, and return its id without waiting.

    Equal runs are one training, however many visitors ask. A stopped or failed one goes on after its last
    epoch. Raises QueueFullError when this visitor has enough under way or the line is full, StoreError if the
    store cannot be written.
    """
    name = run_id(run)
    if not store.has_own(name):
        quota.make_room(store, keep=name)
        try:
            tickets.submit_ticket(store, run, visitor, expected_seconds(run, store), address)
        except QueueFullError as problem:
            seconds = max(LEAST_WAIT_SECONDS, math.ceil(_first_done(store, visitor)))
            raise QueueFullError(
                say(
                    "{problem} The first should be done in about {time}.",
                    problem=problem,
                    time=duration_words(seconds),
                )
            ) from problem
        ownership.note_owner(store, name, Asker(address, visitor))
        dispatch.keep_dispatching(store)
    return name


def _first_done(store: Store, visitor: str) -> float:
    """Seconds until the first of this visitor's runs should be finished, or of all runs for who has none."""
    begins = forecast_line(store)
    known = [ticket for ticket in tickets.tickets_in_line(store) if ticket.run_id in begins]
    mine = [ticket for ticket in known if visitor in ticket.owners]
    return min(
        (begins[ticket.run_id].start_seconds + _seconds_left(ticket, store) for ticket in mine or known),
        default=0.0,
    )


def stop_training(name: str, store: Store, visitor: str = "somebody") -> bool:
    """`visitor` wants the run no more.

    It stops after the batch at hand, if nobody else wants it or watches it.

    Returns whether it stops. What it has learnt is kept, and `submit_training` goes on from its last epoch.
    """
    return tickets.withdraw_owner(store, name, visitor)


# How long it takes


def expected_seconds(run: RunConfig, store: Store) -> float:
    """How long the training of `run` should take, from the measured seconds of the finished run most like it.

    A smaller batch costs more steps, so seconds per digit are scaled up as if a step cost the same at any
    size.
    """
    digits = run.training.epochs * run.data.count
    besides = OVERHEAD_SECONDS + run.training.epochs * EPOCH_SECONDS
    # What ships is in memory: every page with a Train button asks this in each of its runs.
    finished = [*store.runs(shipped=False)[0], *store.shipped()[0]]
    alike = [
        other for other in finished if other.config.model.kind == run.model.kind and _seconds_per_digit(other)
    ]
    if not alike:
        return besides + digits * UNMEASURED_SECONDS_PER_DIGIT
    # The quickest of those most like it: others may have had the machine to share.
    nearest = min((_distance(run, other.config), other.shipped) for other in alike)
    measured = [other for other in alike if (_distance(run, other.config), other.shipped) == nearest]
    slower = max(1.0, measured[0].config.training.batch_size / run.training.batch_size)
    return float(besides + digits * min(map(_seconds_per_digit, measured)) * slower)


def _seconds_per_digit(run: StoredRun) -> float:
    """Of training, each time that a digit was learnt from; 0 where what the run tells cannot be."""
    try:
        seconds, count = run.result["train_seconds"], run.result["dataset"]["train"]
        if not (is_number(0.0, MOST_SECONDS)(seconds) and is_count(1, ALL_DIGITS)(count)):
            return 0.0
        return float(seconds / run.config.training.epochs / count)
    except (KeyError, TypeError):
        return 0.0


def _distance(run: RunConfig, other: RunConfig) -> tuple[float, ...]:
    """How unlike two runs are in what decides their pace: layers first, then digits a pass, then batch size.

    The code's size hardly does. A pass over a tenth of the digits takes longer for each of them: the end of
    a pass has its own work.
    """
    layers = (run.model.hidden_sizes, run.model.channels, run.model.activation)
    others = (other.model.hidden_sizes, other.model.channels, other.model.activation)
    batches = abs(math.log2(run.training.batch_size / other.training.batch_size))
    has_short_passes = other.data.count < run.data.count / 10
    return float(layers != others), float(has_short_passes), batches


def forecast_line(store: Store) -> dict[str, tickets.Forecast]:
    """Every run in the line, by run id, with its place and when it should begin."""
    waiting = tickets.tickets_in_line(store)
    left = {
        ticket.run_id: _seconds_left(ticket, store) for ticket in waiting if store.is_locked(ticket.run_id)
    }
    return tickets.forecast_starts(waiting, left, dispatch.concurrent_trainings(store))


def _seconds_left(ticket: Ticket, store: Store) -> float:
    left = history.read_progress(ticket.run_id, store).seconds_left
    return ticket.expected_seconds if left is None else left


def serve_cluster(store: Store, idle_seconds: float, workers: int) -> bool:
    """Be the store's local cluster until it has been idle for a while.

    False, at once, if there is one already.
    """
    from ae_core.service import dispatcher, scheduler

    return scheduler.serve_until_idle(store, idle_seconds, workers, dispatcher.dispatch_until)


def stop_cluster(store: Store) -> list[str]:
    """Stop every training in the line, whoever wants it, and end the local cluster.

    Gives back the runs that were stopped.
    """
    stopped = [ticket.run_id for ticket in tickets.tickets_in_line(store)]
    for name in stopped:
        tickets.remove_ticket(store, name)
    deadline = time.monotonic() + STOP_SECONDS
    while any(store.is_locked(name) for name in stopped) and time.monotonic() < deadline:
        time.sleep(0.05)
    from ae_core.service import connection

    connection.shut_down_cluster(store)
    return stopped
