"""Where the cluster that trains is, and how it is started: here, or where AE_LAB_SCHEDULER says.

The local one is a process of its own, so that neither a page nor a crash of the app can stop a training. It
is found through files in the store, one cluster a store, and ends itself when nothing has been trained for a
while:

    cluster/lock             held while it lives
            scheduler.json   its address
            key.pem          its TLS certificate and key, new with every start, readable by its owner alone
            log.txt          what it says, 5 MB at most, and log.old.txt with what it said before
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from ae_core.errors import ClusterError, ConfigError, StoreError
from ae_core.runs.disk import changed_at, is_held
from ae_core.runs.store import Store
from ae_core.words.sentences import say

IDLE_SECONDS = 1800
CLOSE_SECONDS = 5
# A starting process holds the lock only when it has imported torch: until then, no second one is started.
START_SECONDS, LONGEST_START_SECONDS = 20, 120
# What the app, the scheduler and what workers have in common take at most, and one more worker in training.
LAB_BYTES, WORKER_BYTES = 1_000_000_000, 500_000_000
KEY, PROCESS, LOG, OLD_LOG = "key.pem", "process.json", "log.txt", "log.old.txt"
PROBLEM, ALIVE = "problem.txt", "alive"
# How often the training process says that it is there, and when it is taken for hung.
ALIVE_SECONDS, HUNG_SECONDS = 2.0, 20.0
HUNG = say(
    "The training process hangs: it is there, but has not answered for {:.0f} s. "
    "Trainings wait. Whoever runs the lab ends it, and what waits for it, with `python "
    "-m ae_core cluster stop`; then press Train again."
)
LOST = say(
    "The training process has lost its store, which was moved or deleted. Whoever runs "
    "the lab starts the lab again."
)
LOG_BYTES = 5_000_000
PROJECT = Path(__file__).resolve().parents[2]

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
    """One a core, less one for the app, as far as memory goes, and one at least.

    Each trains one run at a time, most on one thread. Cores and memory are those that this process may use: a
    container's limits and the cores it is bound to count, not what the host has.
    """
    from ae_core.service.allowance import allowed_bytes, allowed_cores

    return max(1, min(allowed_cores() - 1, (allowed_bytes() - LAB_BYTES) // WORKER_BYTES))


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
    return int(read_process(store).get("workers") or default_workers())


def read_process(store: Store) -> dict[str, int]:
    """Number of the local cluster's process and of its workers; empty if there never was one."""
    try:
        fields: dict[str, int] = json.loads((cluster_folder(store) / PROCESS).read_text())
        return fields
    except (OSError, ValueError):
        return {}


def has_lost_store(store: Store) -> bool:
    """Whether this process, the local cluster, is so no longer: its store is gone, or another's.

    A file that cannot be read at the moment tells neither.
    """
    try:
        process = json.loads((cluster_folder(store) / PROCESS).read_text())
        return bool(process["pid"] != os.getpid())
    except FileNotFoundError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False


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


def note_alive(store: Store) -> None:
    """Note that the process that is the local cluster is at work, as it must every few seconds."""
    path = cluster_folder(store) / ALIVE
    if time.time() - changed_at(path) > ALIVE_SECONDS:
        with suppress(OSError):
            path.touch()


def find_hang(store: Store) -> str:
    """That the local cluster's process is there and yet does nothing, in words; empty where it is well."""
    if not is_cluster_running(store):
        return ""
    folder = cluster_folder(store)
    silent = time.time() - max(changed_at(folder / ALIVE), changed_at(folder / PROCESS))
    return HUNG.format(silent) if silent > HUNG_SECONDS else ""


def read_problem(store: Store) -> str:
    """Why the local cluster trains nothing, in words; empty where it does, or where there is none."""
    if hang := find_hang(store):
        return hang
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
            say(
                "AE_LAB_IDLE_SECONDS must be a whole number of seconds, such as "
                "{idle_seconds}, but it is {text!r}. Set it to one.",
                idle_seconds=IDLE_SECONDS,
                text=text,
            )
        )
    return float(text)


def ensure_cluster_started(store: Store, idle: float | None = None, workers: int | None = None) -> None:
    """Start the local cluster unless it is alive or starting, without waiting for it.

    Raises StoreError or ClusterError.
    """
    if is_cluster_running(store):
        return
    process, since = _started.get(store.root, (None, 0.0))
    if process is not None and process.poll() is None:
        # One that has begun, and gave up the lock, is only ending: it trains nothing any more.
        if read_process(store).get("pid") != process.pid:
            if time.monotonic() - since < LONGEST_START_SECONDS:
                return
            raise ClusterError(LOST)  # it lives and holds no lock here: a second one would train beside it
        if is_cluster_running(store):  # it has only just begun
            return
    elif process is not None and time.monotonic() - since < START_SECONDS and process.returncode > 0:
        # by itself, not by a signal: the next would end so too
        raise ClusterError(
            say(
                "The training process ended as soon as it had begun. See its log, {cluster_folder}.",
                cluster_folder=cluster_folder(store) / LOG,
            )
        )
    make_folder(store)
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
            say(
                "The training process could not be started ({strerror}). Close other programs and try again.",
                strerror=problem.strerror,
            )
        ) from problem
    _started[store.root] = process, time.monotonic()
    threading.Thread(
        target=process.wait, name="reaper", daemon=True
    ).start()  # lest it stay behind as a zombie


def make_folder(store: Store) -> None:
    """Make the cluster's folder, which only its owner can enter. Raises StoreError."""
    store.check_writable()
    try:
        cluster_folder(store).mkdir(mode=0o700, exist_ok=True)
        cluster_folder(store).chmod(0o700)
    except OSError as problem:
        raise StoreError(
            say(
                "{cluster_folder} cannot be written ({strerror}). Set AE_LAB_STORE to a folder of your own.",
                cluster_folder=cluster_folder(store),
                strerror=problem.strerror,
            )
        ) from problem
