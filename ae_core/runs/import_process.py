"""A run's file from a stranger, checked and measured in a process with limits, one at a time.

What is wrong with a file then costs one upload: not the app's memory, nor its time.

    the file --standard input--> [limits, `import_run`] --standard output--> {"name": …} or {"problem": …}
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

from ae_core.errors import DataError, LabError, StoreError
from ae_core.pictures.confinement import go_first, limit_resources
from ae_core.pictures.places import Asker, FairPlaces
from ae_core.runs import file_checks
from ae_core.runs.store import Store
from ae_core.words.sentences import say

# torch's own code and its digits take 0.8 GB of it.
MEMORY_BYTES = 2_000_000_000
CPU_SECONDS, SECONDS = 60, 90.0
# The largest file that it writes: the weights of a network with 256 numbers, and room.
FILE_BYTES = 64_000_000
# A file of the largest run that the dials can make has 6 MB; the uploader takes more, for pictures.
MOST_BYTES = 16_000_000
PATIENCE = 30.0
ZIP_BEGINS = b"PK\3\4"
NICENESS = 5
NEEDED = ("SYSTEMROOT", "LD_LIBRARY_PATH", "PATH", "HOME", "TMPDIR", "TEMP")
PROJECT = Path(__file__).resolve().parents[2]
BUSY = say("Other runs are being taken in just now. Wait half a minute, then upload the file again.")
TOO_LARGE = say(
    "A run's file has {most_bytes} MB at most. Choose the file that Download gave you.",
    most_bytes=MOST_BYTES // 1_000_000,
)
TOO_HARD = say(
    "This file could not be read within the limits of time and memory. Upload the file "
    "that Download gave you, as it is."
)

logger = logging.getLogger(__name__)
_places = FairPlaces(1, most_waiting=2)


def import_in_process(store: Store, content: bytes, asker: Asker | None = None) -> str:
    """`import_run` in a process with limits, once it is `asker`'s turn: the run's name.

    Raises StoreError as that does, and when others' files take too long.
    """
    if len(content) > MOST_BYTES:
        raise StoreError(TOO_LARGE)
    if not content.startswith(ZIP_BEGINS):
        raise file_checks.refusal(say("it is no whole ZIP archive"))
    try:
        with _places.place(asker or Asker(), PATIENCE):
            answer = _asked(store, content)
    except (TimeoutError, OSError, RuntimeError) as problem:  # or the machine can start no more processes
        raise StoreError(BUSY) from problem
    if "name" not in answer:
        raise StoreError(answer.get("problem", TOO_HARD))
    return answer["name"]


def _asked(store: Store, content: bytes) -> dict[str, str]:
    """What the process answered; nothing where it did not."""
    environment = {name: os.environ[name] for name in NEEDED if name in os.environ}
    path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "ae_core.runs.import_process", str(store.root.resolve())]
    command += [str(store.shipped_root)] if store.shipped_root else []
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=nowhere, env={**environment, "PYTHONPATH": path}, cwd=PROJECT
    ) as process:
        alarm = threading.Timer(SECONDS, process.kill)
        try:
            alarm.start()
            answer, _ = process.communicate(content)
        finally:
            alarm.cancel()
            process.kill()
    if process.returncode != 0:
        logger.warning("The process that takes a run's file in ended with %d.", process.returncode)
        return {}
    with contextlib.suppress(ValueError):
        told = json.loads(answer)
        if isinstance(told, dict) and all(isinstance(words, str) for words in told.values()):
            return told
    return {}


# In the process of its own


def main(root: str, shipped_root: str | None = None) -> None:
    """Read a file from standard input, put its run into the store; the name, or what is wrong, comes out.

    It is the app's own code, so that it may write into the store; the limits are against what the file makes
    of it.
    """
    _limit()
    from ae_core.data import load_digits
    from ae_core.runs.run_file import import_run
    from ae_core.training import use_one_thread

    use_one_thread()
    store = Store(Path(root), Path(shipped_root) if shipped_root else None)
    try:
        content = sys.stdin.buffer.read(MOST_BYTES + 1)
        told = {"name": import_run(store, content, load_digits(cache_dir=store.root / "cache"))}
    except (LabError, DataError) as problem:
        told = {"problem": str(problem)}
    except MemoryError:
        told = {"problem": TOO_HARD}
    print(json.dumps(told))


def _limit() -> None:
    """No more memory, time and room on the disk than a file needs, and others go first.

    Where the system has no such limits, as Windows, the seconds are counted by who started this process.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    go_first()
    limit_resources(
        {
            "RLIMIT_DATA": MEMORY_BYTES,
            "RLIMIT_CPU": CPU_SECONDS,
            "RLIMIT_FSIZE": FILE_BYTES,
            "RLIMIT_CORE": 0,
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
