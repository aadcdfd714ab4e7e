"""Opening, finding, steering and closing rooms; who is in one."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ae_core.room import bounds
from ae_core.room.database import RoomError
from ae_core.words.sentences import say

TOO_MANY = say("As many rooms are open as the lab has. Close one that is over, or try again later.")
FULL = say("This room is full: it has room for {count} phones. Look on with a neighbour.")
GONE = say(
    "There is no room with this code. It may be closed, or a letter may be wrong: look at the screen again."
)
NOT_HERE = say("This phone is not in the room. Load this page again.")


@dataclass(frozen=True)
class Room:
    """A room as it is.

    turn: counts what phones and followers must hear of. version: counts every change. place: where the
    presenter is, as told. question: number of the one on the screen, None without one. uses_digits: whether
    lessons show the room's digits.
    """

    code: str
    turn: int
    version: int
    place: Mapping[str, Any]
    question: int | None
    uses_digits: bool


def open_room(db: sqlite3.Connection, now: float | None = None) -> tuple[str, str]:
    """Code and secret of a new room. The secret is kept nowhere. RoomError where there are too many."""
    now = time.time() if now is None else now
    delete_old_rooms(db, now)
    taken = {code for (code,) in db.execute("SELECT code FROM rooms")}
    if len(taken) >= bounds.ROOMS:
        raise RoomError(TOO_MANY)
    code = next(code for code in iter(_draw_code, "") if code not in taken)
    secret, salt = secrets.token_urlsafe(24), secrets.token_bytes(16)
    db.execute(
        "INSERT INTO rooms VALUES (?, ?, ?, ?, 1, 1, '{}', NULL, 0)",
        (code, salt, _hash(salt, secret), now),
    )
    return code, secret


def _draw_code() -> str:
    return "".join(secrets.choice(bounds.CODE_LETTERS) for _ in range(bounds.CODE_LENGTH))


def is_code(text: str) -> bool:
    """Whether a room could have this code."""
    return len(text) == bounds.CODE_LENGTH and not set(text) - set(bounds.CODE_LETTERS)


def read_code(text: str) -> str:
    """The code that somebody meant who typed this: small letters are capitals, spaces are nothing."""
    return "".join(text.upper().split())[:20]


def find_room(db: sqlite3.Connection, code: str, now: float | None = None) -> Room | None:
    """The open room with this code; None where there is none, or its time is over."""
    row = db.execute(
        "SELECT turn, version, place, question, uses_digits, opened FROM rooms WHERE code = ?", (code,)
    ).fetchone()
    if row is None or _is_over(row[5], now):
        return None
    return Room(code, row[0], row[1], json.loads(row[2]), row[3], bool(row[4]))


def need_room(db: sqlite3.Connection, code: str) -> Room:
    """As `find_room`; RoomError in place of None."""
    room = find_room(db, code)
    if room is None:
        raise RoomError(GONE)
    return room


def list_versions(db: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Turn and version of every open room, by code."""
    rows = db.execute("SELECT code, turn, version, opened FROM rooms").fetchall()
    return {code: (turn, version) for code, turn, version, opened in rows if not _is_over(opened)}


def is_presenter(db: sqlite3.Connection, code: str, secret: str) -> bool:
    """Whether this is the secret of the room with this code."""
    row = db.execute("SELECT salt, secret FROM rooms WHERE code = ?", (code,)).fetchone()
    return row is not None and hmac.compare_digest(row[1], _hash(row[0], secret))


def close_room(db: sqlite3.Connection, code: str) -> None:
    """Delete the room and everything of it."""
    for table in ("votes", "answers"):
        db.execute(
            f"DELETE FROM {table} WHERE question IN (SELECT id FROM questions WHERE room = ?)", (code,)
        )
    for table in ("questions", "phones", "digits"):
        db.execute(f"DELETE FROM {table} WHERE room = ?", (code,))
    db.execute("DELETE FROM rooms WHERE code = ?", (code,))


def delete_old_rooms(db: sqlite3.Connection, now: float | None = None) -> None:
    """Delete every room whose time is over, with everything of it."""
    for code, opened in db.execute("SELECT code, opened FROM rooms").fetchall():
        if _is_over(opened, now):
            close_room(db, code)


def _is_over(opened: float, now: float | None = None) -> bool:
    return (time.time() if now is None else now) - opened > 3600 * bounds.HOURS


# Phones


def name_phone(db: sqlite3.Connection, code: str, cookie: str) -> str:
    """What a room knows a phone by: a hash of its cookie that no other room has. RoomError without a room."""
    row = db.execute("SELECT salt FROM rooms WHERE code = ?", (code,)).fetchone()
    if row is None:
        raise RoomError(GONE)
    return _hash(row[0], cookie).hex()[:32]


def is_in_room(db: sqlite3.Connection, code: str, cookie: str) -> bool:
    """Whether the phone with this cookie has joined."""
    if find_room(db, code) is None:
        return False
    phone = name_phone(db, code, cookie)
    return bool(db.execute("SELECT 1 FROM phones WHERE room = ? AND phone = ?", (code, phone)).fetchone())


def need_phone(db: sqlite3.Connection, code: str, cookie: str) -> str:
    """What the room knows the phone with this cookie by. RoomError without a room, or if it is not in it."""
    need_room(db, code)
    if not is_in_room(db, code, cookie):
        raise RoomError(NOT_HERE)
    return name_phone(db, code, cookie)


def join_room(db: sqlite3.Connection, code: str, cookie: str) -> str:
    """Let a phone in, once however often it comes, and say what it is known by. RoomError without a place."""
    need_room(db, code)
    phone = name_phone(db, code, cookie)
    if is_in_room(db, code, cookie):
        return phone
    if count_phones(db, code) >= bounds.PHONES:
        raise RoomError(FULL.format(count=bounds.PHONES))
    db.execute("INSERT INTO phones VALUES (?, ?)", (code, phone))
    note_change(db, code)
    return phone


def count_phones(db: sqlite3.Connection, code: str) -> int:
    """How many phones have joined."""
    return int(db.execute("SELECT count(*) FROM phones WHERE room = ?", (code,)).fetchone()[0])


# Steering


def note_change(db: sqlite3.Connection, code: str, *, for_phones: bool = False) -> None:
    """Count a change; for_phones: one that phones and followers hear of."""
    db.execute(
        "UPDATE rooms SET version = version + 1, turn = turn + ? WHERE code = ?", (int(for_phones), code)
    )


def set_place(db: sqlite3.Connection, code: str, place: Mapping[str, Any], question: int | None) -> None:
    """Note where the presenter is, and the number of the question on the screen."""
    room = need_room(db, code)
    if (dict(room.place), room.question) != (dict(place), question):
        text = json.dumps(place, separators=(",", ":"))
        db.execute("UPDATE rooms SET place = ?, question = ? WHERE code = ?", (text, question, code))
        note_change(db, code, for_phones=True)


def use_digits(db: sqlite3.Connection, code: str, *, are_used: bool) -> None:
    """Have the lessons of presenter and followers show the room's digits, or not."""
    need_room(db, code)
    db.execute("UPDATE rooms SET uses_digits = ? WHERE code = ?", (int(are_used), code))
    note_change(db, code, for_phones=True)


def _hash(salt: bytes, text: str) -> bytes:
    return hashlib.sha256(salt + text.encode("utf-8", "replace")).digest()
