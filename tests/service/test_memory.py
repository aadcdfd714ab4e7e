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


@ON_LINUX
def test_what_was_read_of_files_is_let_go_and_read_again_and_what_was_changed_stays(tmp_path):
    """Of files that cannot be written to, and of those in a folder into which nobody writes; no others."""
    for name in ("read", "digits/changed", "digits/not changed", "open"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([7]) * 8_000_000)
    said = run_program(
        f"""
import mmap, re
from pathlib import Path
from ae_core.service import memory
folder = Path({str(tmp_path)!r})
def mapped(name, access):
    with (folder / name).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=access)
maps = {{"read": mapped("read", mmap.ACCESS_READ)}}
for name in ("digits/changed", "digits/not changed", "open"):
    maps[name] = mapped(name, mmap.ACCESS_COPY)
maps["digits/changed"][5] = 9
def megabytes(name):
    (lines,) = re.findall(rf"/{{name}}\\n(.*?)VmFlags", Path("/proc/self/smaps").read_text(), re.DOTALL)
    return round(int(re.search(r"Rss: +([0-9]+)", lines)[1]) * 1024 / 1e6)
for each in maps.values():
    assert each[:5] == bytes([7]) * 5 and sum(each[:]) >= 56_000_000
print(*(megabytes(name) for name in maps))
(folder / "link").symlink_to(folder / "digits")
memory.let_go_of_files(folder / "link")
print(*(megabytes(name) for name in maps))
print(*(sum(each[:]) for each in maps.values()))
"""
    )
    before, after, sums = (line.split() for line in said.splitlines())
    assert before == ["8", "8", "8", "8"]
    assert after == ["0", "8", "0", "8"]
    assert sums == ["56000000", "56000002", "56000000", "56000000"]
