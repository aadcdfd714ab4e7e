"""Trainings that outlive the page that asked for them: submit, follow, stop.

What is wanted lies in the store as tickets, and what happens is in each run's log; Dask does the work. So whatever
dies, the app, a worker or the scheduler, nothing is forgotten: tickets are handed to Dask again.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distributed import Client, Future, fire_and_forget
from distributed.scheduler import KilledWorker

from ae_core.config import TRAIN_DIGITS, RunConfig, run_id
from ae_core.errors import ClusterError, LabError, QueueFullError
from ae_core.runs import history, housekeeping, tickets
from ae_core.runs.store import Store
from ae_core.runs.tickets import Ticket
from ae_core.runs.versions import difference, versions
from ae_core.service import cluster, worker

TEND_SECONDS = 0.1
RETRY_SECONDS = 2.0
CALL_SECONDS = 10.0
ANSWER_SECONDS = 5.0
STOP_SECONDS = 5.0
# How long a training takes where nothing like it was ever measured here: a guess on the safe side, for one digit once.
UNMEASURED_SECONDS_PER_DIGIT = 4e-3
# To read the digits and measure the finished network.
OVERHEAD_SECONDS = 5.0

_OTHER_VERSION = (
    "This training was asked for by another version of the lab: the training process has {}. "
    "End that with `python -m ae_core cluster stop` and press Train again."
)

logger = logging.getLogger(__name__)


# What a visitor does


def submit(run: RunConfig, store: Store, data_dir: Path | None = None, visitor: str = "somebody") -> str:
    """Ask for `run` to be trained, unless it is finished, and return its id without waiting.

    Equal runs are one training, however many visitors ask. A stopped or failed one goes on after its last epoch.
    Raises QueueFullError when this visitor has enough under way or the line is full, StoreError if the store cannot be written.
    """
    name = run_id(run)
    if not store.has_own(name):
        housekeeping.make_room(store, keep=name)
        try:
            tickets.ask(store, run, data_dir, visitor, expected_seconds(run, store))
        except QueueFullError as problem:
            raise QueueFullError(
                f"{problem} The first should be done in about {_first_done(store, visitor):.0f} s."
            ) from problem
        tend(store)
    return name


def _first_done(store: Store, visitor: str) -> float:
    """Seconds until the first of this visitor's runs should be finished, or of all runs for who has none."""
    begins = line(store)
    known = [ticket for ticket in tickets.line(store) if ticket.run_id in begins]
    mine = [ticket for ticket in known if visitor in ticket.owners]
    return min(
        (begins[ticket.run_id].start_seconds + _seconds_left(ticket, store) for ticket in mine or known),
        default=0.0,
    )


def stop(name: str, store: Store, visitor: str = "somebody") -> bool:
    """`visitor` wants the run no more. It stops after the batch at hand, if nobody else wants it or watches it.

    Returns whether it stops. What it has learnt is kept, and `submit` goes on from its last epoch.
    """
    return tickets.withdraw(store, name, visitor)


# How long it takes


def expected_seconds(run: RunConfig, store: Store) -> float:
    """How long the training of `run` should take, from the measured seconds of the finished run most like it.

    A smaller batch costs more steps, so seconds per digit are scaled up as if a step cost the same at any size.
    """
    digits = run.training.epochs * TRAIN_DIGITS[run.data.name]
    finished, _ = store.runs()
    alike = [other for other in finished if other.config.model.kind == run.model.kind]
    if not alike:
        return OVERHEAD_SECONDS + digits * UNMEASURED_SECONDS_PER_DIGIT
    measured = min(alike, key=lambda other: (_distance(run, other.config), other.shipped))
    per_digit = (
        measured.result["train_seconds"]
        / measured.config.training.epochs
        / measured.result["dataset"]["train"]
    )
    slower = max(1.0, measured.config.training.batch_size / run.training.batch_size)
    return float(OVERHEAD_SECONDS + digits * per_digit * slower)


def _distance(run: RunConfig, other: RunConfig) -> tuple[float, ...]:
    """How unlike two runs are in what decides their pace: layers first, then batch size, then the code."""
    layers = (run.model.hidden_sizes, run.model.channels, run.model.activation)
    others = (other.model.hidden_sizes, other.model.channels, other.model.activation)
    batches = abs(math.log2(run.training.batch_size / other.training.batch_size))
    return (float(layers != others), batches, abs(math.log2(run.model.latent_size / other.model.latent_size)))


def line(store: Store) -> dict[str, tickets.Forecast]:
    """Every run in the line, by run id, with its place and when it should begin."""
    waiting = tickets.line(store)
    left = {
        ticket.run_id: _seconds_left(ticket, store) for ticket in waiting if store.is_locked(ticket.run_id)
    }
    tender = _tenders.get((store.root, cluster.address()))
    return tickets.forecast(waiting, left, tender.workers if tender else cluster.local_workers(store))


def _seconds_left(ticket: Ticket, store: Store) -> float:
    left = history.read_progress(ticket.run_id, store).seconds_left
    return ticket.expected_seconds if left is None else left


# Handing tickets to Dask


class Tender:
    """Sees to it, in a thread of its own, that what is in the line is being trained.

    problem: why it is not, in words for the visitor; empty if it is.
    """

    def __init__(self, store: Store) -> None:
        self.problem = ""
        self._store = store
        self._dispatcher = Dispatcher(store)
        threading.Thread(target=self._tend, name="tender", daemon=True).start()

    @property
    def workers(self) -> int:
        """How many trainings can go on at once, as far as is known."""
        return self._dispatcher.workers or 1 if cluster.address() else cluster.local_workers(self._store)

    def _tend(self) -> None:
        while True:
            began = time.monotonic()
            try:
                if tickets.line(self._store):
                    if cluster.address():
                        self._dispatcher.hand_on()
                    else:
                        cluster.ensure_started(self._store)
                self.problem = ""
            except LabError as problem:
                self.problem = str(problem)
            except Exception as problem:
                logger.exception("tending failed")
                self.problem = f"Trainings cannot be handed on ({type(problem).__name__}). What was asked for waits; wait a moment."
            time.sleep(_pause(began) if not self.problem else RETRY_SECONDS)


_tenders: dict[tuple[Path, str | None], Tender] = {}
_making = threading.Lock()


def tend(store: Store) -> Tender:
    """As long as this process lives, see to it that what is in the line gets trained, whoever asked for it."""
    with _making:
        key = store.root, cluster.address()
        if key not in _tenders:
            _tenders[key] = Tender(store)
        return _tenders[key]


def bring_work(store: Store, is_over: Callable[[], bool]) -> None:
    """Beside the local cluster, as long as it lives: hand its scheduler whatever is in the line."""
    dispatcher = Dispatcher(store)
    while not is_over():
        began = time.monotonic()
        cluster.bound_log(store)
        try:
            dispatcher.hand_on()
        except Exception:
            if not is_over():
                logger.exception("tickets could not be handed on")
            time.sleep(RETRY_SECONDS)
        time.sleep(_pause(began))


def _pause(began: float) -> float:
    """Seconds until the next look at the line, after one that began then: a long line takes a tenth of a core's time at most."""
    return max(TEND_SECONDS, 9 * (time.monotonic() - began))


class Dispatcher:
    """Hands tickets to Dask, and hands them on again when Dask has lost them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._client: Client | None = None
        self._workers: set[str] = set()
        self._futures: dict[str, Future[None]] = {}
        self._submitted: dict[str, float] = {}

    @property
    def workers(self) -> int:
        """How many the scheduler had when it was last asked."""
        return len(self._workers)

    def hand_on(self) -> None:
        """Submit every ticket that may be trained now. Dask runs a key once, however many processes submit it.

        Raises ClusterError when no scheduler answers, or when a worker runs other versions than this process.
        """
        line = tickets.line(self._store)
        if line:
            self._connect()
        in_line = {_key(ticket) for ticket in line}
        for key in self._futures.keys() - in_line:
            del self._futures[key]
        for ticket in tickets.ready(line, self._store.is_locked):
            if differing := difference(ticket.versions, versions()):
                self._end_in_failure(ticket, ClusterError(_OTHER_VERSION.format(differing)))
                continue
            if self._is_with_dask(ticket):
                continue
            if time.monotonic() - self._submitted.get(_key(ticket), -math.inf) > RETRY_SECONDS:
                self._submit(ticket)
        if cluster.address() and not self._workers:
            raise ClusterError(
                f"The scheduler at {cluster.address()} has no workers. Start one as docs/deploy.md says; "
                "what was asked for waits until then."
            )

    def _connect(self) -> None:
        client = cluster.client(self._store, ANSWER_SECONDS)
        if client is not self._client:  # what the old one held is unknown to a new scheduler
            self._client, self._workers = client, set()
            self._futures.clear()
            self._submitted.clear()
        workers = set(client.scheduler_info()["workers"])
        if not workers <= self._workers:
            cluster.check_versions(client)
        self._workers = workers

    def _is_with_dask(self, ticket: Ticket) -> bool:
        future = self._futures.get(_key(ticket))
        if future is None:
            return False
        if future.status == "pending":
            return True
        del self._futures[_key(ticket)]
        if future.status == "error":
            problem = future.exception(timeout=CALL_SECONDS)
            if isinstance(problem, KilledWorker):
                future.cancel(
                    force=True
                )  # else Dask keeps it as failed: nobody fetches what is fired and forgotten
            else:
                logger.error("%s could not be run: %r", ticket.run_id, problem)
                self._end_in_failure(
                    ticket, ClusterError(f"No worker could take the training ({problem}). See its log.")
                )
        return False

    def _end_in_failure(self, ticket: Ticket, problem: ClusterError) -> None:
        """Unless a worker, of another version or of another cluster, has the run in hand: it writes the log, and sees to the ticket."""
        if not self._store.is_locked(ticket.run_id):
            worker.end_in_failure(self._store, ticket, problem)

    def _submit(self, ticket: Ticket) -> None:
        assert self._client is not None
        key = _key(ticket)
        future = self._client.submit(
            _by_value(), ticket.run_id, ticket.number, str(self._store.root.resolve()),
            key=key, pure=False, priority=-ticket.rank,
        )  # fmt: skip
        fire_and_forget(future)
        self._futures[key], self._submitted[key] = future, time.monotonic()


def _key(ticket: Ticket) -> str:
    return f"train-{ticket.run_id}-{ticket.number}"


def _by_value() -> Callable[..., None]:
    """What is sent to Dask: a function that names nothing of ours until it runs, so that the scheduler need not know us."""

    def train(*arguments: Any) -> None:
        from ae_core.service.worker import train_ticket

        train_ticket(*arguments)

    return train


# The local cluster as a whole


def be_cluster(store: Store, idle_seconds: float, workers: int) -> bool:
    """Be the store's local cluster until it has been idle for a while; False, at once, if there is one already."""
    return cluster.run(store, idle_seconds, workers, bring_work)


def stop_cluster(store: Store) -> list[str]:
    """Stop every training in the line, whoever wants it, and end the local cluster. Gives back the runs that were stopped."""
    stopped = [ticket.run_id for ticket in tickets.line(store)]
    for name in stopped:
        tickets.close(store, name)
    deadline = time.monotonic() + STOP_SECONDS
    while any(store.is_locked(name) for name in stopped) and time.monotonic() < deadline:
        time.sleep(0.05)
    cluster.shut_down(store)
    return stopped
