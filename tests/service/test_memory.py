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


@ON_LINUX
def test_large_pieces_go_back_to_the_system_when_they_are_freed():
    """As they do not by themselves: glibc keeps them, once one such piece was freed."""
    program = """
import re, sys
from pathlib import Path
import numpy as np
from ae_core.service.memory import give_back_large_pieces
def dirty():
    return int(re.search(r"Private_Dirty:\\s+(\\d+)", Path("/proc/self/smaps_rollup").read_text())[1]) // 1024
if sys.argv[1] == "give back":
    give_back_large_pieces()
np.ones(30_000_000, np.uint8)  # and freed
before = dirty()
pieces, between = [], []
for _ in range(10):
    pieces.append(np.ones(8_000_000, np.uint8))
    between.append(np.ones(100_000, np.uint8))
pieces.clear()
print(dirty() - before)
"""
    kept = {
        way: int(
            subprocess.run(
                [sys.executable, "-c", program, way], cwd=PROJECT, capture_output=True, text=True, check=True
            ).stdout
        )
        for way in ("give back", "keep")
    }
    assert kept["give back"] < 10 < 50 < kept["keep"]
