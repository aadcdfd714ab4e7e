"""The drawing board's strokes, the picture after each, and both as a text for the browser to keep."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PEN = 17
# A board's picture has a few thousand bytes, a stroke some hundred points.
MOST_STROKES, MOST_POINTS, MOST_BOARD_BYTES = 100, 3_000, 300_000
# Of pictures, in the text: then the oldest go, and Undo goes back to one that is left.
MOST_KEPT_CHARACTERS = 300_000
FARTHEST = 10_000.0
# How the board's drawing library describes a stroke: what differs from one to the next, and what does not.
NUMBERS = ("left", "top", "width", "height", "scaleX", "scaleY", "angle", "skewX", "skewY")
SWITCHES = ("flipX", "flipY")
STROKE: dict[str, Any] = {
    "type": "Path",
    "originX": "center",
    "originY": "center",
    "fill": None,
    "stroke": "#000000",
    "strokeWidth": PEN,
    "strokeLineCap": "round",
    "strokeLineJoin": "round",
    "strokeMiterLimit": 10,
}
COORDINATES = {"M": 2, "L": 2, "Q": 4}


@dataclass
class Board:
    """A drawing board of a session.

    number: which one of the session's. drawing: what is on it as the drawing library describes it, a list of
    strokes under "objects". pictures: the PNG file after so many strokes. start: what was on it at first.
    """

    number: int = 0
    drawing: dict[str, Any] | None = None
    pictures: dict[int, bytes] = field(default_factory=dict)
    start: dict[str, Any] | None = None

    @property
    def strokes(self) -> int:
        """Number of strokes on it."""
        return len(self.drawing["objects"]) if self.drawing else 0

    def before_last_stroke(self) -> Board:
        """The next board, with the strokes of the latest picture that has fewer."""
        before = max((count for count in self.pictures if count < self.strokes), default=0)
        drawing = (
            {**self.drawing, "objects": self.drawing["objects"][:before]} if self.drawing and before else None
        )
        return Board(
            self.number + 1,
            drawing,
            {count: content for count, content in self.pictures.items() if count <= before},
        )


def encode_board(board: Board) -> str:
    """JSON of the board for `decode_board`; empty where there is nothing on it."""
    strokes = [stroke for each in (board.drawing or {}).get("objects", []) if (stroke := _clean_stroke(each))]
    if not strokes or len(strokes) != board.strokes:
        return ""
    pictures: dict[int, str] = {}
    left = MOST_KEPT_CHARACTERS
    for count in sorted(board.pictures, reverse=True):
        pictures[count] = base64.b64encode(board.pictures[count]).decode()
        left -= len(pictures[count])
        if left < 0:
            del pictures[count]
            break
    return json.dumps(
        {"number": board.number, "strokes": strokes, "pictures": pictures}, separators=(",", ":")
    )


def decode_board(text: str) -> Board | None:
    """The next board, with what a text of `encode_board` says; None from any other text."""
    try:
        found = json.loads(text)
        strokes = [_clean_stroke(each) for each in found["strokes"]]
        pictures = {
            int(count): base64.b64decode(content, validate=True)
            for count, content in found["pictures"].items()
        }
        number = found["number"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if (
        not isinstance(number, int)
        or not 0 <= number <= 1_000_000
        or not 0 < len(strokes) <= MOST_STROKES
        or None in strokes
    ):
        return None
    usable = {
        count: file
        for count, file in pictures.items()
        if 0 < count <= len(strokes) and len(file) <= MOST_BOARD_BYTES
    }
    return Board(number + 1, {"objects": strokes}, usable)


def _clean_stroke(each: object) -> dict[str, Any] | None:
    """A stroke as the drawing library describes it, without anything else; None if it is no pen's."""
    if not isinstance(each, Mapping):
        return None
    numbers = {name: each.get(name, 1 if name.startswith("scale") else 0) for name in NUMBERS}
    path = each.get("path")
    if (
        not all(map(_is_number, numbers.values()))
        or not isinstance(path, list)
        or not 0 < len(path) <= MOST_POINTS
    ):
        return None
    for step in path:
        if (
            not isinstance(step, list)
            or not step
            or COORDINATES.get(str(step[0])) != len(step) - 1
            or not all(map(_is_number, step[1:]))
        ):
            return None
    return {**STROKE, **numbers, **{name: each.get(name) is True for name in SWITCHES}, "path": path}


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) <= FARTHEST
    )
