"""A training process that is there and does nothing, or that has lost its store, is told of at once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from ae_core.errors import ClusterError
from ae_core.runs import tickets
from ae_core.runs.store import Store
from ae_core.service import cluster, dispatcher, jobs
from pages.shared.server import health
from tests.support.service import QUICK, end_cluster, process_tree, wait_for, wait_until_gone


@pytest.fixture
def held(store: Store) -> Iterator[Store]:
    """A store whose training process is alive, as far as its lock tells."""
    cluster.cluster_folder(store).mkdir(parents=True)
    (cluster.cluster_folder(store) / cluster.PROCESS).write_text('{"pid": 1, "workers": 1}')
    with FileLock(cluster.cluster_folder(store) / "lock"):
        yield store


def grow_old(store: Store, name: str) -> None:
    long_ago = time.time() - cluster.HUNG_SECONDS - 5
    os.utime(cluster.cluster_folder(store) / name, (long_ago, long_ago))


def test_a_process_that_says_nothing_any_more_hangs(held):
    assert cluster.read_problem(held) == ""  # it has only just begun
    grow_old(held, cluster.PROCESS)
    assert "cluster stop" in cluster.read_problem(held)
    cluster.note_alive(held)
    assert cluster.read_problem(held) == ""
    grow_old(held, cluster.ALIVE)
    assert "has not answered for 25 s" in cluster.find_hang(held)


def test_health_tells_of_it(held, monkeypatch):
    monkeypatch.setenv("AE_LAB_STORE", str(held.root))
    assert health.training_problem() == ""
    grow_old(held, cluster.PROCESS)
    assert "hangs" in health.training_problem()


def test_no_second_process_is_started_beside_one_that_has_lost_its_store(store, monkeypatch):
    monkeypatch.setattr(cluster, "LONGEST_START_SECONDS", 0.0)
    store.check_writable()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        monkeypatch.setitem(cluster._started, store.root, (process, time.monotonic()))
        with pytest.raises(ClusterError, match="lost its store"):
            cluster.ensure_cluster_started(store)
        process.communicate(b"\n")


def test_one_that_is_only_ending_is_followed_by_the_next(store, monkeypatch):
    monkeypatch.setattr(cluster, "LONGEST_START_SECONDS", 0.0)
    cluster.make_folder(store)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        told = json.dumps({"pid": process.pid, "workers": 1})  # it held the lock, and has given it up
        (cluster.cluster_folder(store) / cluster.PROCESS).write_text(told)
        monkeypatch.setitem(cluster._started, store.root, (process, time.monotonic()))
        cluster.ensure_cluster_started(store, workers=1)
        process.communicate(b"\n")
    wait_for(lambda: cluster.is_cluster_running(store))
    assert cluster.read_process(store)["pid"] != process.pid
    end_cluster(store)


def test_a_process_that_starts_after_an_old_one_does_not_hang(store):
    cluster.make_folder(store)
    for name in (cluster.PROCESS, cluster.ALIVE):
        (cluster.cluster_folder(store) / name).write_text('{"pid": 1, "workers": 1}')
        grow_old(store, name)
    cluster.ensure_cluster_started(store, workers=1)
    wait_for(lambda: cluster.is_cluster_running(store), pause=0.0005)
    said: set[str] = set()
    wait_for(lambda: said.add(cluster.find_hang(store)) or has_begun(store), pause=0.0005)
    assert said == {""}
    end_cluster(store)


def has_begun(store: Store) -> bool:
    return cluster.read_process(store).get("pid", 1) != 1 and is_handing_on(store)


def is_handing_on(store: Store) -> bool:
    return (cluster.cluster_folder(store) / "scheduler.json").exists()


def test_a_process_that_waits_after_a_failed_look_does_not_hang(held, monkeypatch):
    monkeypatch.setattr(cluster, "ALIVE_SECONDS", 0.1)
    monkeypatch.setattr(cluster, "HUNG_SECONDS", 1.5)
    monkeypatch.setattr(dispatcher, "ANSWER_SECONDS", 0.1)
    tickets.submit_ticket(held, QUICK, "anna", 1.0)
    end = time.monotonic() + 5
    looking = threading.Thread(target=dispatcher.dispatch_until, args=(held, lambda: time.monotonic() > end))
    looking.start()
    wait_for(lambda: "does not answer" in cluster.read_problem(held), pause=0.01)  # there is no scheduler
    said: set[str] = set()
    while looking.is_alive():
        said.add(cluster.find_hang(held))
        time.sleep(0.01)
    assert said == {""}


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system stops no process")
def test_a_process_that_is_stopped_can_be_ended(store, monkeypatch):
    cluster.ensure_cluster_started(store, workers=1)
    wait_for(lambda: is_handing_on(store))
    processes = process_tree(store)
    monkeypatch.setattr(cluster, "CLOSE_SECONDS", 1)
    os.kill(cluster.read_process(store)["pid"], signal.SIGSTOP)
    jobs.stop_cluster(store)
    assert not cluster.is_cluster_running(store)
    wait_until_gone(processes)


def test_a_store_is_lost_only_when_it_says_so(store):
    place = cluster.cluster_folder(store) / cluster.PROCESS
    assert cluster.has_lost_store(store)
    cluster.make_folder(store)
    assert cluster.has_lost_store(store)
    for content in ("", '{"pid', f'{{"pid": {os.getpid()}}}'):
        place.write_text(content)
        assert not cluster.has_lost_store(store)
    place.write_text('{"pid": 1}')
    assert cluster.has_lost_store(store)


def test_a_store_that_cannot_be_read_at_the_moment_is_not_lost(store):
    (cluster.cluster_folder(store) / cluster.PROCESS).mkdir(parents=True)
    assert not cluster.has_lost_store(store)


def test_how_many_workers_there_are_is_told_without_dask(held):
    program = (
        "import sys; from pathlib import Path; from ae_core.runs.store import Store; "
        "from ae_core.service import cluster; "
        "print(cluster.local_workers(Store(Path(sys.argv[1]))), 'dask' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f"{held.root}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "False"]


def test_a_store_that_is_deleted_under_way_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = tmp_path / "kept"
    Store(root).check_writable()
    monkeypatch.setenv("AE_LAB_STORE", str(root))
    assert health.training_problem() == ""
    shutil.rmtree(root)
    assert health.training_problem() == health.STORE_LOST
    Store(root).check_writable()  # another one in its place
    assert health.training_problem() == health.STORE_LOST


def test_strangers_are_told_no_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path / "file" / "store"))
    words = health.without_paths(health.training_problem())
    assert words.startswith("The store cannot be written")
    assert "/" not in words
    assert health.without_paths("See its log, /srv/store/cluster/log.txt.") == "See its log, a file"
