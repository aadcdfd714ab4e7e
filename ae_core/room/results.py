"""What is taken along from a room: its votes as a table, its digits as files, and a page of results."""

from __future__ import annotations

import csv
import io
import sqlite3
from html import escape
from pathlib import Path

from ae_core.figures.png import npy_bytes, png_address, png_bytes, sheet_pixels
from ae_core.figures.styles import style_html
from ae_core.room import votes
from ae_core.room.database import RoomError
from ae_core.room.digits import read_greys
from ae_core.room.drawings import stack_digits
from ae_core.room.rooms import count_phones
from ae_core.words.sentences import say, say_count, spoken_language

PER_LINE = 10
NO_DIGITS = say("Nobody has drawn a digit yet.")
HEAD = (say("question"), say("vote"), say("phone"), say("answer"))
STAGES = {votes.FIRST: say("before the discussion"), votes.SECOND: say("after the discussion")}


def votes_csv(db: sqlite3.Connection, code: str) -> bytes:
    """One line for each vote: the question, which vote it was, a number for the phone, and the answer."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEAD)
    for asked, phone, stage, choice in votes.list_votes(db, code):
        writer.writerow([_plain_cell(asked.text), STAGES[stage], phone, _plain_cell(asked.options[choice])])
    return file.getvalue().encode("utf-8-sig")  # by which spreadsheets know it


def digits_png(db: sqlite3.Connection, code: str) -> bytes:
    """The room's digits on one sheet, PER_LINE in a line, as a PNG file. RoomError where there are none."""
    return png_bytes(sheet_pixels(stack_digits(_greys(db, code)), PER_LINE))


def digits_npy(db: sqlite3.Connection, code: str) -> bytes:
    """The room's digits (n, 28, 28) in [0, 1] as a file of NumPy's. RoomError where there are none."""
    return npy_bytes(stack_digits(_greys(db, code)))


def results_page(db: sqlite3.Connection, code: str) -> bytes:
    """A file of HTML that needs nothing else: each question with both votes, and the digits."""
    counted = [(asked, votes.count_votes(db, asked)) for asked in votes.list_questions(db, code)]
    parts = [_question_html(asked, counts) for asked, counts in counted if any(map(any, counts.values()))]
    greys = list(read_greys(db, code).values())
    if greys:
        sheet = png_address(sheet_pixels(stack_digits(greys), PER_LINE))
        parts.append(f"<h2>{escape(say_count('{count} digit', '{count} digits', len(greys)))}</h2>")
        parts.append(f'<img class="sheet" src="{sheet}" alt="{escape(say("The room’s digits"))}">')
    title = escape(say("Results of a room"))
    told = say_count(
        "{count} phone. Each question with its votes: those before the discussion and, where it was voted on "
        "again, those after it.",
        "{count} phones. Each question with its votes: those before the discussion and, where it was voted "
        "on again, those after it.",
        count_phones(db, code),
    )
    return (
        f'<!doctype html><html lang="{spoken_language()}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"{style_html(Path(__file__).with_suffix('.css'))}<body><h1>{title}</h1><p>{escape(told)}</p>"
        f"{''.join(parts)}</body></html>"
    ).encode()


def _question_html(asked: votes.Asked, counts: dict[str, list[int]]) -> str:
    most = max(1, *counts[votes.FIRST], *counts[votes.SECOND])
    rows = []
    for i, option in enumerate(asked.options):
        bars = "".join(
            f'<div class="bar {stage}"><i style="width:{70 * counts[stage][i] / most:.1f}%"></i>'
            f"{counts[stage][i]} {escape(words)}</div>"
            for stage, words in STAGES.items()
            if any(counts[stage])
        )
        rows.append(f"<dt>{escape(_plain(option))}</dt><dd>{bars}</dd>")
    return f"<h2>{escape(_plain(asked.text))}</h2><dl>{''.join(rows)}</dl>"


def _plain(text: str) -> str:
    """A text without the marks of bold type."""
    return text.replace("**", "")


def _plain_cell(text: str) -> str:
    """The same for a spreadsheet, which is told that it is text where it would calculate it."""
    bare = _plain(text)
    return f"'{bare}" if bare[:1] in "=+-@" else bare


def _greys(db: sqlite3.Connection, code: str) -> list[bytes]:
    greys = list(read_greys(db, code).values())
    if not greys:
        raise RoomError(NO_DIGITS)
    return greys
