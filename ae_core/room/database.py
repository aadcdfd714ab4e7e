"""Rooms on disk: one SQLite file in the store, shared by all copies of the lab.

It keeps a rollback journal, since the store may be a network folder, which rules the other kind out. What was
deleted is overwritten with zeros.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ae_core.errors import LabError, StoreError
from ae_core.words.sentences import say

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
# How long to wait for another copy's transaction, of which each takes milliseconds.
BUSY_SECONDS = 5.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS rooms (
    code TEXT PRIMARY KEY, salt BLOB, secret BLOB, opened REAL,
    turn INTEGER, version INTEGER, place TEXT, question INTEGER, uses_digits INTEGER
);
CREATE TABLE IF NOT EXISTS phones (room TEXT, phone TEXT, PRIMARY KEY (room, phone)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS questions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT, mark TEXT, text TEXT, options TEXT, stage TEXT,
    UNIQUE (room, mark)
);
CREATE TABLE IF NOT EXISTS votes (
    question INTEGER, stage TEXT, phone TEXT, choice INTEGER, PRIMARY KEY (question, stage, phone)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS digits (
    id INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT, phone TEXT, greys BLOB, is_away INTEGER
);
CREATE INDEX IF NOT EXISTS digits_of_room ON digits (room);
CREATE TABLE IF NOT EXISTS answers (question INTEGER PRIMARY KEY, choice INTEGER);
"""


class RoomError(LabError):
    """What a room does not allow: one sentence for whoever tried."""


class RoomDatabase:
    """The rooms of the store at `root`. A connection belongs to the thread that makes it."""

    def __init__(self, root: Path) -> None:
        self.path = root / "rooms" / "rooms.sqlite3"
        self._connection: sqlite3.Connection | None = None

    def read(self, operation: Operation[T]) -> T:
        """What `operation` finds, all of one moment. StoreError where the store cannot be read."""
        with self._transaction("BEGIN") as connection:
            return operation(connection)

    def write(self, operations: Sequence[Operation[Any]]) -> list[Any]:
        """What each operation returns, or the RoomError that it raised before it wrote anything.

        They are committed together, and are on the disk when this returns. StoreError where that fails: then
        none of them is.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            return [_outcome(operation, connection) for operation in operations]

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connection or self._connect()
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OSError) as problem:
            self.close()
            raise StoreError(
                say(
                    "The rooms in {path} cannot be reached ({problem}). Make room on the "
                    "disk, or set AE_LAB_STORE to a folder of your own.",
                    path=self.path,
                    problem=problem,
                )
            ) from problem

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        # The newest of the tables: a file that an older lab made has all others.
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone():
            connection.executescript(SCHEMA)
        self._connection = connection
        return connection


@contextmanager
def open_rooms(root: Path) -> Iterator[RoomDatabase]:
    """The rooms of the store at `root`, for as long as the block lasts."""
    rooms = RoomDatabase(root)
    try:
        yield rooms
    finally:
        rooms.close()


def has_rooms(root: Path) -> bool:
    """Whether a room was ever opened in the store at `root`."""
    return RoomDatabase(root).path.is_file()


def _outcome(operation: Operation[T], connection: sqlite3.Connection) -> T | RoomError:
    try:
        return operation(connection)
    except RoomError as refusal:
        return refusal
