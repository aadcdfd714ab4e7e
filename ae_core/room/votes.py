"""Questions that a room is asked, in two votes, and what the phones say to them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ae_core.room import bounds
from ae_core.room.database import RoomError
from ae_core.room.rooms import GONE, need_phone, need_room, note_change
from ae_core.words.sentences import say

# A question is voted on, talked over and voted on again, and then answered on the screen.
FIRST, SECOND, REVEALED = STAGES = ("first", "second", "revealed")
VOTES = (FIRST, SECOND)

TOO_MANY = say("This room has been asked as many questions as it can. Open another room.")
CLOSED = say("This vote is closed.")
UNKNOWN = say("There is no such answer. Load this page again.")


@dataclass(frozen=True)
class Asked:
    """A question as it was asked.

    mark: tells it from the same one under other dials. right: the right option's place, None until the screen
    has shown it.
    """

    number: int
    mark: str
    text: str
    options: tuple[str, ...]
    stage: str
    right: int | None


def ask(db: sqlite3.Connection, code: str, mark: str, text: str, options: Sequence[str]) -> Asked:
    """The room's question with this mark; a new one is open for its first vote. RoomError beyond a bound."""
    need_room(db, code)
    found = _find(db, "room = ? AND mark = ?", (code, mark))
    if found is not None and (found.text, found.options) == (text, tuple(options)):
        return found
    if found is not None:
        _delete(db, found.number)
    if db.execute("SELECT count(*) FROM questions WHERE room = ?", (code,)).fetchone()[0] >= bounds.QUESTIONS:
        raise RoomError(TOO_MANY)
    told = (code, mark, text, json.dumps(list(options)), FIRST)
    db.execute("INSERT INTO questions (room, mark, text, options, stage) VALUES (?, ?, ?, ?, ?)", told)
    note_change(db, code)
    made = _find(db, "room = ? AND mark = ?", (code, mark))
    assert made is not None
    return made


def find_question(db: sqlite3.Connection, code: str, number: int | None) -> Asked | None:
    """The room's question with this number, or None."""
    return _find(db, "room = ? AND id = ?", (code, number))


def find_marked(db: sqlite3.Connection, code: str, mark: str) -> Asked | None:
    """The room's question with this mark, or None where it has not been asked."""
    return _find(db, "room = ? AND mark = ?", (code, mark))


def list_questions(db: sqlite3.Connection, code: str) -> list[Asked]:
    """All questions that the room was asked, in order."""
    rows = db.execute("SELECT id FROM questions WHERE room = ? ORDER BY id", (code,)).fetchall()
    return [found for (number,) in rows if (found := find_question(db, code, number))]


def set_stage(db: sqlite3.Connection, code: str, number: int, stage: str, right: object = None) -> None:
    """Lead a question on; back to its first vote it loses all votes.

    right: the right option's place, once the screen shows it; the room forgets it when it votes again.
    RoomError where the question is not the room's, or has no such option, and for a right one before the end.
    """
    found = find_question(db, code, number)
    if found is None or stage not in STAGES:
        raise RoomError(UNKNOWN)
    if right is not None and (stage != REVEALED or not _is_option(found, right)):
        raise RoomError(UNKNOWN)
    if stage == FIRST:
        db.execute("DELETE FROM votes WHERE question = ?", (number,))
    if stage != REVEALED:
        db.execute("DELETE FROM answers WHERE question = ?", (number,))
    if right is not None:
        db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (number, right))
    db.execute("UPDATE questions SET stage = ? WHERE id = ?", (stage, number))
    note_change(db, code, for_phones=True)


def cast_vote(
    db: sqlite3.Connection, code: str, cookie: str, number: object, stage: object, choice: object
) -> None:
    """Count a phone's vote, in place of the one that it cast in the same vote before.

    number, stage: of the vote as the phone knows it, which may be over. choice: an option's place. RoomError,
    with a sentence, for whatever does not count.
    """
    room = need_room(db, code)
    phone = need_phone(db, code, cookie)
    found = find_question(db, code, room.question)
    if found is None or number != found.number or stage != found.stage or stage not in VOTES:
        raise RoomError(CLOSED)
    if not _is_option(found, choice):
        raise RoomError(UNKNOWN)
    db.execute("INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?)", (found.number, found.stage, phone, choice))
    note_change(db, code)


def read_vote(db: sqlite3.Connection, found: Asked, phone: str) -> int | None:
    """What a phone has said in the question's vote that is open; None where it has not, or none is."""
    row = db.execute(
        "SELECT choice FROM votes WHERE question = ? AND stage = ? AND phone = ?",
        (found.number, found.stage, phone),
    ).fetchone()
    return None if row is None else int(row[0])


def count_votes(db: sqlite3.Connection, found: Asked) -> dict[str, list[int]]:
    """Votes for each option, by VOTES."""
    counts = {stage: [0] * len(found.options) for stage in VOTES}
    rows = db.execute(
        "SELECT stage, choice, count(*) FROM votes WHERE question = ? GROUP BY stage, choice", (found.number,)
    )
    for stage, choice, count in rows:
        counts[stage][choice] = count
    return counts


def list_votes(db: sqlite3.Connection, code: str) -> list[tuple[Asked, int, str, int]]:
    """Each vote of a room: its question, a number for the phone from 1 on, the stage, the option's place."""
    if not db.execute("SELECT 1 FROM rooms WHERE code = ?", (code,)).fetchone():
        raise RoomError(GONE)
    phones: dict[str, int] = {}
    found = []
    for asked in list_questions(db, code):
        # In an order that tells nothing: by hashes, not by when they came.
        for stage, phone, choice in db.execute(
            "SELECT stage, phone, choice FROM votes WHERE question = ? ORDER BY stage, phone", (asked.number,)
        ):
            found.append((asked, phones.setdefault(phone, len(phones) + 1), stage, choice))
    return found


def _is_option(asked: Asked, place: object) -> bool:
    return isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(asked.options)


def _delete(db: sqlite3.Connection, number: int) -> None:
    for table in ("votes", "answers"):
        db.execute(f"DELETE FROM {table} WHERE question = ?", (number,))
    db.execute("DELETE FROM questions WHERE id = ?", (number,))


def _find(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> Asked | None:
    row = db.execute(
        "SELECT id, mark, text, options, stage, choice FROM questions LEFT JOIN answers ON question = id "
        f"WHERE {where}",
        values,
    ).fetchone()
    return row and Asked(row[0], row[1], row[2], tuple(json.loads(row[3])), row[4], row[5])
