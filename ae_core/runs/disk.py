"""Files that several processes share: written whole, locked by the living, tried before they are needed."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from ae_core.errors import StoreError
from ae_core.words.sentences import say

# What a probe writes: as much as the smallest thing that has to fit.
PROBE_BYTES = 4096
# Windows refuses to replace or move a file that another process reads at that moment: how long to try.
IN_USE_SECONDS, TRY_AGAIN_SECONDS = 1.0, 0.02
# Of Windows: access denied, which it also says of a file in use; a sharing violation; a locked part.
ACCESS_DENIED, SHARING_VIOLATION, LOCK_VIOLATION = 5, 32, 33
DISK_FULL, HANDLE_DISK_FULL = 112, 39


def default_root() -> Path:
    """AE_LAB_STORE if it is set, else a folder of this user's."""
    if os.environ.get("AE_LAB_STORE"):
        return Path(os.environ["AE_LAB_STORE"])
    return platformdirs.user_data_path("autoencoder-lab", appauthor=False)


def is_held(lock_file: Path) -> bool:
    """Whether some living process holds the lock `lock_file`."""
    if sys.platform == "win32":  # where looks are exclusive: two at once take each other for its holder
        try:
            with FileLock(lock_file, timeout=0):
                return False
        except Timeout:
            return True
    import fcntl

    try:
        with lock_file.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def check_writable(folder: Path) -> None:
    """Write and remove a small file in `folder`, made if it is not there. Raises OSError where that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".probe-{os.getpid()}-{time.monotonic_ns()}"
    try:
        probe.write_bytes(b" " * PROBE_BYTES)
    finally:
        probe.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write a file so that it is either the old one or the whole new one, whatever happens in between."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        replace_file(temporary, path)
    except OSError as problem:
        with suppress(OSError):
            temporary.unlink()
        raise StoreError(
            say(
                "{name} could not be written ({strerror}). {way_out} and train again.",
                name=path.name,
                strerror=problem.strerror,
                way_out=way_out(problem),
            )
        ) from problem


def replace_file(draft: Path, path: Path) -> None:
    """Put `draft` in the place of `path`, whole; for about a second again where that is being read.

    Raises OSError.
    """
    _try_while_in_use(lambda: draft.replace(path))


def move_folder(folder: Path, place: Path) -> None:
    """Move a folder to where nothing is; for about a second again where a file of it is read. OSError."""
    _try_while_in_use(lambda: folder.rename(place))


def _try_while_in_use(act: Callable[[], object]) -> None:
    deadline = time.monotonic() + IN_USE_SECONDS
    while True:
        try:
            act()
            return
        except OSError as problem:
            in_use = getattr(problem, "winerror", None) in (ACCESS_DENIED, SHARING_VIOLATION, LOCK_VIOLATION)
            if not in_use or time.monotonic() > deadline:
                raise
            time.sleep(TRY_AGAIN_SECONDS)


def way_out(problem: OSError) -> str:
    """What to do about a file that could not be written, as the beginning of a sentence."""
    code = getattr(problem, "winerror", None)
    if problem.errno in (errno.ENOSPC, errno.EDQUOT) or code in (DISK_FULL, HANDLE_DISK_FULL):
        return say("Make room on the disk")
    if problem.errno in (errno.EBUSY, errno.ETXTBSY) or code in (SHARING_VIOLATION, LOCK_VIOLATION):
        return say("Close the program that has the file open")
    if code == ACCESS_DENIED:
        return say("Close the program that has the file open, or let this user write there")
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return say("Let this user write there")
    return say("Make room on the disk, should it be full,")


def changed_at(path: Path) -> float:
    """When the file was last written; long ago, if it is there no more."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def holds_text(path: Path, text: str) -> bool:
    """Whether the file is there and holds exactly `text`, in UTF-8."""
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False
