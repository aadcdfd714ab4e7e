"""How often something may be tried: kept in memory for as long as it counts, and under no name."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import deque

# Of those who have tried lately; the oldest give way.
MOST_KNOWN = 20_000


class Limit:
    """At most `most` of something in `seconds`, for each who tries."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._salt = secrets.token_bytes(16)
        self._times: dict[bytes, deque[float]] = {}

    def is_reached(self, who: str) -> bool:
        """Whether `who` has tried as often as may be."""
        times = self._times.get(self._mark(who))
        return times is not None and len(times) == self._most and time.monotonic() - times[0] < self._seconds

    def note(self, who: str) -> None:
        """Note that `who` has tried once."""
        mark = self._mark(who)
        times = self._times.pop(mark, None) or deque(maxlen=self._most)
        times.append(time.monotonic())
        self._times[mark] = times  # the newest last
        self._forget()

    def allows(self, who: str) -> bool:
        """Whether `who` may once more, which is noted then."""
        if self.is_reached(who):
            return False
        self.note(who)
        return True

    def _forget(self) -> None:
        """Forget those whose last try counts no more."""
        for mark, times in list(self._times.items())[:2]:
            if time.monotonic() - times[-1] > self._seconds or len(self._times) > MOST_KNOWN:
                del self._times[mark]

    def _mark(self, who: str) -> bytes:
        return hashlib.blake2s(who.encode("utf-8", "replace"), key=self._salt, digest_size=8).digest()
