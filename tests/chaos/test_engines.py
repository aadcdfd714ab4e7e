"""The same runs in this process, on the local cluster, and elsewhere, with one worker and with four."""

from __future__ import annotations

from dataclasses import replace

from ae_core import config
from ae_core.config import CAE, DAE, FAE, KERAS_EXAMPLE, LINEAR, RunConfig
from ae_core.runs.store import Store
from ae_core.service import jobs
from tests.chaos.faults import FEW, is_over, story, train_here, weights
from tests.support.dask_processes import DaskProcesses
from tests.support.service import wait_for

QUICK = {"epochs": 2, "batch_size": 256}


def quick(
    preset: RunConfig, *, corruption: dict | None = None, training: dict | None = None, **model: object
) -> RunConfig:
    few = replace(preset, data=FEW)
    return config.adjusted(few, model=model, corruption=corruption, training={**QUICK, **(training or {})})


CONFIGURATIONS = [
    quick(DAE, latent_size=8),
    quick(FAE, latent_size=32),
    quick(CAE, latent_size=32),
    quick(CAE, latent_size=2, activation="gelu"),
    quick(DAE, corruption={"kind": "salt_and_pepper", "level": 0.2}, latent_size=16),
    quick(DAE, corruption={"kind": "masking", "level": 0.5}, latent_size=16),
    quick(FAE, latent_size=1, hidden_sizes=(), activation="tanh"),
    quick(FAE, corruption={"level": 0.3}, training={"loss": "bce", "seed": 7}, latent_size=64),
    quick(LINEAR, latent_size=16),
    quick(KERAS_EXAMPLE, training={"epochs": 1}),
]


def train_all(runs: list[RunConfig], store: Store) -> None:
    for run in runs:
        jobs.submit_training(run, store, visitor=config.run_id(run))
    for run in runs:
        wait_for(lambda run=run: is_over(store, run), seconds=600)


def test_equal_settings_give_equal_weights_and_logs_on_every_engine(
    served, cache_dir, tmp_path, times, measured, monkeypatch
):
    runs = CONFIGURATIONS[: times(1, 10)]
    here = Store(tmp_path / "here")
    for run in runs:
        train_here(run, here, cache_dir)
    train_all(runs, served)
    stores = {"local cluster": served}
    for workers in [1, 4][: times(1, 2)]:
        with DaskProcesses(tmp_path / f"{workers}") as dask:
            dask.start_scheduler()
            dask.start_workers(workers)
            monkeypatch.setenv("AE_LAB_SCHEDULER", dask.address)
            stores[f"external, {workers} workers"] = Store(tmp_path / f"external{workers}")
            train_all(runs, stores[f"external, {workers} workers"])
            monkeypatch.delenv("AE_LAB_SCHEDULER")
    equal = [
        weights(store, run) == weights(here, run) and story(store, run) == story(here, run)
        for store in stores.values()
        for run in runs
    ]
    assert all(equal)
    measured(
        f"{len(runs)} configurations on {len(stores) + 1} engines ({', '.join(stores)}): "
        f"{sum(equal)} of {len(equal)} byte-equal"
    )
