"""The local cluster itself: a Dask scheduler and its workers, alive until nothing was trained for a while.

The app, which only looks after it, imports nothing of this: Dask takes 20 MB in each process.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dask
from distributed import Nanny, Scheduler
from distributed.security import Security
from distributed.utils import get_mp_context
from distributed.versions import optional_packages
from filelock import FileLock, Timeout

from ae_core.runs.store import Store
from ae_core.runs.versions import versions
from ae_core.service import cluster

LOCK_SECONDS = 1
NICENESS = 5
ROLES = [f"tls_{role}_{part}" for role in ("client", "scheduler", "worker") for part in ("cert", "key")]
Companion = Callable[[Store, Callable[[], bool]], None]

# Dask's web pages ask nobody who they are: none of them, only "I am alive".
HTTP_ROUTES = ["distributed.http.health"]
# Where the local cluster differs from Dask's defaults; a user's own DASK_ settings still win.
SETTINGS = {
    "distributed": {
        "scheduler": {
            # ae_core.service.worker counts them, and begins anew with every epoch that is done.
            "allowed-failures": 1_000_000,
            "worker-ttl": "60s",  # a worker that does not answer for so long is ended, and started anew
            "http": {"routes": HTTP_ROUTES},
        },
        "worker": {
            # A new worker is a copy of a process that has imported torch already: it is there in a second,
            # not in ten.
            "multiprocessing-method": "forkserver",
            "http": {"routes": HTTP_ROUTES},
            "profile": {"enabled": False},  # it looks at a worker a hundred times a second
        },
        # Dask has its workers give back memory after every batch, and a training asks for it again in the
        # next: twice the time.
        "nanny": {"pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": None}},
        "admin": {"tick": {"interval": "500ms"}},
    }
}


def serve_until_idle(store: Store, idle: float, workers: int, companion: Companion) -> bool:
    """Be the local cluster until nothing has been trained for `idle` seconds.

    False, at once, if there is one already.

    `companion(store, is_over)` runs beside it in a thread, until `is_over()`: it brings the work.
    """
    cluster.make_folder(store)
    try:
        with FileLock(cluster.cluster_folder(store) / "lock", timeout=LOCK_SECONDS):
            cluster.note_alive(store)  # what an earlier one wrote is old, and would tell that this one hangs
            asyncio.run(_serve(store, idle, workers, companion))
            return True
    except Timeout:
        return False


async def _serve(store: Store, idle: float, workers: int, companion: Companion) -> None:
    process = {"pid": os.getpid(), "workers": workers}
    (cluster.cluster_folder(store) / cluster.PROCESS).write_text(json.dumps(process))
    scheduler_file = cluster.cluster_folder(store) / "scheduler.json"
    scheduler_file.unlink(missing_ok=True)
    _give_way()
    dask.config.update_defaults(SETTINGS)
    with suppress(ValueError):  # Dask imports what it tells versions of: 50 MB that nobody needs here
        optional_packages.remove("pandas")
    processes = get_mp_context()
    if processes.get_start_method() == "forkserver":
        processes.set_forkserver_preload(
            ["distributed", "ae_core.service.worker", "ae_core.service.fork_server"]
        )
    versions()  # of the source as it is now, whatever becomes of the files
    cluster.write_problem(store, "")
    security = _new_key(cluster.cluster_folder(store) / cluster.KEY)
    async with Scheduler(
        host="127.0.0.1",
        port=0,
        protocol="tls",
        security=security,
        dashboard=False,
        dashboard_address="127.0.0.1:0",
        scheduler_file=str(scheduler_file),
        idle_timeout=idle,
    ) as scheduler:
        nannies = [
            Nanny(
                scheduler.address,
                nthreads=1,
                preload=["ae_core.service.worker"],
                host="127.0.0.1",
                protocol="tls",
                security=security,
                dashboard=False,
            )
            for _ in range(workers)
        ]
        starting = asyncio.gather(*nannies)
        over = threading.Event()
        threading.Thread(target=companion, args=(store, over.is_set), name="companion", daemon=True).start()
        watching = asyncio.create_task(_close_without_store(scheduler, store))
        await scheduler.finished()
        watching.cancel()
        over.set()
        scheduler_file.unlink(missing_ok=True)
        starting.cancel()
        # A worker that does not answer any more is a daemon of this process and ends with it.
        await asyncio.wait(
            [asyncio.create_task(nanny.close(timeout=2)) for nanny in nannies], timeout=cluster.CLOSE_SECONDS
        )


async def _close_without_store(scheduler: Scheduler, store: Store) -> None:
    """End the cluster once its store is another's, or gone: nobody finds it there any more."""
    while not cluster.has_lost_store(store):
        await asyncio.sleep(cluster.ALIVE_SECONDS)
    await scheduler.close()


def _give_way() -> None:
    """Sliders first: this process and its workers take what processor time the app leaves.

    Linux weighs a session as a whole against other sessions, by a nice value of its own (sched(7), "The
    autogroup feature"); those of the processes count only among themselves. This process leads a session, so
    both are set.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
        if os.getsid(0) == os.getpid():
            with suppress(OSError):  # not Linux, or a Linux without that feature
                Path("/proc/self/autogroup").write_text(f"{NICENESS}")


def _new_key(path: Path) -> Security:
    """A certificate of this start's own.

    Whoever holds its key may send code to run, so only its owner can read it.
    """
    made = Security.temporary()
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made.tls_client_cert + made.tls_client_key)
    return tls_security(path)


def tls_security(key: Path) -> Security:
    """Scheduler, workers and clients all show this one certificate, and accept no other."""
    return Security(require_encryption=True, **dict.fromkeys(("tls_ca_file", *ROLES), str(key.resolve())))
