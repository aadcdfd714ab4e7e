"""Workers that stop answering, and workers with no memory left."""

from __future__ import annotations

import os
import resource
import signal
import time
from dataclasses import replace

import psutil
import pytest

from ae_core import config
from ae_core.runs import history
from ae_core.runs.store import Store, default_root
from ae_core.service import cluster, connection, jobs
from tests.chaos.faults import FEW, SMALL, is_over, story, train_here, weights
from tests.support.service import end_cluster, wait_for, with_seed

TTL_SECONDS = 6


@pytest.fixture
def own(monkeypatch) -> Store:
    """A store with a cluster of its own, which gives a silent worker up after six seconds, not sixty.

    The one that apps use too: its worker has the digits when it begins to work.
    """
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", f"{TTL_SECONDS}s")
    store = Store(default_root())
    cluster.ensure_cluster_started(store, workers=1)
    connection.connect_client(store, wait_seconds=60).wait_for_workers(1, timeout=60)
    yield store
    end_cluster(store)


def leave_room(room_bytes: int | None) -> int:
    """In a worker: let its address space grow by so much and no more; as it was before with None."""
    used = psutil.Process().memory_info().vms
    limit = resource.RLIM_INFINITY if room_bytes is None else used + room_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    return used


def test_a_worker_that_hangs_is_replaced_and_its_run_ends_in_the_same_weights(
    own, cache_dir, tmp_path, measured
):
    run = with_seed(SMALL["CAE"], 3000)
    name = jobs.submit_training(run, own)
    wait_for(lambda: history.read_progress(name, own).step > 0)
    (worker,) = connection.list_workers(own)
    stopped = time.time()
    os.kill(worker.pid, signal.SIGSTOP)
    wait_for(lambda: any(event["time"] > stopped + 1 for event in own.events(name)[-3:]))
    resumed = next(event["time"] for event in own.events(name) if event["time"] > stopped + 1) - stopped
    wait_for(lambda: is_over(own, run))
    undisturbed = Store(tmp_path / "undisturbed")
    train_here(run, undisturbed, cache_dir)
    assert weights(own, run) == weights(undisturbed, run)
    assert story(own, run) == story(undisturbed, run)
    measured(
        f"training went on {resumed:.1f} s after the worker hung "
        f"(given up after {TTL_SECONDS} s here, 60 s otherwise), byte-equal"
    )


def test_a_worker_without_memory_tries_three_times_says_so_and_works_again(full_form, own, measured):
    hungry = config.adjusted(
        replace(config.CAE, data=FEW),
        model={"channels": (128, 128)},
        training={"epochs": 1, "batch_size": 2048},
    )
    connected = connection.connect_client(own)
    connected.run(leave_room, 64 * 1024 * 1024)
    name = jobs.submit_training(hungry, own)
    wait_for(lambda: is_over(own, hungry))
    message = history.read_progress(name, own).message
    assert history.status_of(name, own) == "failed"
    assert "out of memory" in message or "llocate" in message, message
    connected.run(leave_room, None)
    modest = with_seed(SMALL["CAE"], 3001)
    jobs.submit_training(modest, own)
    wait_for(lambda: is_over(own, modest))
    assert history.status_of(config.run_id(modest), own) == "finished"
    measured("failed with the reason; the next training finished")
