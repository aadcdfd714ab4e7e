"""Stop, at any moment."""

from __future__ import annotations

import random
import statistics
import time

from ae_core import config
from ae_core.runs import history
from ae_core.service import jobs
from tests.chaos.faults import LONG
from tests.support.service import wait_for, with_seed

FREE_SECONDS = 2.0


def test_a_stop_frees_the_worker_within_two_seconds(served, times, measured):
    rng = random.Random(0)
    # A worker's first training begins seconds later on a busy machine, and hears of nothing until it has.
    name = jobs.submit_training(with_seed(LONG, 1_000), served)
    wait_for(lambda: history.read_progress(name, served).step > 0)
    assert jobs.stop_training(name, served)
    wait_for(lambda: not served.is_locked(name))
    waited = []
    for seed in range(times(3, 100)):
        run = with_seed(LONG, seed)
        name = jobs.submit_training(run, served)
        wait_for(lambda name=name: served.is_locked(name))
        time.sleep(rng.uniform(0, 1.5))
        before = history.read_progress(name, served)
        assert jobs.stop_training(name, served)
        waited.append(wait_for(lambda name=name: not served.is_locked(name), pause=0.005))
        after = history.read_progress(name, served)
        assert after.status in ("stopped", "none")
        assert (after.status == "stopped") >= (before.step > 0)
        assert after.step >= before.step
        assert served.find(config.run_id(run)) is None
    assert max(waited) < FREE_SECONDS
    measured(
        f"{len(waited)} stops; the worker was free after {statistics.median(waited):.3f} s (median), "
        f"{max(waited):.3f} s at most"
    )
