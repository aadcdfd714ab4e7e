"""Memory that was needed for a moment given back to the system: with glibc, the C library of most Linuxes.

It keeps what is freed for the next who asks, which is quicker. In a training's worker that is right; an app
that once measured 10,000 digits would keep 90 MB for it.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

# Of mallopt(3): from how many bytes on a piece is the system's own, given back as soon as it is free.
M_MMAP_THRESHOLD = -3
LARGE_BYTES = 4_000_000
# Of mallopt(3): in how many places threads keep what they freed; by itself glibc has eight for each core.
M_ARENA_MAX = -8
ARENAS = 2


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
