"""Files that others may have open, on every system; what to do about one that could not be written.

Windows cannot be tried here: a path that refuses as Windows does stands for it.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from ae_core.errors import StoreError
from ae_core.runs import disk


def windows_error(winerror: int) -> PermissionError:
    """As Windows raises it: `winerror` is there alone."""
    problem = PermissionError(errno.EACCES, "Permission denied")
    problem.winerror = winerror
    return problem


class ReadMeanwhile(type(Path())):
    """A path that another process of Windows' reads until so many have tried to replace it."""

    refusals = 0
    winerror = disk.SHARING_VIOLATION

    def replace(self, target: os.PathLike[str]) -> Path:
        if ReadMeanwhile.refusals > 0:
            ReadMeanwhile.refusals -= 1
            raise windows_error(ReadMeanwhile.winerror)
        return super().replace(target)


@pytest.mark.parametrize("winerror", [disk.ACCESS_DENIED, disk.SHARING_VIOLATION, disk.LOCK_VIOLATION])
def test_a_file_that_is_being_read_is_replaced_as_soon_as_it_is_free(tmp_path, monkeypatch, winerror):
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setattr(ReadMeanwhile, "refusals", 5)
    monkeypatch.setattr(ReadMeanwhile, "winerror", winerror)
    disk.write_whole(ReadMeanwhile(folder / "events.jsonl"), b"new")
    assert (folder / "events.jsonl").read_bytes() == b"new"
    assert ReadMeanwhile.refusals == 0
    assert [path.name for path in folder.iterdir()] == ["events.jsonl"]


def test_after_about_a_second_it_is_said_that_the_file_is_in_use(tmp_path, monkeypatch):
    monkeypatch.setattr(ReadMeanwhile, "refusals", 10_000)
    (tmp_path / "events.jsonl").write_bytes(b"old")
    began = time.monotonic()
    with pytest.raises(StoreError, match="Close the program that has the file open and train again"):
        disk.write_whole(ReadMeanwhile(tmp_path / "events.jsonl"), b"new")
    assert 0.9 < time.monotonic() - began < 5
    assert (tmp_path / "events.jsonl").read_bytes() == b"old"


def test_what_no_waiting_helps_is_said_at_once(tmp_path):
    began = time.monotonic()
    with pytest.raises(FileNotFoundError):
        disk.replace_file(tmp_path / "nothing", tmp_path / "events.jsonl")
    assert time.monotonic() - began < disk.IN_USE_SECONDS / 2


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "Make room on the disk"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "Make room on the disk"),
        (windows_error(disk.DISK_FULL), "Make room on the disk"),
        (OSError(errno.EACCES, "Permission denied"), "Let this user write there"),
        (OSError(errno.EROFS, "Read-only file system"), "Let this user write there"),
        (OSError(errno.EBUSY, "Device or resource busy"), "Close the program that has the file open"),
        (windows_error(disk.SHARING_VIOLATION), "Close the program that has the file open"),
        (windows_error(disk.ACCESS_DENIED), "or let this user write there"),
    ],
)
def test_no_space_no_permission_and_in_use_are_told_apart(problem, words):
    assert words in disk.way_out(problem)
