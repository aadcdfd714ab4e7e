"""Permits to have a page run: a few at a time, first for the connections that have had least of it lately."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count

# After how many seconds what somebody has had counts for half.
HALF_LIFE = 5.0
# What makes a step back: seconds of runs for a connection, and for all of one address.
CONNECTION_STEP, ADDRESS_STEP = 1.0, 4.0


@dataclass
class Usage:
    """Seconds of runs that somebody has had lately."""

    _seconds: float = 0.0
    _since: float = field(default_factory=time.monotonic)

    def add(self, seconds: float) -> None:
        """Count so many seconds more."""
        now = time.monotonic()
        self._seconds = self.read() + seconds
        self._since = now

    def read(self) -> float:
        """The seconds, of which half are forgotten after each HALF_LIFE."""
        return self._seconds * 0.5 ** ((time.monotonic() - self._since) / HALF_LIFE)


@dataclass
class Account:
    """What a connection, and all of its address together, have had."""

    connection: Usage = field(default_factory=Usage)
    address: Usage = field(default_factory=Usage)

    def add(self, seconds: float) -> None:
        """Count a run of so many seconds."""
        self.connection.add(seconds)
        self.address.add(seconds)

    @property
    def step(self) -> int:
        """How far back it stands: 0 for whoever uses the lab as a visitor does."""
        return int(self.connection.read() / CONNECTION_STEP) + int(self.address.read() / ADDRESS_STEP)


class FairPermits:
    """`number` permits; of those who wait, whoever stands least far back gets the next, first come first."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._numbers = count()
        self._waiting: list[tuple[int, Account, asyncio.Future[None]]] = []

    async def acquire(self, account: Account) -> None:
        """Wait for a permit."""
        if self._free:
            self._free -= 1
            return
        mine = next(self._numbers), account, asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine[2]
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
            elif not mine[2].cancelled():  # it was given just now
                self.release()
            raise

    def release(self) -> None:
        """Give a permit back."""
        self._waiting = [waiting for waiting in self._waiting if not waiting[2].done()]  # who gave up
        if not self._waiting:
            self._free += 1
            return
        chosen = min(self._waiting, key=lambda waiting: (waiting[1].step, waiting[0]))
        self._waiting.remove(chosen)
        chosen[2].set_result(None)
