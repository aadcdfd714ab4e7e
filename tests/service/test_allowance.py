"""How many workers there are: from cores and memory that the process may really use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ae_core.service import allowance, cluster
from tests.conftest import PROJECT

GIGABYTE = 10**9
# The files of a process in each kind of surroundings: what a container or a service manager writes.
HALF_A_CORE_OLD = {"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n"}
NO_QUOTA_OLD = {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}


def surroundings(root: Path, groups: str, files: dict[str, dict[str, str]]) -> Path:
    """A folder that looks like / to who reads control groups. files: folder below /sys/fs/cgroup to files."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for folder, contents in files.items():
        place = root / "sys/fs/cgroup" / folder
        place.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            (place / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("groups", "files", "cores"),
    [
        ("0::/\n", {"": {"cpu.max": "50000 100000\n"}}, 1),
        ("0::/\n", {"": {"cpu.max": "150000 100000\n"}}, 2),
        ("0::/\n", {"": {"cpu.max": "max 100000\n"}}, 64),
        # a service of systemd's, whose quota is its slice's
        ("0::/lab.slice/lab.service\n", {"lab.slice": {"cpu.max": "300000 100000\n"}}, 3),
        ("4:cpu,cpuacct:/docker/abc\n", {"cpu,cpuacct": HALF_A_CORE_OLD}, 1),
        ("4:cpuacct,cpu:/\n", {"cpuacct,cpu": HALF_A_CORE_OLD}, 1),
        ("1:cpu:/a\n2:cpuacct:/a\n", {"cpu/a": HALF_A_CORE_OLD, "cpu": NO_QUOTA_OLD}, 1),
        ("1:cpu:/\n", {"cpu": NO_QUOTA_OLD}, 64),
        ("", {}, 64),
    ],
)
def test_cores_are_those_that_a_containers_quota_leaves(tmp_path, monkeypatch, groups, files, cores):
    monkeypatch.setattr(allowance, "cpu_count", lambda: 64)  # what the host has
    assert allowance.allowed_cores(surroundings(tmp_path, groups, files)) == cores


@pytest.mark.parametrize(
    ("groups", "files", "limit"),
    [
        ("0::/\n", {"": {"memory.max": f"{GIGABYTE}\n", "memory.high": "max\n"}}, GIGABYTE),
        (
            "0::/a/b\n",
            {"a": {"memory.max": f"{2 * GIGABYTE}\n"}, "a/b": {"memory.max": "max\n"}},
            2 * GIGABYTE,
        ),
        ("5:memory:/docker/abc\n", {"memory": {"memory.limit_in_bytes": f"{GIGABYTE}\n"}}, GIGABYTE),
        # what the older kind says where there is no limit
        ("5:memory:/\n", {"memory": {"memory.limit_in_bytes": "9223372036854771712\n"}}, 64 * GIGABYTE),
        ("", {}, 64 * GIGABYTE),
    ],
)
def test_memory_is_what_a_containers_limit_leaves(tmp_path, monkeypatch, groups, files, limit):
    monkeypatch.setattr(allowance, "memory_limit", lambda: 64 * GIGABYTE)
    assert allowance.allowed_bytes(surroundings(tmp_path, groups, files)) == limit


@pytest.mark.parametrize(
    ("cores", "gigabytes", "workers"),
    [(1, 64, 1), (2, 64, 1), (8, 64, 7), (8, 1, 1), (8, 2, 2), (8, 4, 6), (64, 0.5, 1)],
)
def test_there_are_as_many_workers_as_cores_and_memory_allow_and_one_at_least(
    monkeypatch, cores, gigabytes, workers
):
    monkeypatch.setattr(allowance, "allowed_cores", lambda: cores)
    monkeypatch.setattr(allowance, "allowed_bytes", lambda: int(gigabytes * GIGABYTE))
    assert cluster.default_workers() == workers


@pytest.mark.skipif(shutil.which("taskset") is None, reason="this system binds no process to a core")
def test_a_process_that_is_bound_to_a_core_counts_one_whatever_the_machine_has():
    program = "from ae_core.service.allowance import allowed_cores; print(allowed_cores())"
    core = f"{min(os.sched_getaffinity(0))}"
    done = subprocess.run(
        ["taskset", "--cpu-list", core, sys.executable, "-c", program],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == 1
