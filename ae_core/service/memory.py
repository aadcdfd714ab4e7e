"""Memory that was needed for a moment given back to the system, on Linux.

glibc, the C library of most Linuxes, keeps what is freed for the next who asks, which is quicker. In a
training's worker that is right; an app that once measured 10,000 digits would keep 90 MB for it. And of a
mapped file all stays that was looked at once: of torch's libraries 200 MB, most of it only to load them.
"""

from __future__ import annotations

import ctypes
import re
import sys
from contextlib import suppress
from pathlib import Path

# Of mallopt(3): from how many bytes on a piece is the system's own, given back as soon as it is free.
M_MMAP_THRESHOLD = -3
LARGE_BYTES = 4_000_000
# Of mallopt(3): in how many places threads keep what they freed; by itself glibc has eight for each core.
M_ARENA_MAX = -8
ARENAS = 2
# Of madvise(2): not needed now. What is a file's, and was not changed, is read again when it is.
MADV_DONTNEED = 4
# How a mapping's description in proc_pid_smaps(5) begins: from where to where, and whether it may be written
# to; its file's number, which is 0 where there is no file, and path.
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) .(.).. \S+ \S+ (\d+) *(.*)")


def give_back_large_pieces() -> None:
    """From now on in this process, pieces of memory from 4 MB on go back to the system when freed."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def share_what_is_freed() -> None:
    """From now on in this process, threads share what they freed. Each visitor's page has a thread."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, ARENAS)


def give_back_freed() -> None:
    """What this process has freed so far goes back to the system, once."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def let_go_of_files(unwritten: Path | None = None) -> None:
    """What this process has read of mapped files leaves its memory; it is there again as soon as it is read.

    That is the code of libraries, too, and takes some 20 ms. What the process has changed stays, and so does
    all that it may change, except for files in the folder `unwritten`, into which nobody here writes.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            advise = ctypes.CDLL("libc.so.6").madvise
            for start, length in _unchanged_files(unwritten):
                advise(ctypes.c_void_p(start), ctypes.c_size_t(length), MADV_DONTNEED)


def _unchanged_files(unwritten: Path | None) -> list[tuple[int, int]]:
    """Where in memory mapped files lie that are as on the disk: first byte and number of bytes."""
    found: list[tuple[int, int]] = []
    place = None
    folder = unwritten.resolve() if unwritten is not None else None  # as the system calls it
    for line in Path("/proc/self/smaps").read_text(errors="surrogateescape").splitlines():
        if mapping := MAPPING.match(line):
            start, end = int(mapping[1], 16), int(mapping[2], 16)
            is_kept = mapping[3] == "w" and (folder is None or folder not in Path(mapping[5]).parents)
            place = None if is_kept or mapping[4] == "0" else (start, end - start)
        elif place is not None and line.startswith("Anonymous:"):
            if int(line.split()[1]) == 0:
                found.append(place)
            place = None
    return found
