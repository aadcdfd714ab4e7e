"""The costs of Streamlit's defaults stay away: garbage looked through, files watched."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from streamlit import config

from tests.conftest import PROJECT


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
import sys, threading, importlib
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
