"""What test_full_disk.py runs where the disk has two megabytes: fill it, train, make room, train again."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

from ae_core import config
from ae_core.config import RunConfig
from ae_core.errors import StoreError
from ae_core.runs import history
from ae_core.runs.store import Store
from ae_core.service import jobs
from ae_core.training import use_one_thread
from tests.chaos.faults import FEW, SMALL, cluster_process, end_cluster, is_over
from tests.support.service import wait_for, with_seed

TOO_LARGE = config.adjusted(replace(config.FAE, data=FEW), training={"epochs": 1})
FITS = config.adjusted(SMALL["CAE"], model={"latent_size": 2}, training={"epochs": 2})


def main(disk: Path, fillings: int) -> None:
    """Prints one line of what was measured; AssertionError if the lab did not keep its word."""
    use_one_thread()
    store = Store(disk / "store")
    rng = random.Random(0)
    try:
        assert ends(TOO_LARGE, store) == "failed"
        process = cluster_process(store)
        outcomes: Counter[str] = Counter()
        for i in range(fillings):
            run = with_seed(FITS, i)
            filler = disk / "filler"
            fill(filler, leave=rng.choice([0, 2_000, 8_000, 20_000, 60_000, 200_000]))
            outcomes[ends(run, store)] += 1
            filler.unlink()
            assert ends(run, store) == "finished"
            assert len(store.runs()[1]) == 0, "a half-written run was taken for a damaged one"
            store.load_model(store.get(config.run_id(run)))
            remove_all(store)
        assert cluster_process(store) == process, "the training process did not live through it"
        print(
            f"{fillings} fillings: {dict(outcomes)}; after making room all {fillings} finished; "
            "0 crashes, 0 half-written runs valid"
        )
    finally:
        (disk / "filler").unlink(missing_ok=True)
        end_cluster(store)


def ends(run: RunConfig, store: Store) -> str:
    """How the training of `run` ends: finished, failed with a message, or refused with one."""
    name = config.run_id(run)
    refusal = ""
    try:
        jobs.submit_training(run, store)
    except StoreError as problem:
        refusal = str(problem)
    if refusal:
        assert "ake room" in refusal
        assert store.find(name) is None
        return "refused"
    wait_for(lambda: is_over(store, run))
    progress = history.read_progress(name, store)
    if progress.status == "finished":
        return "finished"
    assert progress.status == "failed", progress.status
    assert "ake room" in progress.message, progress.message
    assert store.find(name) is None
    return "failed"


def fill(path: Path, leave: int) -> None:
    """Write until the disk is full, then give `leave` bytes back."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            file.truncate(max(0, file.tell() - leave))


def remove_all(store: Store) -> None:
    """Make room for the next filling."""
    for folder in (store.root / "runs").iterdir():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
