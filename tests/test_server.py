"""The costs of Streamlit's defaults stay away: sockets that wait, garbage looked through, files watched."""

from __future__ import annotations

import socket
import subprocess
import sys
import tomllib

from streamlit import config

from pages.shared import sockets
from tests.conftest import PROJECT

LOOKS = """
import socket
from pathlib import Path
from pages.shared import sockets

def open_files():
    return sorted(path.name for path in sockets.OPEN_FILES.iterdir())

print(open_files())
with socket.socket(socket.AF_UNIX) as no_network, Path("README.md").open() as file:
    sockets.answer_at_once()
    line = file.readline()
    assert no_network.fileno() >= 0
print(open_files())
print(line.strip())
"""


def nodelay(connection: socket.socket) -> bool:
    return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_small_answers_are_sent_at_once_also_on_connections_made_later():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert not nodelay(listening)
        assert sockets.answer_at_once() >= 1
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert nodelay(listening)
            assert nodelay(accepted)


def test_looking_at_the_sockets_leaves_every_file_open_and_opens_none():
    # In a process of its own: here threads of other tests may just be opening files.
    done = subprocess.run([sys.executable, "-c", LOOKS], cwd=PROJECT, capture_output=True, text=True, check=True)
    before, after, line = done.stdout.splitlines()
    assert after == before
    assert line.startswith("#")


def test_what_was_imported_is_out_of_the_garbage_collectors_sight():
    program = "import gc; from pages.shared import lab; lab.settle('test'); print(gc.get_freeze_count(), len(gc.get_objects()))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
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
