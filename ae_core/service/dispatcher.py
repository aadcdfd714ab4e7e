"""Tickets handed to Dask, and handed on again when Dask has lost them."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from distributed import Client, Future, fire_and_forget
from distributed.scheduler import KilledWorker

from ae_core.errors import ClusterError, LabError
from ae_core.runs import served, tickets
from ae_core.runs.store import Store
from ae_core.runs.tickets import Ticket
from ae_core.runs.versions import describe_difference, versions
from ae_core.service import cluster, connection, failures
from ae_core.service.dispatch import NOT_HANDED_ON, RETRY_SECONDS, pause_after
from ae_core.words.sentences import say

CALL_SECONDS = 10.0
ANSWER_SECONDS = 5.0
# More than two ranks in the line differ by, in seconds.
PRIORITY_STEP = 1e5
# With Dask at once, for each worker.
OF_ONE_ADDRESS = 2
_OTHER_VERSION = say(
    "This training was asked for by another version of the lab: the training process has "
    "{}. End that with `python -m ae_core cluster stop` and press Train again."
)
logger = logging.getLogger(__name__)


def dispatch_until(store: Store, is_over: Callable[[], bool]) -> None:
    """Beside the local cluster, as long as it lives: hand its scheduler whatever is in the line."""
    dispatcher, is_well = Dispatcher(store), True
    while not is_over():
        began = time.monotonic()
        cluster.limit_log(store)
        cluster.note_alive(store)
        try:
            dispatcher.submit_ready_tickets()
            if not is_well:
                cluster.write_problem(store, "")
            is_well = True
        except Exception as problem:
            is_well = False
            if not is_over():
                logger.exception("tickets could not be handed on")
                is_told = isinstance(problem, LabError)
                words = str(problem) if is_told else NOT_HANDED_ON.format(type(problem).__name__)
                cluster.write_problem(store, words)
        _wait(store, pause_after(began) if is_well else RETRY_SECONDS, is_over)


def _wait(store: Store, seconds: float, is_over: Callable[[], bool]) -> None:
    """Wait for so long, or until it is over, and note all the while that the process is at work."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not is_over():
        cluster.note_alive(store)
        time.sleep(min(left, cluster.ALIVE_SECONDS / 2))


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

    def submit_ready_tickets(self) -> None:
        """Submit every ticket that may be trained now.

        Dask runs a key once, however many processes submit it.

        Raises ClusterError when no scheduler answers, or when a worker runs other versions than this process.
        """
        line = tickets.tickets_in_line(self._store)
        if line:
            self._connect()
        in_line = {_task_key(ticket) for ticket in line}
        for key in self._futures.keys() - in_line:
            del self._futures[key]
        for ticket in self._next_tickets(line):
            if differing := describe_difference(ticket.versions, versions()):
                self._end_in_failure(ticket, ClusterError(_OTHER_VERSION.format(differing)))
                continue
            if self._is_with_dask(ticket):
                continue
            if time.monotonic() - self._submitted.get(_task_key(ticket), -math.inf) > RETRY_SECONDS:
                self._submit(ticket)
        if cluster.scheduler_address() and not self._workers:
            raise ClusterError(
                say(
                    "The scheduler at {address} has no workers. Start one as docs/deploy.md says; what was "
                    "asked for waits until then.",
                    address=cluster.scheduler_address(),
                )
            )

    def _next_tickets(self, line: Sequence[Ticket]) -> list[Ticket]:
        """The tickets that may be trained now, of one address a few only: who asks later may come earlier."""
        most, given = OF_ONE_ADDRESS * max(1, len(self._workers)), Counter[str]()
        chosen = []
        for ticket in tickets.ready_tickets(line, self._store.is_locked):
            given[ticket.address] += 1
            if not ticket.address or given[ticket.address] <= most:
                chosen.append(ticket)
        return chosen

    def _connect(self) -> None:
        client = connection.connect_client(self._store, ANSWER_SECONDS)
        if client is not self._client:  # what the old one held is unknown to a new scheduler
            self._client, self._workers = client, set()
            self._futures.clear()
            self._submitted.clear()
        workers = set(client.scheduler_info()["workers"])
        # The local cluster's own are copies of its process, whatever has become of the files since.
        if cluster.scheduler_address() and not workers <= self._workers:
            connection.check_versions(client)
        self._workers = workers

    def _is_with_dask(self, ticket: Ticket) -> bool:
        future = self._futures.get(_task_key(ticket))
        if future is None:
            return False
        if future.status == "pending":
            return True
        del self._futures[_task_key(ticket)]
        if future.status == "error":
            problem = future.exception(timeout=CALL_SECONDS)
            if isinstance(problem, KilledWorker):
                # else Dask keeps it as failed: nobody fetches what is fired and forgotten
                future.cancel(force=True)
            else:
                logger.error("%s could not be run: %r", ticket.run_id, problem)
                self._end_in_failure(
                    ticket,
                    ClusterError(
                        say("No worker could take the training ({problem}). See its log.", problem=problem)
                    ),
                )
        return False

    def _end_in_failure(self, ticket: Ticket, problem: ClusterError) -> None:
        """End the ticket's run in this failure, unless a worker has the run in hand.

        One of another version or of another cluster may: it writes the log, and sees to the ticket.
        """
        if not self._store.is_locked(ticket.run_id):
            failures.end_ticket_in_failure(self._store, ticket, problem)

    def _submit(self, ticket: Ticket) -> None:
        assert self._client is not None
        key = _task_key(ticket)
        future = self._client.submit(
            _function_by_value(),
            ticket.run_id,
            ticket.number,
            str(self._store.root.resolve()),
            key=key,
            pure=False,
            priority=-ticket.rank - PRIORITY_STEP * served.steps_served(self._store, ticket.address),
        )
        fire_and_forget(future)
        self._futures[key], self._submitted[key] = future, time.monotonic()


def _task_key(ticket: Ticket) -> str:
    return f"train-{ticket.run_id}-{ticket.number}"


def _function_by_value() -> Callable[..., None]:
    """What is sent to Dask: a function that names nothing of ours until it runs.

    So the scheduler need not know us.
    """

    def train(*arguments: Any) -> None:
        from ae_core.service.worker import train_ticket

        train_ticket(*arguments)

    return train
