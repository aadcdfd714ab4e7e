"""What each process of the lab imports and keeps in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

HEAVY = {"torch", "dask", "distributed", "pandas", "pyarrow", "plotly", "scipy", "streamlit", "torchvision"}
ON_LINUX = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").is_file(), reason="this system does not tell what memory is used for"
)


def run_program(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("module", "needs"),
    [
        # the app's server before the first visitor; torch follows in a thread
        ("ae_core.service.dispatch", set()),
        ("ae_core.service.jobs", set()),
        ("ae_core.runs.store", set()),
        ("ae_core.commands.cluster", {"dask", "distributed"}),
        ("ae_core.service.worker", {"dask", "distributed", "torch"}),
        ("pages.shared.server.health", {"streamlit"}),
    ],
)
def test_a_process_imports_nothing_heavy_that_it_does_not_need(module, needs):
    """Plotly comes with Streamlit, as far as Streamlit itself imports it."""
    imported = run_program(f"import sys, {module}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))")
    assert (HEAVY - {"plotly"}) & set(imported.split()) == needs


def kept_megabytes(name: str, program: str) -> dict[str, int]:
    """What the program prints, with that function of `ae_core.service.memory` called before, and without."""
    begin = """
import re, threading
from pathlib import Path
from ae_core.service import memory
def dirty():
    return int(re.search(r"Private_Dirty:\\s+(\\d+)", Path("/proc/self/smaps_rollup").read_text())[1]) // 1024
"""
    calls = {"with": f"memory.{name}()\n", "without": ""}
    return {way: int(run_program(begin + call + program)) for way, call in calls.items()}


@ON_LINUX
def test_large_pieces_go_back_to_the_system_when_they_are_freed():
    """As they do not by themselves: glibc keeps them, once one such piece was freed."""
    kept = kept_megabytes(
        "give_back_large_pieces",
        """
import numpy as np
np.ones(30_000_000, np.uint8)  # and freed
before = dirty()
pieces, between = [], []
for _ in range(10):
    pieces.append(np.ones(8_000_000, np.uint8))
    between.append(np.ones(100_000, np.uint8))
pieces.clear()
print(dirty() - before)
""",
    )
    assert kept["without"] > 50 > 10 > kept["with"]


@ON_LINUX
def test_what_one_thread_freed_another_takes():
    """As it does not by itself: glibc gives each thread a place of its own, which stays as large."""
    kept = kept_megabytes(
        "share_what_is_freed",
        """
turn, together, rests = threading.Lock(), threading.Barrier(8), []
def work():
    with turn:
        pieces = [b"x" * 1_000_000 for _ in range(20)]
        rests.append(b"x" * 100_000)
        pieces.clear()
    together.wait()
memory.give_back_large_pieces()
before = dirty()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(dirty() - before)
""",
    )
    assert kept["without"] > 100 > 60 > kept["with"]
