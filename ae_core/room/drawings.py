"""Strokes that a phone sends, drawn here; a room's digits as the lessons take them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ae_core.errors import ImageError
from ae_core.figures.png import grey_pixels
from ae_core.pictures import strokes as drawing
from ae_core.pictures.page import prepare_drawing
from ae_core.room import bounds
from ae_core.room.database import RoomError
from ae_core.room.digits import read_greys
from ae_core.words.sentences import say

NO_DRAWING = say("That is no drawing. Load this page again.")
EMPTY = say("There is nothing on the board yet.")


def draw_digit(found: object) -> bytes:
    """784 greys of the digit that strokes make, as `strokes.read_strokes` takes them.

    RoomError, with a sentence, where they make none.
    """
    strokes = drawing.read_strokes(found)
    if strokes is None:
        raise RoomError(NO_DRAWING)
    if not strokes or not drawing.has_ink(strokes):
        raise RoomError(EMPTY)
    try:
        digit = prepare_drawing(drawing.draw_strokes(strokes))
    except ImageError as problem:
        raise RoomError(str(problem)) from problem
    return grey_pixels(digit.digit_hw).tobytes()


def stack_digits(greys: Sequence[bytes]) -> Tensor:
    """Digits (n, 28, 28) in [0, 1] from 784 greys each."""
    pixels = np.frombuffer(b"".join(greys), np.uint8).reshape(-1, 28, 28)
    return torch.from_numpy(pixels.astype(np.float32) / 255)


def lesson_digits(db: sqlite3.Connection, code: str) -> Tensor | None:
    """The digits (n, 28, 28) that stand in for test digits, the newest first; None where none are to."""
    row = db.execute("SELECT uses_digits FROM rooms WHERE code = ?", (code,)).fetchone()
    greys = list(read_greys(db, code).values())[-bounds.DIGITS_IN_LESSONS :]
    return stack_digits(greys[::-1]) if row and row[0] and greys else None
