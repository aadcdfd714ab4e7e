"""The process that trains is killed as a whole, with runs in the line."""

from __future__ import annotations

from ae_core import config
from ae_core.runs import history
from ae_core.runs.store import Store
from ae_core.service import cluster, jobs
from tests.chaos.faults import SMALL, cluster_process, is_over, story, train_here, weights
from tests.support.service import wait_for, with_seed


def test_three_jobs_in_the_line_survive_the_scheduler(served, cache_dir, tmp_path, times, measured):
    undisturbed = Store(tmp_path / "undisturbed")
    done = 0
    for again in range(times(1, 10)):
        runs = [with_seed(run, 1000 + again) for run in SMALL.values()]
        for run in runs:
            jobs.submit_training(run, served, visitor=config.run_id(run))
        wait_for(
            lambda runs=runs: any(history.read_progress(config.run_id(run), served).step > 20 for run in runs)
        )
        cluster_process(served).kill()
        wait_for(lambda: not cluster.is_cluster_running(served))
        for run in runs:
            wait_for(lambda run=run: is_over(served, run))
            train_here(run, undisturbed, cache_dir)
            assert history.status_of(config.run_id(run), served) == "finished"
            assert weights(served, run) == weights(undisturbed, run)
            assert story(served, run) == story(undisturbed, run)  # with one 'started' and one 'finished'
            done += 1
    measured(
        f"{done} of {done} runs finished after {times(1, 10)} kills of the scheduler, each once, byte-equal"
    )
