"""What the chaos tests share: small runs, comparing them, and ending what was started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from ae_core import config, data
from ae_core.config import DataConfig, RunConfig
from ae_core.runs import history
from ae_core.runs.store import Store
from ae_core.service import cluster, jobs, worker
from tests.support import service
from tests.support.service import wait_for

# Small enough for a second or three of training, and each a genuine FAE, CAE or DAE.
FEW = DataConfig(digits=4_000)
CONVOLUTIONAL = {"model": {"latent_size": 4, "channels": (4, 8)}, "training": {"epochs": 5}}
SMALL = {
    "FAE": config.adjusted(
        replace(config.FAE, data=FEW),
        model={"latent_size": 4, "hidden_sizes": (64,)},
        training={"epochs": 8},
    ),
    "CAE": config.adjusted(replace(config.CAE, data=FEW), **CONVOLUTIONAL),
    "DAE": config.adjusted(replace(config.DAE, data=FEW), **CONVOLUTIONAL),
}
LONG = config.adjusted(SMALL["CAE"], training={"epochs": 200})


def end_cluster(store: Store) -> None:
    """End the store's cluster and everything it still has to do."""
    jobs.stop_cluster(store)
    wait_for(lambda: not processes_of(store), seconds=30)


def processes_of(store: Store) -> list[psutil.Process]:
    """Every process on this machine that was started for this store, zombies aside."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            ours = str(store.root) in words or process.environ().get("AE_LAB_STORE") == str(store.root)
            if ours and process.status() != psutil.STATUS_ZOMBIE and process.pid != psutil.Process().pid:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def train_here(run: RunConfig, store: Store, cache: Path) -> None:
    """The undisturbed run: in this process, from beginning to end."""
    for _ in worker.record_training(run, store, data.load_digits(run.data, cache)):
        pass


def weights(store: Store, run: RunConfig) -> bytes:
    return service.weights(config.run_id(run), store)


def story(store: Store, run: RunConfig) -> list[dict[str, Any]]:
    """The run's event log without what the clock had to say."""
    return service.story(config.run_id(run), store)


def is_over(store: Store, run: RunConfig) -> bool:
    return history.status_of(config.run_id(run), store) not in ("queued", "running")


def cluster_process(store: Store) -> psutil.Process:
    return psutil.Process(cluster.read_process(store)["pid"])
