"""Trainings in a real Dask worker: submitted, followed, coalesced, stopped, and never lost with the page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ae_core import cluster, config, jobs
from ae_core.config import CAE, DAE, FAE, LINEAR, RunConfig
from ae_core.data import Digits
from ae_core.errors import DivergedError, StoreError
from ae_core.store import Store
from ae_core.training import BatchDone
from tests.conftest import PROJECT

QUICK = config.adjusted(FAE, model={"latent_size": 4, "hidden_sizes": (32,)}, training={"epochs": 2, "batch_size": 256})
DIVERGING = config.adjusted(LINEAR, model={"hidden_sizes": (64, 64, 64, 64)}, training={"learning_rate": 1.0})
LONG = config.adjusted(CAE, model={"latent_size": 4}, training={"epochs": 200})


def wait_for(condition, seconds: float = 60.0) -> None:
    """Return as soon as `condition()` is true; fail when it has not become so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def end_cluster(store: Store) -> None:
    """Shut the store's local cluster down and wait until it is gone."""
    if cluster.is_running(store):
        cluster.client(store).shutdown()
        wait_for(lambda: not cluster.is_running(store))


@pytest.fixture(scope="module")
def served_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with a local cluster of its own."""
    store = Store(tmp_path_factory.mktemp("served"))
    yield store
    end_cluster(store)


def with_seed(run: RunConfig, seed: int) -> RunConfig:
    return config.adjusted(run, training={"seed": seed})


def test_a_submitted_run_is_trained_outside_this_process_and_can_be_loaded(served_store):
    name = jobs.submit(QUICK, served_store)
    wait_for(lambda: jobs.status(name, served_store) == "finished")
    assert served_store.load_model(served_store.get(name)).encode
    log = jobs.progress(name, served_store)
    assert (log.epoch, log.step, log.fraction) == (2, log.steps, 1.0)
    assert [step for step, _ in log.test_errors] == [16, 32]


def test_a_worker_trains_to_the_same_weights_as_this_process(served_store, digits, tmp_path):
    name = jobs.submit(QUICK, served_store)
    wait_for(lambda: jobs.status(name, served_store) == "finished")
    here = Store(tmp_path / "here")
    for _ in jobs.record(QUICK, here, digits):
        pass
    assert (here.folder(name) / "weights.safetensors").read_bytes() == (served_store.folder(name) / "weights.safetensors").read_bytes()


def test_equal_submissions_are_one_training(served_store):
    run = with_seed(QUICK, 7)
    names = {jobs.submit(run, served_store) for _ in range(20)}
    wait_for(lambda: jobs.status(config.run_id(run), served_store) == "finished")
    assert names == {config.run_id(run)}
    started = [event for event in served_store.events(config.run_id(run)) if event["event"] == "started"]
    assert len(started) == 1


def test_stop_ends_a_training_within_moments_and_leaves_no_finished_run(served_store):
    name = jobs.submit(LONG, served_store)
    wait_for(lambda: jobs.progress(name, served_store).step > 0)
    jobs.stop(name, served_store)
    wait_for(lambda: jobs.status(name, served_store) == "stopped", seconds=10)
    assert served_store.find(name) is None
    assert jobs.progress(name, served_store).batch_losses


def test_a_stopped_run_can_be_trained_again(served_store):
    run = with_seed(LONG, 1)
    name = jobs.submit(run, served_store)
    wait_for(lambda: jobs.progress(name, served_store).step > 0)
    jobs.stop(name, served_store)
    jobs.submit(run, served_store)
    wait_for(lambda: jobs.status(name, served_store) == "running" and jobs.progress(name, served_store).step > 0)
    jobs.stop(name, served_store)
    wait_for(lambda: jobs.status(name, served_store) == "stopped")


def test_a_training_that_diverges_says_so_and_leaves_no_finished_run(served_store):
    name = jobs.submit(DIVERGING, served_store)
    wait_for(lambda: jobs.status(name, served_store) == "failed")
    assert "Lower the learning rate" in jobs.progress(name, served_store).message
    assert served_store.find(name) is None


def test_a_training_goes_on_when_the_process_that_asked_for_it_is_killed(served_store):
    run = with_seed(config.adjusted(QUICK, training={"epochs": 30}), 3)
    program = (
        "import os, signal, sys; from pathlib import Path; from ae_core import config, jobs; from ae_core.store import Store\n"
        "jobs.submit(config.from_json(sys.argv[1]), Store(Path(sys.argv[2]))); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, config.to_json(run), str(served_store.root)], cwd=PROJECT, timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL
    wait_for(lambda: jobs.status(config.run_id(run), served_store) == "finished")


def test_a_second_cluster_for_one_store_is_not_started(served_store):
    cluster.client(served_store)
    started = time.monotonic()
    cluster.run(served_store)  # returns at once, as the lock is held
    assert time.monotonic() - started < 10


def test_an_idle_cluster_ends_itself_and_leaves_nothing_behind(tmp_path):
    store = Store(tmp_path / "idle")
    process = subprocess.Popen([sys.executable, "-m", "ae_core", "cluster", "--store", str(store.root), "--idle-seconds", "2"], cwd=PROJECT)
    wait_for(lambda: cluster.is_running(store))
    assert process.wait(timeout=60) == 0
    assert not (cluster.folder(store) / "scheduler.json").exists()


def test_a_scheduler_file_of_a_dead_cluster_is_replaced(tmp_path):
    store = Store(tmp_path / "stale")
    store.check_writable()
    cluster.folder(store).mkdir()
    (cluster.folder(store) / "scheduler.json").write_text('{"address": "tcp://127.0.0.1:9"}')
    try:
        assert cluster.client(store).status == "running"
    finally:
        end_cluster(store)


def test_a_run_whose_cluster_died_is_reported_as_lost(tmp_path):
    store = Store(tmp_path / "lost")
    name = jobs.submit(LONG, store)
    wait_for(lambda: jobs.progress(name, store).step > 0)
    end_cluster(store)
    wait_for(lambda: jobs.status(name, store) == "lost")


def test_the_diverging_loss_is_an_error_with_a_next_step(tmp_path, few_digits: Digits):
    store = Store(tmp_path / "diverged")
    with pytest.raises(DivergedError, match="Lower the learning rate"):
        for _ in jobs.record(DIVERGING, store, few_digits):
            pass
    assert store.events(config.run_id(DIVERGING))[-1]["event"] == "failed"
    assert store.find(config.run_id(DIVERGING)) is None


def test_the_log_tells_the_whole_story_of_a_denoiser(tmp_path, few_digits: Digits):
    run = config.adjusted(DAE, training={"epochs": 2})
    store = Store(tmp_path / "story")
    for event in jobs.record(run, store, few_digits):
        if isinstance(event, BatchDone) and event.step == 5:
            now = jobs.progress(config.run_id(run), store)
            assert 0 < now.fraction < 1
    log = jobs.progress(config.run_id(run), store)
    assert log.status == "finished"
    assert log.clean is not None
    assert log.noisy is not None
    assert not log.noisy.equal(log.clean)
    assert log.snapshot().shape == (16, 28, 28)
    assert log.snapshots[0][0] == 0
    assert log.snapshots[-1][0] == log.steps


def test_a_store_that_cannot_be_written_is_told_in_plain_words(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="AE_LAB_STORE"):
        jobs.submit(QUICK, Store(tmp_path / "file" / "store"))


def test_the_training_process_gives_way_to_sliders(served_store):
    name = jobs.submit(with_seed(QUICK, 11), served_store)
    wait_for(lambda: jobs.status(name, served_store) == "finished")
    niceness = cluster.client(served_store).run(os.nice, 0)
    assert all(value >= 10 for value in niceness.values())


def test_the_scheduler_listens_on_this_machine_only(served_store):
    address = cluster.client(served_store).scheduler_info()["address"]
    assert address.startswith("tcp://127.0.0.1:")
    assert Path(cluster.folder(served_store) / "scheduler.json").exists()
