"""Trainings in a real Dask worker: asked for, followed, shared, stopped, never lost with whatever dies."""

from __future__ import annotations

import gc
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from distributed import Client

from ae_core import config, data
from ae_core.config import DAE, LINEAR, RunConfig, run_id
from ae_core.data import Digits
from ae_core.errors import ClusterError, DeadlineError, DivergedError, QueueFullError, StoreError
from ae_core.runs import history, tickets
from ae_core.runs.store import SHIPPED, Store
from ae_core.service import cluster, connection, dispatch, jobs, scheduler, worker
from ae_core.training import BatchDone, use_one_thread
from tests.conftest import PROJECT
from tests.support.service import (  # fmt: skip
    ENDLESS,
    QUICK,
    STEADY,
    clear_line,
    forget,
    local_cluster,
    process_tree,
    story,
    wait_for,
    wait_for_status,
    wait_until_gone,
    weights,
    with_seed,
)

DIVERGING = config.adjusted(
    replace(LINEAR, data=QUICK.data),
    model={"hidden_sizes": (64, 64, 64, 64)},
    training={"learning_rate": 1.0},
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, digits: Digits, cache_dir: Path) -> Iterator[Store]:
    """A store with a local cluster of one worker; the digits need not be unpacked again."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "cache").symlink_to(cache_dir)
    with local_cluster(Store(folder)) as store:
        yield store


@pytest.fixture
def served_store(service: Store) -> Iterator[Store]:
    """That store, with nobody in the line before or after."""
    yield service
    clear_line(service)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Store:
    """Where STEADY and QUICK were trained in this process, without a pause."""
    use_one_thread()
    store = Store(tmp_path_factory.mktemp("undisturbed"))
    for run in (STEADY, QUICK):
        for _ in worker.record_training(run, store, data.select_digits(digits, run.data)):
            pass
    return store


@pytest.fixture
def steady(served_store: Store) -> str:
    """STEADY's id, in a store that has never heard of it."""
    forget(run_id(STEADY), served_store)
    return run_id(STEADY)


@pytest.fixture
def endless(served_store: Store) -> str:
    """ENDLESS's id, in a store that has never heard of it."""
    forget(run_id(ENDLESS), served_store)
    return run_id(ENDLESS)


def is_as_if_undisturbed(name: str, store: Store, undisturbed: Store) -> bool:
    """Whether log and weights are those of a training without a pause."""
    assert story(name, store) == story(name, undisturbed)
    return weights(name, store) == weights(name, undisturbed)


def when(kind: str, name: str, store: Store) -> float:
    """When the run's log says so for the first time."""
    return next(event["time"] for event in store.events(name) if event["event"] == kind)


def wait_for_epoch(name: str, store: Store, epoch: int = 1) -> None:
    wait_for(lambda: history.read_progress(name, store).epoch >= epoch)
    assert history.status_of(name, store) == "running"


# From the dials to the weights


def test_a_worker_keeps_the_memory_of_one_batch_for_the_next(service):
    """With Dask's own setting it gives it back every time, and a training takes twice as long."""
    told = connection.connect_client(service).run(os.getenv, "MALLOC_TRIM_THRESHOLD_")
    assert list(told.values()) == [os.environ.get("MALLOC_TRIM_THRESHOLD_")]


def test_a_submitted_run_is_trained_outside_this_process_and_can_be_loaded(served_store):
    forget(run_id(QUICK), served_store)
    name = jobs.submit_training(QUICK, served_store)
    assert history.status_of(name, served_store) in ("queued", "running")
    wait_for_status(name, served_store, "finished")
    assert served_store.load_model(served_store.get(name)).encode
    log = history.read_progress(name, served_store)
    assert (log.epoch, log.step, log.fraction, log.seconds_left) == (2, log.steps, 1.0, 0.0)
    assert [step for step, _ in log.test_errors] == [16, 32]
    wait_for(lambda: tickets.find_ticket(served_store, name) is None)


def test_a_worker_trains_to_the_same_weights_as_this_process(served_store, undisturbed):
    name = jobs.submit_training(QUICK, served_store)
    wait_for_status(name, served_store, "finished")
    assert is_as_if_undisturbed(name, served_store, undisturbed)


def test_what_is_finished_is_not_trained_again(served_store):
    name = jobs.submit_training(QUICK, served_store)
    wait_for_status(name, served_store, "finished")
    wait_for(lambda: not tickets.tickets_in_line(served_store))
    before = served_store.events(name)
    assert jobs.submit_training(QUICK, served_store) == name
    assert tickets.tickets_in_line(served_store) == []
    assert served_store.events(name) == before


def test_equal_submissions_are_one_training(served_store):
    run = with_seed(QUICK, 7)
    names = {jobs.submit_training(run, served_store, visitor=f"visitor {i}") for i in range(20)}
    wait_for_status(run_id(run), served_store, "finished")
    assert names == {run_id(run)}
    assert [event["event"] for event in served_store.events(run_id(run))].count("started") == 1


def test_the_log_tells_the_whole_story_of_a_denoiser(store, few_digits: Digits):
    run = config.adjusted(DAE, training={"epochs": 2})
    for event in worker.record_training(run, store, few_digits):
        if isinstance(event, BatchDone) and event.step == 5:
            assert 0 < history.read_progress(run_id(run), store).fraction < 1
    log = history.read_progress(run_id(run), store)
    assert log.status == "finished"
    assert log.clean is not None
    assert log.noisy is not None
    assert not log.noisy.equal(log.clean)
    assert log.snapshot().shape == (8, 28, 28)
    assert (log.snapshots[0][0], log.snapshots[-1][0]) == (0, log.steps)


def test_a_run_nobody_ever_asked_for_has_no_status(store):
    assert history.status_of("0" * 16, store) == "none"
    assert history.read_progress("0" * 16, store).fraction == 0


def test_a_run_that_came_with_the_lab_is_finished(store):
    for path in SHIPPED.iterdir():
        assert history.status_of(path.name, store) == "finished"


# Stop, and go on


def test_stop_ends_a_training_within_moments_and_leaves_no_finished_run(served_store, endless):
    jobs.submit_training(ENDLESS, served_store)
    wait_for(lambda: history.read_progress(endless, served_store).batch_losses)
    assert jobs.stop_training(endless, served_store)
    wait_for_status(endless, served_store, "stopped", seconds=5)
    assert served_store.find(endless) is None
    assert history.read_progress(endless, served_store).batch_losses


def test_a_stopped_run_goes_on_from_its_last_epoch_as_if_nothing_had_been(served_store, steady, undisturbed):
    jobs.submit_training(STEADY, served_store)
    wait_for_epoch(steady, served_store)
    jobs.stop_training(steady, served_store)
    wait_for_status(steady, served_store, "stopped")
    assert served_store.last_epoch(STEADY) >= 1
    kept = [event["time"] for event in served_store.events(steady) if event["event"] == "epoch"]
    jobs.submit_training(STEADY, served_store)
    wait_for_status(steady, served_store, "finished")
    times = [event["time"] for event in served_store.events(steady) if event["event"] == "epoch"]
    assert times[: len(kept)] == kept  # not learnt a second time
    assert is_as_if_undisturbed(steady, served_store, undisturbed)


def test_a_run_stopped_and_asked_for_in_one_breath_is_trained(served_store, steady, undisturbed):
    for _ in range(5):
        jobs.submit_training(STEADY, served_store)
        jobs.stop_training(steady, served_store)
    jobs.submit_training(STEADY, served_store)
    wait_for_status(steady, served_store, "finished")
    assert is_as_if_undisturbed(steady, served_store, undisturbed)


def test_a_waiting_run_that_is_stopped_never_begins(served_store, endless):
    jobs.submit_training(ENDLESS, served_store, visitor="one")
    wait_for_status(endless, served_store, "running")
    waiting = jobs.submit_training(with_seed(QUICK, 20), served_store, visitor="one")
    assert history.status_of(waiting, served_store) == "queued"
    assert jobs.stop_training(waiting, served_store, "one")
    assert history.status_of(waiting, served_store) == "none"
    assert jobs.stop_training(endless, served_store, "one")
    wait_for_status(endless, served_store, "stopped")
    after = jobs.submit_training(with_seed(QUICK, 25), served_store, visitor="one")
    wait_for_status(after, served_store, "finished")  # the line has moved on beyond its place
    assert served_store.events(waiting) == []


def test_one_of_two_who_asked_cannot_stop_the_others_training(served_store, endless):
    for visitor in ("one", "two"):
        jobs.submit_training(ENDLESS, served_store, visitor=visitor)
    wait_for(lambda: history.read_progress(endless, served_store).step > 0)
    assert not jobs.stop_training(endless, served_store, "one")
    step = history.read_progress(endless, served_store).step
    wait_for(lambda: history.read_progress(endless, served_store).step > step)
    assert history.status_of(endless, served_store) == "running"
    assert jobs.stop_training(endless, served_store, "two")
    wait_for_status(endless, served_store, "stopped", seconds=5)


def test_a_training_that_somebody_watches_goes_on_until_they_look_away(served_store, endless):
    jobs.submit_training(ENDLESS, served_store, visitor="one")
    tickets.note_viewer(served_store, endless, "onlooker")
    wait_for_status(endless, served_store, "running")
    assert not jobs.stop_training(endless, served_store, "one")
    assert tickets.find_ticket(served_store, endless) is not None
    os.utime(tickets.ticket_folder(served_store, endless) / tickets.VIEWERS / "onlooker", (0, 0))
    assert jobs.stop_training(endless, served_store, "one")
    wait_for_status(endless, served_store, "stopped")


# What goes wrong


def test_a_training_that_diverges_says_so_and_leaves_no_finished_run(served_store):
    name = jobs.submit_training(DIVERGING, served_store)
    wait_for_status(name, served_store, "failed")
    assert "Lower the learning rate" in history.read_progress(name, served_store).message
    assert served_store.find(name) is None
    assert tickets.find_ticket(served_store, name) is None


def test_the_diverging_loss_is_an_error_with_a_next_step(store, few_digits: Digits):
    with pytest.raises(DivergedError, match="Lower the learning rate"):
        for _ in worker.record_training(DIVERGING, store, few_digits):
            pass
    assert store.events(run_id(DIVERGING))[-1]["event"] == "failed"
    assert store.find(run_id(DIVERGING)) is None


def test_a_training_that_takes_far_too_long_is_ended_and_says_why(store, few_digits: Digits):
    with pytest.raises(DeadlineError, match="three times as long"):
        for _ in worker.record_training(QUICK, store, few_digits, limit_seconds=0):
            pass
    assert history.status_of(run_id(QUICK), store) == "failed"
    assert "Train to go on" in history.read_progress(run_id(QUICK), store).message


def test_after_a_deadline_the_next_attempt_has_as_long_again(store, few_digits: Digits, monkeypatch):
    """Otherwise it would be ended at its first batch, and pressing Train would never help."""
    passed = iter(range(1_000_000))
    # a second a look
    monkeypatch.setattr(
        worker, "time", SimpleNamespace(monotonic=time.monotonic, process_time=lambda: float(next(passed)))
    )
    epochs = []
    for _ in range(3):
        with pytest.raises(DeadlineError):
            for _ in worker.record_training(
                config.adjusted(QUICK, training={"epochs": 50}), store, few_digits, limit_seconds=20
            ):
                pass
        epochs.append(store.last_epoch(config.adjusted(QUICK, training={"epochs": 50})))
    assert 0 < epochs[0] < epochs[1] < epochs[2]


def leave_ticket_of_another_version(store: Store, run: RunConfig) -> None:
    """What another version of the lab, in the same store, has asked for."""
    tickets.submit_ticket(Store(store.root / "elsewhere"), run, "somebody", 1.0)
    fields = json.loads((store.root / "elsewhere" / "jobs" / run_id(run) / tickets.TICKET).read_text())
    fields["versions"]["torch"] = "1.0"
    place = tickets.ticket_folder(store, run_id(run))
    (place / tickets.OWNERS).mkdir(parents=True)
    (place / tickets.TICKET).write_text(json.dumps(fields))


def test_a_run_asked_for_by_another_version_fails_with_the_reason(served_store):
    run = with_seed(QUICK, 21)
    leave_ticket_of_another_version(served_store, run)
    wait_for_status(run_id(run), served_store, "failed")
    message = history.read_progress(run_id(run), served_store).message
    assert "this lab has 1.0" in message
    assert "ae_core cluster stop" in message


def test_a_ticket_that_another_version_left_does_not_spoil_the_finished_run(served_store):
    run = with_seed(QUICK, 22)
    jobs.submit_training(run, served_store)
    wait_for_status(run_id(run), served_store, "finished")
    wait_for(lambda: not tickets.tickets_in_line(served_store))
    leave_ticket_of_another_version(served_store, run)
    wait_for(lambda: tickets.find_ticket(served_store, run_id(run)) is None)
    assert Store(served_store.root).get(run_id(run)).config == run


def test_a_ticket_of_another_version_whose_run_is_in_training_is_left_to_that_training(served_store):
    run = with_seed(QUICK, 23)
    log = served_store.start_log(run)
    with served_store.lock(run_id(run)):
        leave_ticket_of_another_version(served_store, run)
        time.sleep(10 * dispatch.DISPATCH_SECONDS)
        assert tickets.find_ticket(served_store, run_id(run)) is not None
        assert log.path.read_bytes() == b""


def test_a_store_that_cannot_be_written_is_told_in_plain_words(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="AE_LAB_STORE"):
        jobs.submit_training(QUICK, Store(tmp_path / "file" / "store"))


def test_a_scheduler_that_does_not_answer_is_named(store, monkeypatch):
    monkeypatch.setenv("AE_LAB_SCHEDULER", "tcp://127.0.0.1:9")
    with pytest.raises(ClusterError, match=r"tcp://127\.0\.0\.1:9 does not answer.*what was asked for waits"):
        connection.connect_client(store, wait_seconds=0.5)


def test_nothing_is_left_of_a_client_that_came_to_nothing(store, monkeypatch):
    monkeypatch.setenv("AE_LAB_SCHEDULER", "tcp://127.0.0.1:9")
    before = {id(one) for one in gc.get_objects() if type(one) is Client}
    gc.disable()
    try:
        with pytest.raises(ClusterError):
            connection.connect_client(store, wait_seconds=0.5)
        assert {id(one) for one in gc.get_objects() if type(one) is Client} <= before
    finally:
        gc.enable()


# Whatever dies


def test_a_training_goes_on_when_the_process_that_asked_for_it_is_killed(served_store):
    run = with_seed(QUICK, 3)
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from ae_core import config; from ae_core.runs.store import Store; from ae_core.service import jobs\n"
        "jobs.submit_training(config.from_json(sys.argv[1]), Store(Path(sys.argv[2])))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, config.to_json(run), str(served_store.root)],
        cwd=PROJECT,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    wait_for_status(run_id(run), served_store, "finished")


def test_a_killed_worker_is_replaced_and_the_training_goes_on(served_store, steady, undisturbed):
    jobs.submit_training(STEADY, served_store)
    wait_for_epoch(steady, served_store)
    (before,) = connection.list_workers(served_store)
    os.kill(before.pid, signal.SIGKILL)
    wait_for_status(steady, served_store, "finished")
    (after,) = connection.list_workers(served_store)
    assert after.pid != before.pid
    assert is_as_if_undisturbed(steady, served_store, undisturbed)


# The line


def test_a_visitors_second_run_waits_until_the_first_is_done(served_store, monkeypatch):
    monkeypatch.setattr(jobs, "expected_seconds", lambda run, store: 1.0)
    mine, mine_too, theirs = (
        config.adjusted(QUICK, training={"seed": seed, "epochs": 3}) for seed in (30, 31, 32)
    )
    jobs.submit_training(mine, served_store, visitor="me")
    jobs.submit_training(mine_too, served_store, visitor="me")
    jobs.submit_training(theirs, served_store, visitor="them")
    for run in (mine, mine_too, theirs):
        wait_for_status(run_id(run), served_store, "finished")
    assert when("finished", run_id(mine), served_store) < when("started", run_id(mine_too), served_store)
    assert when("started", run_id(theirs), served_store) < when("started", run_id(mine_too), served_store)


def test_a_short_run_gets_the_worker_between_two_epochs_of_a_long_one(
    served_store, steady, undisturbed, monkeypatch
):
    monkeypatch.setattr(jobs, "expected_seconds", lambda run, store: 600.0 if run == STEADY else 1.0)
    short = run_id(with_seed(QUICK, 40))
    jobs.submit_training(STEADY, served_store, visitor="patient")
    wait_for_epoch(steady, served_store)
    jobs.submit_training(with_seed(QUICK, 40), served_store, visitor="hasty")
    for name in (short, steady):
        wait_for_status(name, served_store, "finished")
    assert when("finished", short, served_store) < when("finished", steady, served_store)
    assert is_as_if_undisturbed(steady, served_store, undisturbed)


def test_a_long_run_does_not_give_way_to_another_of_the_same_visitor(served_store, monkeypatch):
    monkeypatch.setattr(
        jobs, "expected_seconds", lambda run, store: 600.0 if run.training.epochs == 6 else 1.0
    )
    long, short = config.adjusted(QUICK, training={"seed": 41, "epochs": 6}), with_seed(QUICK, 42)
    jobs.submit_training(long, served_store)
    wait_for_epoch(run_id(long), served_store)
    jobs.submit_training(short, served_store)
    for run in (long, short):
        wait_for_status(run_id(run), served_store, "finished")
    assert when("finished", run_id(long), served_store) < when("started", run_id(short), served_store)


def test_who_has_enough_under_way_is_told_when_to_try_again(served_store, monkeypatch):
    for seed in range(3):
        jobs.submit_training(with_seed(ENDLESS, seed), served_store, visitor="greedy")
    with pytest.raises(QueueFullError, match=r"one running and two waiting.*in about \d+ (s|min)\."):
        jobs.submit_training(with_seed(ENDLESS, 3), served_store, visitor="greedy")
    assert history.status_of(run_id(with_seed(ENDLESS, 3)), served_store) == "none"
    with monkeypatch.context() as patch:
        patch.setattr(tickets, "TICKETS_IN_ALL", 3)
        with pytest.raises(
            QueueFullError,
            match=r"as many as the line holds\. The first should be done in about [1-9]\d* (s|min)\.",
        ):
            jobs.submit_training(with_seed(ENDLESS, 3), served_store, visitor="modest")
    jobs.submit_training(with_seed(ENDLESS, 3), served_store, visitor="modest")


def test_the_line_tells_who_is_running_and_who_is_next(served_store):
    names = [
        jobs.submit_training(with_seed(ENDLESS, seed), served_store, visitor=f"visitor {seed}")
        for seed in range(3)
    ]
    wait_for_status(names[0], served_store, "running")
    told = jobs.forecast_line(served_store)
    assert [told[name].position for name in names] == [0, 1, 2]
    assert 0 == told[names[0]].start_seconds < told[names[1]].start_seconds < told[names[2]].start_seconds


# How long it takes


def test_the_expected_time_grows_with_the_epochs(store):
    seconds = [
        jobs.expected_seconds(config.adjusted(DAE, training={"epochs": epochs}), store)
        - jobs.OVERHEAD_SECONDS
        for epochs in (10, 20)
    ]
    assert seconds[1] == pytest.approx(2 * seconds[0])
    assert 0 < seconds[0] < 600


def test_smaller_batches_are_expected_to_take_longer(store):
    seconds = [
        jobs.expected_seconds(config.adjusted(DAE, training={"batch_size": size}), store)
        for size in (8, 64, 2048)
    ]
    assert seconds[0] > seconds[1] >= seconds[2]


def test_what_was_measured_here_is_preferred(store, digits: Digits):
    shipped = jobs.expected_seconds(QUICK, store)
    for _ in worker.record_training(QUICK, store, data.select_digits(digits, QUICK.data)):
        pass
    measured = store.get(run_id(QUICK)).result
    per_digit = measured["train_seconds"] / 2 / QUICK.data.count
    here = jobs.expected_seconds(with_seed(QUICK, 1), store)
    assert here == pytest.approx(jobs.OVERHEAD_SECONDS + 2 * jobs.EPOCH_SECONDS + 2 * 4000 * per_digit)
    assert here != shipped


def test_passes_over_few_digits_tell_nothing_of_one_over_all(store, digits: Digits):
    """A pass over 100 digits takes several times as long for each of them."""
    whole = jobs.expected_seconds(config.FAE, store)
    few = config.with_data(config.FAE, config.DataConfig(digits=100))
    for _ in worker.record_training(few, store, data.select_digits(digits, few.data)):
        pass
    assert jobs.expected_seconds(config.FAE, store) == whole


def test_where_nothing_was_measured_the_guess_is_on_the_safe_side(tmp_path, few_digits: Digits):
    bare = Store(tmp_path / "bare", shipped_root=None)
    for run in (QUICK, DAE):
        assert math.isfinite(jobs.expected_seconds(run, bare))
        assert jobs.expected_seconds(run, bare) >= jobs.expected_seconds(
            run, replace(bare, shipped_root=SHIPPED)
        )


# The local cluster


@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="this system does not tell what is loaded")
def test_the_scheduler_does_without_torch(served_store):
    """Torch takes 300 MB in each process that imports it by itself."""

    def has_torch(process: psutil.Process) -> bool:
        return "libtorch" in Path(f"/proc/{process.pid}/maps").read_text()

    parent, *others = process_tree(served_store)
    assert not has_torch(parent)
    assert any(map(has_torch, others))


def test_a_second_cluster_for_one_store_is_not_started(served_store):
    assert not jobs.serve_cluster(served_store, 1.0, 1)
    assert cluster.is_cluster_running(served_store)


def test_an_idle_cluster_ends_itself_and_leaves_nothing_behind(tmp_path):
    store = Store(tmp_path / "idle")
    command = [
        sys.executable,
        "-m",
        "ae_core",
        "cluster",
        "run",
        "--store",
        str(store.root),
        "--idle-seconds",
        "1",
        "--workers",
        "1",
    ]
    with subprocess.Popen(
        command, cwd=PROJECT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        wait_for(lambda: (cluster.cluster_folder(store) / "scheduler.json").exists())
        processes = process_tree(store)
        assert process.wait(timeout=60) == 0
    wait_until_gone(processes)
    assert not (cluster.cluster_folder(store) / "scheduler.json").exists()
    assert not cluster.is_cluster_running(store)


def test_the_training_process_gives_way_to_sliders(served_store):
    processes = process_tree(served_store)
    assert all(process.nice() >= scheduler.NICENESS for process in processes)
    for process in (
        processes if sched_autogroups() else []
    ):  # there a process's own nice value counts within its session only
        assert (
            re.search(r"nice (\d+)", Path(f"/proc/{process.pid}/autogroup").read_text())[1]
            == f"{scheduler.NICENESS}"
        )


def sched_autogroups() -> bool:
    """Whether this is a Linux that weighs sessions against each other."""
    switch = Path("/proc/sys/kernel/sched_autogroup_enabled")
    return switch.exists() and switch.read_text().strip() == "1"


def test_the_cluster_listens_on_this_machine_only(served_store):
    assert connection.connect_client(served_store).scheduler_info()["address"].startswith("tls://127.0.0.1:")
    listening = [
        connection.laddr.ip
        for process in process_tree(served_store)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3  # scheduler, nanny, worker
    assert set(listening) == {"127.0.0.1"}
