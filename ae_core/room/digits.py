"""Digits that a room's phones have drawn, as the store has them: 784 greys each."""

from __future__ import annotations

import sqlite3

from ae_core.room import bounds
from ae_core.room.database import RoomError
from ae_core.room.rooms import need_phone, note_change
from ae_core.words.sentences import say

ROOM_FULL = say("This room has as many digits as it takes.")
PHONE_FULL = say("You have sent {count} digits, as many as one phone may.")


def add_digit(db: sqlite3.Connection, code: str, cookie: str, greys: bytes) -> int:
    """Keep a phone's digit, 784 greys: its number. RoomError where there is no room for it.

    The same picture once more is the same digit: its sender has not heard that it is here.
    """
    phone = need_phone(db, code, cookie)
    known = db.execute(
        "SELECT id FROM digits WHERE room = ? AND phone = ? AND greys = ?", (code, phone, greys)
    ).fetchone()
    if known:
        return int(known[0])
    mine, all_ = db.execute(
        "SELECT count(*) FILTER (WHERE phone = ?), count(*) FROM digits WHERE room = ?", (phone, code)
    ).fetchone()
    if mine >= bounds.DIGITS_OF_PHONE:
        raise RoomError(PHONE_FULL.format(count=bounds.DIGITS_OF_PHONE))
    if all_ >= bounds.DIGITS:
        raise RoomError(ROOM_FULL)
    number = db.execute("INSERT INTO digits (room, phone, greys, is_away) VALUES (?, ?, ?, 0)",
                        (code, phone, greys)).lastrowid  # fmt: skip
    note_change(db, code)
    return int(number or 0)


def put_away(db: sqlite3.Connection, code: str, number: int, *, is_away: bool) -> None:
    """Put one of the room's digits out of sight, or bring it back."""
    db.execute("UPDATE digits SET is_away = ? WHERE room = ? AND id = ?", (int(is_away), code, number))
    note_change(db, code)


def list_numbers(db: sqlite3.Connection, code: str) -> list[int]:
    """Numbers of the room's digits that are in sight, in the order in which they came."""
    rows = db.execute("SELECT id FROM digits WHERE room = ? AND NOT is_away ORDER BY id", (code,))
    return [number for (number,) in rows]


def read_greys(db: sqlite3.Connection, code: str, after: int = 0) -> dict[int, bytes]:
    """The room's digits in sight that came after the number `after`: 784 greys each, by number."""
    rows = db.execute(
        "SELECT id, greys FROM digits WHERE room = ? AND id > ? AND NOT is_away ORDER BY id", (code, after)
    )
    return dict(rows.fetchall())
