"""A process's connection to the scheduler, and what it asks of it: workers, versions, to end."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from distributed import Client
from distributed.security import Security
from distributed.utils import LoopRunner
from tornado.ioloop import IOLoop

from ae_core.errors import ClusterError
from ae_core.runs.store import Store
from ae_core.runs.versions import describe_difference, versions
from ae_core.service import cluster, scheduler
from ae_core.words.sentences import say

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 20
# What ends a process that does not answer; only the second ends one that is stopped. Windows has one of them.
FORCES = (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM))
_clients: dict[str, Client] = {}
_connecting = threading.Lock()
_loops = LoopRunner()


def connect_client(store: Store, wait_seconds: float = CONNECT_SECONDS) -> Client:
    """This process's connection to the scheduler, made when first needed and made again when it broke.

    Starts nothing. Raises ClusterError if nothing answers within `wait_seconds`.
    """
    place = cluster.scheduler_address() or str(store.root)
    with _connecting:
        known = _clients.get(place)
        if known is not None and known.status == "running":
            return known
        if known is not None:
            with suppress(Exception):  # it is of no use any more, however it ends
                known.close(timeout=1)
        _clients[place] = connected = _connect(store, wait_seconds)
        return connected


def _connect(store: Store, wait_seconds: float) -> Client:
    """A client of the scheduler, tried for until it answers.

    A scheduler file may be a dead cluster's for the moment in which a new one starts.
    """
    if (cluster.scheduler_address() or "").startswith("tls://") and not getattr(
        Security(), "tls_client_cert", None
    ):
        raise ClusterError(
            say(
                "The scheduler at {address} speaks TLS, and this lab has no certificate to show. Set Dask's "
                "variables as docs/deploy.md says, and start the lab again.",
                address=cluster.scheduler_address(),
            )
        )
    scheduler_file = cluster.cluster_folder(store) / "scheduler.json"
    deadline = time.monotonic() + wait_seconds
    while True:
        left, failed = max(0.5, deadline - time.monotonic()), False
        try:
            if cluster.scheduler_address():
                return Client(
                    cluster.scheduler_address(),
                    timeout=left,
                    set_as_default=False,
                    name="autoencoder-lab",
                    loop=_loop(),
                )
            if cluster.is_cluster_running(store) and scheduler_file.exists():
                security = scheduler.tls_security(cluster.cluster_folder(store) / cluster.KEY)
                return Client(
                    scheduler_file=str(scheduler_file),
                    security=security,
                    timeout=min(left, 5),
                    set_as_default=False,
                    loop=_loop(),
                )
        except Exception as problem:  # whatever listens there, it is no scheduler that we can talk to
            logger.debug("no connection", exc_info=problem)
            failed = True
        if failed:
            # What is left of a client that came to nothing takes a lock of Dask's when it goes. Were it found
            # while the next one begins, under that lock, that would wait for itself for ever.
            gc.collect()
        if time.monotonic() > deadline:
            raise ClusterError(_no_answer(store))
        time.sleep(0.05)


def _loop() -> IOLoop:
    """One event loop for all connections, in a thread of its own.

    Dask makes one for each, and leaves it behind when nothing answers.
    """
    if not _loops.is_started():
        _loops.start()
    loop: IOLoop = _loops.loop
    return loop


def _no_answer(store: Store) -> str:
    if cluster.scheduler_address():
        return say(
            "The scheduler at {scheduler_address} does not answer. Check "
            "AE_LAB_SCHEDULER and that it runs; what was asked for waits and starts by "
            "itself when it is back.",
            scheduler_address=cluster.scheduler_address(),
        )
    log = cluster.cluster_folder(store) / cluster.LOG
    return say(
        "The training process does not answer (its log is {log}). Wait a moment and try again.", log=log
    )


def check_versions(connected: Client) -> None:
    """Raise ClusterError, with worker and package, unless every worker runs what this process runs."""
    for worker, found in connected.run(versions, on_error="return").items():
        if isinstance(found, Exception):
            raise ClusterError(
                say(
                    "The worker {worker} cannot import the lab ({found}). Install "
                    "requirements.txt and ae_core there.",
                    worker=worker,
                    found=found,
                )
            )
        if differing := describe_difference(versions(), found):
            raise ClusterError(
                say(
                    "The worker {worker} has {differing}. Install the same versions there, then restart it.",
                    worker=worker,
                    differing=differing,
                )
            )


def shut_down_cluster(store: Store) -> None:
    """End the local cluster, by force if it does not answer."""
    if not cluster.is_cluster_running(store):
        return
    with suppress(ClusterError, OSError, TimeoutError):
        connect_client(store, wait_seconds=5).shutdown()
    _wait_until_over(store, 2 * cluster.CLOSE_SECONDS)
    for force in FORCES:
        if cluster.is_cluster_running(store):  # the lock is held, so this is its number and nobody else's
            with suppress(OSError, KeyError):
                os.kill(cluster.read_process(store)["pid"], force)
            _wait_until_over(store, cluster.CLOSE_SECONDS)


def _wait_until_over(store: Store, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while cluster.is_cluster_running(store) and time.monotonic() < deadline:
        time.sleep(0.05)


@dataclass(frozen=True)
class Worker:
    """A worker: its address, the number of its process, and the bytes of memory that one takes."""

    address: str
    pid: int
    memory_bytes: int


def list_workers(store: Store) -> list[Worker]:
    """The workers at the moment. Raises ClusterError if no scheduler answers."""
    connected = connect_client(store, wait_seconds=5)
    memory = {
        name: fields["metrics"]["memory"] for name, fields in connected.scheduler_info()["workers"].items()
    }
    return [Worker(name, pid, memory.get(name, 0)) for name, pid in sorted(connected.run(os.getpid).items())]
