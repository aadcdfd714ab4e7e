"""The pixels of pictures that visitors worked with last: of all sessions, as many as MOST_BYTES holds.

Looking at a picture again is quicker than decoding its file again. The session holds a `Picture`; when it
ends or takes up another, the pixels go with it.
"""

from __future__ import annotations

import threading
import weakref

import numpy as np

# Four pictures of 2,000 × 2,000.
MOST_BYTES = 48_000_000


class Picture:
    """A picture of which the pixels may be here still: `find_pixels` tells."""

    def __init__(self, pixels_hwc: np.ndarray) -> None:
        self.pixels_hwc: np.ndarray | None = pixels_hwc


_lock = threading.Lock()
_recent: list[weakref.ref[Picture]] = []


def keep_pixels(pixels_hwc: np.ndarray) -> Picture:
    """Keep them while the picture is held, and until others need the room: those looked at longest ago go."""
    picture = Picture(pixels_hwc)
    _put_last(picture)
    return picture


def find_pixels(picture: Picture) -> np.ndarray | None:
    """The pixels (h, w, 3) of 0 to 255; None where others needed the room."""
    pixels_hwc = picture.pixels_hwc
    if pixels_hwc is not None:
        _put_last(picture)
    return pixels_hwc


def _put_last(picture: Picture) -> None:
    with _lock:
        others = [other for ref in _recent if (other := ref()) is not None and other is not picture]
        room = MOST_BYTES - _count_bytes(picture)
        kept = []
        for other in reversed(others):
            room -= _count_bytes(other)
            if room < 0:
                other.pixels_hwc = None
            else:
                kept.append(weakref.ref(other))
        _recent[:] = [*reversed(kept), weakref.ref(picture)]


def _count_bytes(picture: Picture) -> int:
    return 0 if picture.pixels_hwc is None else picture.pixels_hwc.nbytes
