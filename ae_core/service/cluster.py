"""The cluster that trains: a Dask scheduler and workers, here or where AE_LAB_SCHEDULER says.

The local one is a process of its own, so that neither a page nor a crash of the app can stop a training. It
is found through files in the store, one cluster a store, and ends itself when nothing has been trained for a
while:

    cluster/lock             held while it lives
            scheduler.json   its address
            key.pem          its TLS certificate and key, new with every start, readable by its owner alone
            log.txt          what it says, 5 MB at most, and log.old.txt with what it said before
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dask
from dask.system import cpu_count
from distributed import Nanny, Scheduler
from distributed.security import Security
from distributed.utils import get_mp_context
from filelock import FileLock, Timeout

from ae_core.errors import ClusterError, ConfigError, StoreError
from ae_core.runs.disk import is_held
from ae_core.runs.store import Store
from ae_core.runs.versions import versions

IDLE_SECONDS = 1800
CLOSE_SECONDS = 5
# A starting process holds the lock only when it has imported torch: until then, no second one is started.
START_SECONDS = 20
LOCK_SECONDS = 1
NICENESS = 5
KEY, PROCESS, LOG, OLD_LOG = "key.pem", "process.json", "log.txt", "log.old.txt"
PROBLEM = "problem.txt"
LOG_BYTES = 5_000_000
ROLES = [f"tls_{role}_{part}" for role in ("client", "scheduler", "worker") for part in ("cert", "key")]
PROJECT = Path(__file__).resolve().parents[2]
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

_started: dict[Path, tuple[subprocess.Popen[bytes], float]] = {}


def scheduler_address() -> str | None:
    """The scheduler that AE_LAB_SCHEDULER names, or None for the local cluster."""
    return os.environ.get("AE_LAB_SCHEDULER") or None


def cluster_folder(store: Store) -> Path:
    """Where the local cluster of this store keeps its lock, its address, its key and its log."""
    return store.root / "cluster"


def is_cluster_running(store: Store) -> bool:
    """Whether the store's local cluster is alive."""
    return is_held(cluster_folder(store) / "lock")


def default_workers() -> int:
    """One a core, less one for the app, and one at least. Each trains one run at a time, most on one thread.

    A core is one that this process may use: a container's quota and the cores it is bound to count, not what
    the host has.
    """
    return max(1, cpu_count() - 1)


def limit_log(store: Store) -> None:
    """Begin the training process's log anew once it is larger than LOG_BYTES.

    What it held is kept beside it, once.
    """
    log = cluster_folder(store) / LOG
    try:
        if log.stat().st_size > LOG_BYTES:
            shutil.copyfile(log, cluster_folder(store) / OLD_LOG)
            os.truncate(log, 0)  # whoever writes to it appends
    except OSError:
        return  # there is none yet, or no room for a copy: the next look may do better


def local_workers(store: Store) -> int:
    """How many workers the local cluster has, or would have."""
    return int(read_process(store).get("workers", default_workers()))


def read_process(store: Store) -> dict[str, int]:
    """Number of the local cluster's process and of its workers; empty if there never was one."""
    try:
        fields: dict[str, int] = json.loads((cluster_folder(store) / PROCESS).read_text())
        return fields
    except (OSError, ValueError):
        return {}


def write_problem(store: Store, problem: str) -> None:
    """Keep, for every process of the lab, why the local cluster trains nothing; an empty text ends that."""
    path = cluster_folder(store) / PROBLEM
    try:
        if problem:
            path.write_text(problem)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return  # it stands in the log as well


def read_problem(store: Store) -> str:
    """Why the local cluster trains nothing, in words; empty where it does, or where there is none."""
    try:
        return (cluster_folder(store) / PROBLEM).read_text()
    except OSError:
        return ""


def idle_seconds() -> float:
    """After how long without work a local cluster ends itself: AE_LAB_IDLE_SECONDS, or half an hour.

    Raises ConfigError.
    """
    text = os.environ.get("AE_LAB_IDLE_SECONDS") or str(IDLE_SECONDS)
    if not text.isdecimal() or int(text) == 0:
        raise ConfigError(
            f"AE_LAB_IDLE_SECONDS must be a whole number of seconds, such as {IDLE_SECONDS}, "
            f"but it is {text!r}. Set it to one."
        )
    return float(text)


def ensure_cluster_started(store: Store, idle: float | None = None, workers: int | None = None) -> None:
    """Start the local cluster unless it is alive or starting, without waiting for it.

    Raises StoreError or ClusterError.
    """
    if is_cluster_running(store):
        return
    process, since = _started.get(store.root, (None, 0.0))
    if process is not None and time.monotonic() - since < START_SECONDS:
        if process.poll() is None:
            return
        if process.returncode > 0:  # by itself, not by a signal: the next would end so too
            raise ClusterError(
                "The training process ended as soon as it had begun. "
                f"See its log, {cluster_folder(store) / LOG}."
            )
    _make_folder(store)
    path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    command = [
        sys.executable,
        "-m",
        "ae_core",
        "cluster",
        "run",
        "--store",
        str(store.root),
        "--idle-seconds",
        str(idle or idle_seconds()),
    ]
    command += ["--workers", str(workers)] if workers else []
    try:
        with (cluster_folder(store) / LOG).open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
            )
    except OSError as problem:
        raise ClusterError(
            f"The training process could not be started ({problem.strerror}). "
            "Close other programs and try again."
        ) from problem
    _started[store.root] = process, time.monotonic()
    threading.Thread(
        target=process.wait, name="reaper", daemon=True
    ).start()  # lest it stay behind as a zombie


def serve_until_idle(store: Store, idle: float, workers: int, companion: Companion) -> bool:
    """Be the local cluster until nothing has been trained for `idle` seconds.

    False, at once, if there is one already.

    `companion(store, is_over)` runs beside it in a thread, until `is_over()`: it brings the work.
    """
    _make_folder(store)
    try:
        with FileLock(cluster_folder(store) / "lock", timeout=LOCK_SECONDS):
            asyncio.run(_serve(store, idle, workers, companion))
            return True
    except Timeout:
        return False


async def _serve(store: Store, idle: float, workers: int, companion: Companion) -> None:
    scheduler_file = cluster_folder(store) / "scheduler.json"
    scheduler_file.unlink(missing_ok=True)
    _give_way()
    dask.config.update_defaults(SETTINGS)
    processes = get_mp_context()
    if processes.get_start_method() == "forkserver":
        processes.set_forkserver_preload(["distributed", "ae_core.service.worker"])
    versions()  # of the source as it is now, whatever becomes of the files
    write_problem(store, "")
    (cluster_folder(store) / PROCESS).write_text(json.dumps({"pid": os.getpid(), "workers": workers}))
    security = _new_key(cluster_folder(store) / KEY)
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
        await scheduler.finished()
        over.set()
        scheduler_file.unlink(missing_ok=True)
        starting.cancel()
        # A worker that does not answer any more is a daemon of this process and ends with it.
        await asyncio.wait(
            [asyncio.create_task(nanny.close(timeout=2)) for nanny in nannies], timeout=CLOSE_SECONDS
        )


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


def _make_folder(store: Store) -> None:
    store.check_writable()
    try:
        cluster_folder(store).mkdir(mode=0o700, exist_ok=True)
        cluster_folder(store).chmod(0o700)
    except OSError as problem:
        raise StoreError(
            f"{cluster_folder(store)} cannot be written ({problem.strerror}). "
            "Set AE_LAB_STORE to a folder of your own."
        ) from problem
