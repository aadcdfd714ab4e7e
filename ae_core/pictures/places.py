"""A few places for work that strangers ask for, given in turn: who asks often waits for themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

# So many who were served last are remembered.
REMEMBERED = 1000


@dataclass(frozen=True)
class Asker:
    """Who asks: marks of the address and of the visitor there. Equal ones share one turn."""

    address: str = ""
    visitor: str = ""


class FairPlaces:
    """`number` places. A free one goes to whichever address has had none for longest, and there to whom.

    Of one asker's requests the first goes first, and `most_waiting` may wait at once; more are turned away.
    """

    def __init__(self, number: int, most_waiting: int = 20) -> None:
        self._free = number
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, Asker]] = []
        self._numbers = count()
        self._served: dict[str | Asker, int] = {}

    @contextmanager
    def place(self, asker: Asker, patience: float) -> Iterator[None]:
        """Hold a place for as long as the block lasts.

        Raises TimeoutError when none has come free for this asker within `patience` seconds, or at once when
        too many of this asker's requests wait already.
        """
        self._acquire(asker, patience)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _acquire(self, asker: Asker, patience: float) -> None:
        deadline = time.monotonic() + patience
        with self._changed:
            if sum(other == asker for _, other in self._waiting) >= self._most_waiting:
                raise TimeoutError
            mine = next(self._numbers), asker
            self._waiting.append(mine)
            try:
                while not (self._free and mine == min(self._waiting, key=self._order)):
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise TimeoutError
                    self._changed.wait(left)
                self._free -= 1
                self._note_served(asker)
            finally:
                self._waiting.remove(mine)
                self._changed.notify_all()

    def _order(self, waiting: tuple[int, Asker]) -> tuple[int, int, int]:
        number, asker = waiting
        return self._served.get(asker.address, -1), self._served.get(asker, -1), number

    def _note_served(self, asker: Asker) -> None:
        moment = next(self._numbers)
        for key in (asker.address, asker):
            self._served.pop(key, None)  # so that the last is the newest
            self._served[key] = moment
        while len(self._served) > REMEMBERED:
            del self._served[next(iter(self._served))]
