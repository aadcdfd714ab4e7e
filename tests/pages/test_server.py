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
