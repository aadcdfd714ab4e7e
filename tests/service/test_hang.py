"""A training process that is there and does nothing, or that has lost its store, is told of at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from ae_core.errors import ClusterError
from ae_core.runs.store import Store
from ae_core.service import cluster
from pages.shared.server import health


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
