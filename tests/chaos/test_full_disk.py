"""A store on a file system of two megabytes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

ROOM = 2 * 1024 * 1024


def own_file_system(program: str, *arguments: str) -> list[str]:
    """The command that runs `program` with a file system of two megabytes of its own at `sys.argv[1]`."""
    script = f'mount -t tmpfs -o size={ROOM} none "$1" && exec "$0" -c "$2" "$1" "$3"'
    return [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        sys.executable,
        arguments[0],
        program,
        *arguments[1:],
    ]


PROGRAM = """
import sys
from pathlib import Path
from tests.chaos import full_disk
full_disk.main(Path(sys.argv[1]), int(sys.argv[2]))
"""


def test_a_full_disk_ends_trainings_with_a_message_and_nothing_else(tmp_path: Path, times, measured):
    place = tmp_path / "small"
    place.mkdir()
    if (
        shutil.which("unshare") is None
        or subprocess.run([*own_file_system("pass", str(place), "0")], cwd=PROJECT, check=False).returncode
    ):
        pytest.skip("this system does not let us mount a small file system")
    done = subprocess.run(
        own_file_system(PROGRAM, str(place), str(times(2, 40))),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    measured(done.stdout.strip().splitlines()[-1])
