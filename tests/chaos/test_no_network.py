"""The lab where there is no network at all, not even to look up a name: on a train, in a cellar."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import PROJECT

# A network of its own with nothing in it but this machine itself.
ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def test_pages_work_without_any_network(times):
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip(
            "this system cannot take the network from a process (unshare and ip of util-linux and iproute2)"
        )
    if subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("taking the network from a process needs root")
    reach_out = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    outside = subprocess.run([*ALONE, sys.executable, "-c", reach_out], capture_output=True)
    assert b"Network is unreachable" in outside.stderr
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-o",
        "addopts=",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "tests/browser/test_pages_in_browser.py",
    ]
    pages = times("and comparison", "")
    tests += ["-k", f"every_page_opens_from_a_link and projector {pages}"]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run([*ALONE, *tests], cwd=PROJECT, capture_output=True, text=True, env=surroundings)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
