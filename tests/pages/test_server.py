"""The costs of Streamlit's defaults stay away: garbage looked through, files watched."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tomllib

from streamlit import config

from pages.shared.server import health
from tests.conftest import PROJECT
from tests.pages.test_gate import in_a_loop_of_its_own


def test_what_was_imported_is_out_of_the_garbage_collectors_sight():
    program = (
        "import gc; from pages.shared import lab; lab.freeze_imports('test')\n"
        "print(gc.get_freeze_count(), len(gc.get_objects()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    frozen, seen = map(int, done.stdout.split())
    assert frozen > 10 * seen
    assert frozen > 100_000


def test_nobody_looks_for_garbage_after_every_move_of_a_slider():
    settings = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())
    assert settings["runner"]["postScriptGC"] is False
    config.get_option("runner.postScriptGC")  # raises where this version of Streamlit does not know it


def test_no_file_is_watched():
    settings = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["fileWatcherType"] == "none"


DRAWING = """
import sys, threading, importlib, time
from pages.shared import lab
if sys.argv[1] == "prepared":
    lab.prepare_for_figures()
import numpy as np, plotly.graph_objects as go
def draw():
    go.Figure(go.Scatter(x=np.arange(3), y=[1, 2, 3], line={"color": "red"})).to_json()
draw()
importing = threading.Thread(target=importlib.import_module, args=["pandas"])
importing.start()
drawn = 0
while importing.is_alive():
    draw()
    drawn += 1
    time.sleep(0.002)  # else hardly anything is imported between two figures
print(drawn)
"""


def test_figures_are_drawn_while_another_thread_imports_pandas():
    """The page Runs does, for its table; Plotly takes the half of pandas that is there for the whole."""
    done = {
        way: subprocess.run(
            [sys.executable, "-c", DRAWING, way], cwd=PROJECT, capture_output=True, text=True, timeout=60
        )
        for way in ("prepared", "as it comes")
    }
    assert done["prepared"].returncode == 0, done["prepared"].stderr
    assert int(done["prepared"].stdout) > 0
    assert "module 'pandas' has no attribute" in done["as it comes"].stderr


@in_a_loop_of_its_own
async def test_what_was_read_of_files_is_let_go_again_and_again(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path))
    monkeypatch.setattr(health, "SMALL_SECONDS", 0.01)
    monkeypatch.setattr(health, "let_go_of_files", asked.append)
    staying_small = asyncio.create_task(health._stay_small())
    async with asyncio.timeout(10):
        while len(asked) < 2 and not staying_small.done():
            await asyncio.sleep(0.01)
    staying_small.cancel()
    assert asked[:2] == [tmp_path / "cache"] * 2
