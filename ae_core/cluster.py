"""The local cluster: a process of its own that trains, so that neither a page nor a crash of the app can stop it.

It is a Dask scheduler with its workers, listening on this machine only, found through a file in the store.
It ends itself when nothing has been trained for a while. One store has at most one.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from distributed import Client, Nanny, Scheduler
from filelock import FileLock, Timeout

from ae_core.errors import ClusterError
from ae_core.store import Store, is_held

IDLE_SECONDS = 1800
CONNECT_SECONDS = 20
CLOSE_SECONDS = 5
PROJECT = Path(__file__).resolve().parents[1]


# Held so that the system may forget an ended process when a new one is started.
_started: dict[Path, subprocess.Popen[bytes]] = {}


def folder(store: Store) -> Path:
    """Where the cluster of this store keeps its lock, its address and its log."""
    return store.root / "cluster"


def is_running(store: Store) -> bool:
    """Whether the store's local cluster is alive."""
    return is_held(folder(store) / "lock")


def ensure_started(store: Store) -> None:
    """Start the local cluster unless it is alive, without waiting for it. Raises StoreError or ClusterError."""
    if os.environ.get("AE_LAB_SCHEDULER") or is_running(store):
        return
    store.check_writable()
    folder(store).mkdir(exist_ok=True)
    path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    with (folder(store) / "log.txt").open("ab") as log:
        try:
            _started[store.root] = subprocess.Popen(
                [sys.executable, "-m", "ae_core", "cluster", "--store", str(store.root)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
            )  # fmt: skip
        except OSError as problem:
            raise ClusterError(
                f"The training process could not be started ({problem.strerror}). Close other programs and try again."
            ) from problem


def run(store: Store, idle_seconds: float = IDLE_SECONDS) -> None:
    """Be the local cluster, until nothing has been trained for `idle_seconds`. Returns at once if there is one."""
    store.check_writable()
    folder(store).mkdir(exist_ok=True)
    try:
        with FileLock(folder(store) / "lock", timeout=0):
            asyncio.run(_serve(folder(store) / "scheduler.json", idle_seconds))
    except Timeout:
        return


async def _serve(scheduler_file: Path, idle_seconds: float) -> None:
    scheduler_file.unlink(missing_ok=True)
    if hasattr(os, "nice"):
        os.nice(10)  # sliders first
    async with Scheduler(
        host="127.0.0.1", port=0, dashboard=False, scheduler_file=str(scheduler_file), idle_timeout=idle_seconds
    ) as scheduler:
        # One worker a core, less one for the app; each trains one run at a time.
        workers = [
            Nanny(scheduler.address, nthreads=1, preload=["ae_core.jobs"], memory_limit=0, host="127.0.0.1", dashboard=False)
            for _ in range(max(1, (os.cpu_count() or 1) - 1))
        ]
        starting = asyncio.gather(*workers)
        await scheduler.finished()
        scheduler_file.unlink(missing_ok=True)
        starting.cancel()
        # A worker that does not answer any more is a daemon of this process and ends with it.
        await asyncio.wait([asyncio.create_task(worker.close(timeout=2)) for worker in workers], timeout=CLOSE_SECONDS)


def is_reachable(store: Store) -> bool:
    """Whether submitted work still has somebody to do it: the local cluster, or the scheduler we are connected to."""
    address = os.environ.get("AE_LAB_SCHEDULER")
    if not address:
        return is_running(store)
    known = _clients.get(address)
    return known is None or known.status == "running"


_clients: dict[str, Client] = {}
_connecting = threading.Lock()


def client(store: Store) -> Client:
    """This process's connection to the scheduler, made when first needed and made again when it broke.

    Raises ClusterError if nothing answers within 20 s.
    """
    address = os.environ.get("AE_LAB_SCHEDULER")
    with _connecting:
        known = _clients.get(address or str(store.root))
        if known is not None and known.status == "running":
            return known
        ensure_started(store)
        _clients[address or str(store.root)] = connected = _connect(store, address)
        return connected


def _connect(store: Store, address: str | None) -> Client:
    """A scheduler file may be a dead cluster's for the moment in which a new one starts, so try until it answers."""
    scheduler_file = folder(store) / "scheduler.json"
    deadline = time.monotonic() + CONNECT_SECONDS
    while time.monotonic() < deadline:
        try:
            if address:
                return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
            if is_running(store) and scheduler_file.exists():
                return Client(scheduler_file=str(scheduler_file), timeout=2, set_as_default=False)
        except (OSError, TimeoutError, ValueError):
            pass
        time.sleep(0.05)
    place = f"at {address}" if address else f"(its log is {folder(store) / 'log.txt'})"
    raise ClusterError(f"The training process {place} does not answer. Wait a moment and press Train again.")
