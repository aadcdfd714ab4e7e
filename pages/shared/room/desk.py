"""This process's reads and writes of rooms: in one thread, and what waits to be written is written together.

A vote is on the disk before its phone is told so, and a disk takes as long for fifty votes as for one.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ae_core.room.database import RoomDatabase
from ae_core.runs.disk import default_root

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]


class Desk:
    """The rooms of the store that AE_LAB_STORE names, for coroutines."""

    def __init__(self) -> None:
        self._rooms: RoomDatabase | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rooms")
        self._waiting: list[tuple[Operation[Any], asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def read(self, operation: Operation[T]) -> T:
        """What `operation` finds. StoreError and RoomError as it raises them."""
        return await self._run(lambda rooms: rooms.read(operation))

    async def write(self, operation: Operation[T]) -> T:
        """What `operation` returns, once that is on the disk. StoreError and RoomError as it raises them."""
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, outcome))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await outcome

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                operations = [operation for operation, _ in batch]
                outcomes = await self._run(lambda rooms, operations=operations: rooms.write(operations))
            except Exception as problem:
                outcomes = [problem] * len(batch)
            for (_, told), outcome in zip(batch, outcomes, strict=True):
                if told.done():
                    continue  # whoever asked is gone
                if isinstance(outcome, Exception):
                    told.set_exception(outcome)
                else:
                    told.set_result(outcome)

    async def _run(self, what: Callable[[RoomDatabase], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, what)

    def _do(self, what: Callable[[RoomDatabase], T]) -> T:
        if self._rooms is None:
            self._rooms = RoomDatabase(default_root())
        return what(self._rooms)
