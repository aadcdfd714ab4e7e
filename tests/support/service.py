"""What the tests of the training service share: short runs, patience, a local cluster that ends with them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from ae_core import config
from ae_core.config import FAE, DataConfig, RunConfig
from ae_core.runs import history, tickets
from ae_core.runs.run_folder import WEIGHTS
from ae_core.runs.store import Store
from ae_core.service import cluster, connection, jobs

QUICK = config.adjusted(
    replace(FAE, data=DataConfig(digits=4_000)),
    model={"latent_size": 4, "hidden_sizes": (32,)},
    training={"epochs": 2, "batch_size": 256},
)
# Long enough to be interrupted, with randomness in every batch.
STEADY = config.adjusted(QUICK, corruption={"kind": "masking", "level": 0.2}, training={"epochs": 10})
ENDLESS = config.adjusted(QUICK, training={"epochs": 200, "batch_size": 8})
# What may differ between two recordings of one training.
CLOCKS = {"time", "seconds", "train_seconds", "images_per_second"}


def wait_for(condition: Callable[[], object], seconds: float = 120.0, pause: float = 0.05) -> float:
    """Seconds until `condition()` was true; fails when it has not become so in time."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "waited in vain"
        time.sleep(pause)
    return time.monotonic() - started


def with_seed(run: RunConfig, seed: int) -> RunConfig:
    return config.adjusted(run, training={"seed": seed})


def wait_for_status(name: str, store: Store, *wanted: str, seconds: float = 60.0) -> None:
    wait_for(lambda: history.status_of(name, store) in wanted, seconds)


def story(name: str, store: Store) -> list[dict[str, Any]]:
    """The run's log without anything that a clock wrote."""
    return [{key: value for key, value in event.items() if key not in CLOCKS} for event in store.events(name)]


def weights(name: str, store: Store) -> bytes:
    return (store.folder(name) / WEIGHTS).read_bytes()


def forget(name: str, store: Store) -> None:
    """As if the run had never been trained."""
    shutil.rmtree(store.folder(name), ignore_errors=True)


def clear_line(store: Store) -> None:
    """Whatever is in training or waits: stop it, and wait until nothing is written any more."""
    names = [path.stem for path in (store.root / "locks").glob("*.lock")]
    for path in (store.root / "jobs").glob("*"):
        tickets.remove_ticket(store, path.name)
    wait_for(lambda: not any(store.is_locked(name) for name in names if len(name) == 16))


@contextmanager
def local_cluster(store: Store, workers: int = 1) -> Iterator[Store]:
    """The store's local cluster, up; gone afterwards, every process of it."""
    cluster.ensure_cluster_started(store, workers=workers)
    try:
        connection.connect_client(store, wait_seconds=60).wait_for_workers(workers, timeout=60)
        yield store
    finally:
        end_cluster(store)


def end_cluster(store: Store) -> None:
    """Shut the store's local cluster down and wait until nothing is left of it."""
    clear_line(store)
    if cluster.is_cluster_running(store):
        processes = process_tree(store)
        jobs.stop_cluster(store)
        wait_until_gone(processes)
    assert not cluster.is_cluster_running(store)
    started, _ = cluster._started.pop(store.root, (None, 0.0))
    if started is not None:
        started.wait(timeout=10)


def process_tree(store: Store) -> list[psutil.Process]:
    """The local cluster's process and all that it started."""
    root = psutil.Process(cluster.read_process(store)["pid"])
    return [root, *root.children(recursive=True)]


def clusters_below(folder: Path) -> list[psutil.Process]:
    """Every local cluster's process that has its store in `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:  # it has just ended, or is somebody else's
            continue
        if "--store" in words and "cluster" in words:
            store = Path(words[words.index("--store") + 1])
            found += [process] if store.is_relative_to(folder) else []
    return found


def wait_until_gone(processes: list[psutil.Process]) -> None:
    """Python's own helper of the cluster takes some seconds to notice that it is not needed any more."""
    wait_for(
        lambda: (
            not any(
                process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes
            )
        ),
        30,
    )
