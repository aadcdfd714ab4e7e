"""Workers are killed at random batches, and every run ends as if nothing had happened."""

from __future__ import annotations

import itertools
import os
import random
import signal
import statistics
import time
from collections import Counter

import pytest

from ae_core import config
from ae_core.config import RunConfig
from ae_core.runs import history
from ae_core.runs.store import Store
from ae_core.service import connection, jobs
from tests.chaos.faults import SMALL, is_over, story, train_here, weights
from tests.support.service import wait_for, with_seed

KILLS_A_RUN = 6


def kill_worker(store: Store, run: RunConfig) -> list[float]:
    """Kill the worker that trains: seconds to the next line in the run's log, unless the run was over."""
    name = config.run_id(run)
    (worker,) = connection.list_workers(store)
    killed = time.time()
    os.kill(worker.pid, signal.SIGKILL)

    def later() -> list[float]:
        return [event["time"] - killed for event in store.events(name) if event["time"] > killed + 0.02]

    wait_for(lambda: later() or is_over(store, run), pause=0.02)
    return later()[:1]


@pytest.mark.parametrize("family", SMALL)
def test_runs_whose_workers_are_killed_end_in_the_same_weights(
    family, served, cache_dir, tmp_path, times, measured, request
):
    if family != "FAE":
        request.getfixturevalue("full_form")
    rng = random.Random(family)
    undisturbed = Store(tmp_path / "undisturbed")
    recoveries: list[float] = []
    for seed in itertools.count():
        if len(recoveries) >= times(1, 34):
            break
        run = with_seed(SMALL[family], seed)
        name = config.run_id(run)
        train_here(run, undisturbed, cache_dir)
        pace = history.read_progress(name, undisturbed).seconds
        jobs.submit_training(run, served)
        wait_for(lambda name=name: history.read_progress(name, served).step > 0)
        killed_in: Counter[int] = Counter()
        for _ in range(min(KILLS_A_RUN, times(1, 34) - len(recoveries))):
            time.sleep(rng.uniform(0, pace / 4))
            progress = history.read_progress(name, served)
            if (
                progress.status == "running"
                and killed_in[progress.epoch] < 2
                and progress.epoch < progress.epochs
            ):
                killed_in[progress.epoch] += 1
                recoveries += kill_worker(served, run)
        wait_for(lambda run=run: is_over(served, run))
        assert history.status_of(name, served) == "finished", history.read_progress(name, served).message
        assert weights(served, run) == weights(undisturbed, run)
        assert story(served, run) == story(undisturbed, run)
    measured(
        f"{len(recoveries)} kills, all runs byte-equal; "
        f"recovered after {statistics.median(recoveries):.2f} s (median), {max(recoveries):.2f} s at most"
    )
