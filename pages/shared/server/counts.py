"""What has gone through the gate since the server began, and who is inside."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

ANSWERS_KEPT = 1000


@dataclass
class Counts:
    """What has gone through the gate since the server began.

    by_address: connections of each address; running: pages that are being run; receiving: how many files are
    coming in or wait for their turn, by session; answer_seconds: of the last 1,000 runs of a page.
    """

    connections: int = 0
    by_address: Counter[str] = field(default_factory=Counter)
    running: int = 0
    refused_pages: int = 0
    refused_connections: int = 0
    refused_uploads: int = 0
    refused_messages: int = 0
    receiving: Counter[str] = field(default_factory=Counter)
    answer_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=ANSWERS_KEPT))

    def enter(self, address: str) -> None:
        """One more connection of this address."""
        self.connections += 1
        self.by_address[address] += 1

    def leave(self, address: str) -> None:
        """One less."""
        self.connections -= 1
        self.by_address[address] -= 1
        if self.by_address[address] <= 0:
            del self.by_address[address]


counts = Counts()
