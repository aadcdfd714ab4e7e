"""Tickets handed to Dask: whatever is in the line is submitted, and submitted again when Dask has lost it.

Either a thread of a process that wants trainings does it, for a scheduler elsewhere, or one beside the local
cluster.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ae_core.errors import LabError
from ae_core.runs import tickets
from ae_core.runs.store import Store
from ae_core.service import cluster
from ae_core.words.sentences import say

if TYPE_CHECKING:
    from ae_core.service.dispatcher import Dispatcher

DISPATCH_SECONDS = 0.1
RETRY_SECONDS = 2.0
NOT_HANDED_ON = say("Trainings cannot be handed on ({}). What was asked for waits; wait a moment.")
logger = logging.getLogger(__name__)


class DispatchThread:
    """Sees to it, in a thread of its own, that what is in the line is being trained.

    problem: why it is not, in words for the visitor; empty if it is.
    """

    def __init__(self, store: Store) -> None:
        self.problem = ""
        self._store = store
        self._dispatcher: Dispatcher | None = None
        threading.Thread(target=self._run, name="dispatch", daemon=True).start()

    @property
    def workers(self) -> int:
        """How many trainings can go on at once, as far as is known."""
        return (
            (self._dispatcher and self._dispatcher.workers) or 1
            if cluster.scheduler_address()
            else cluster.local_workers(self._store)
        )

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                problem = ""
                if tickets.tickets_in_line(self._store):
                    if cluster.scheduler_address():
                        self._reach_scheduler().submit_ready_tickets()
                    else:
                        cluster.ensure_cluster_started(self._store)
                        problem = cluster.read_problem(self._store)
                self.problem = problem
            except LabError as problem:
                self.problem = str(problem)
            except Exception as problem:
                logger.exception("dispatching failed")
                self.problem = NOT_HANDED_ON.format(type(problem).__name__)
            time.sleep(pause_after(began) if not self.problem else RETRY_SECONDS)

    def _reach_scheduler(self) -> Dispatcher:
        """What speaks with a scheduler elsewhere. Dask is imported for that alone: it takes 20 MB."""
        if self._dispatcher is None:
            from ae_core.service.dispatcher import Dispatcher

            self._dispatcher = Dispatcher(self._store)
        return self._dispatcher


_threads: dict[tuple[Path, str | None], DispatchThread] = {}
_making = threading.Lock()


def keep_dispatching(store: Store) -> DispatchThread:
    """The thread that has what is in the line trained as long as this process lives, whoever wants it."""
    with _making:
        key = store.root, cluster.scheduler_address()
        if key not in _threads:
            _threads[key] = DispatchThread(store)
        return _threads[key]


def pause_after(began: float) -> float:
    """Seconds until the next look at the line, after one that began then.

    A long line takes a tenth of a core's time at most.
    """
    return max(DISPATCH_SECONDS, 9 * (time.monotonic() - began))


def concurrent_trainings(store: Store) -> int:
    """How many trainings can go on at once, as far as this process knows."""
    thread = _threads.get((store.root, cluster.scheduler_address()))
    return thread.workers if thread else cluster.local_workers(store)
