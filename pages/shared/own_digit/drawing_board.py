"""The drawing board: its strokes in the session, on the page, and as a text that brings them back."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import streamlit as st
from torch import Tensor

from ae_core import config
from ae_core.living.words import WORDS as LIVING_WORDS
from ae_core.pictures import strokes as drawing
from ae_core.pictures.strokes import Stroke
from ae_core.words.sentences import say
from pages.shared import networks, session
from pages.shared.browser import browser_memory, living
from pages.shared.own_digit.tray_text import decode_greys

STAND_IN = "own_board_stands_for"
MOST_BOARDS, MOST_FINISHED = 1_000_000, 60
WORDS = {
    "board": say("Drawing board"),
    "hint": say("Draw a digit here, with mouse, pen or finger."),
    "digit": say("digit"),
    "digit_label": say("Your digit as the networks see it"),
    "rebuilt_label": say("What the {name} rebuilds of your digit"),
    "error": say("error {error}"),
    "read_as": LIVING_WORDS["read_as"],
    "missing": say("did not come"),
    "form": say(
        "As MNIST has its digits: your strokes drawn again, 20 pixels long and with a pen two pixels "
        "wide, however large you draw, the centre of mass in the middle. The error is squared, "
        "over all 784 pixels."
    ),
    "full": say("The board is full. Undo, or clear it."),
    "pens": say("Pen"),
    "steps": say("Steps"),
    "thin": say("Thin pen"),
    "medium": say("Medium pen"),
    "thick": say("Thick pen"),
    "rubber": say("Rubber"),
    "undo": say("Undo"),
    "redo": say("Redo"),
    "clear": say("Clear"),
    "next": say("Next digit"),
}


@dataclass(frozen=True)
class Board:
    """A drawing board of a session.

    number: which one. strokes: what is on it, in order. greys: of the digit that the browser made of them,
    784 bytes; none where it has not told.
    """

    number: int = 0
    strokes: tuple[Stroke, ...] = ()
    greys: bytes = b""

    @property
    def digit_hw(self) -> Tensor | None:
        """The digit (28, 28) in [0, 1] that the browser made of the strokes, or None."""
        return decode_greys(base64.b64encode(self.greys).decode()) if self.greys else None


def show_board(size: int) -> tuple[list[Board], Board]:
    """Show the board and what networks with codes of `size` rebuild.

    What was drawn and finished since the last time, and what is on the board now, as far as it told: both for
    `keep_board` to be called once they are taken.
    """
    with st.container(key=STAND_IN):
        st.warning(
            say(
                "No drawing board appears here? Then this browser cannot run it, or the lab "
                "could not send it. Load the page again, or choose **Upload** or **Camera** "
                "above: they do without it."
            ),
            icon=":material/draw:",
        )
    board = _load_board()
    told = living.draw_living(
        "board",
        session.DRAWING_BOARD,
        {
            "number": board.number,
            "strokes": _tell_strokes(board),
            "size": size,
            "networks": _network_addresses(),
            "classifier": living.describe_classifier(),
            "dial": session.LATENT_SIZE,
            "pens": drawing.PENS,
            "pen": "medium",
            "rubber": drawing.RUBBER,
            "most_strokes": drawing.MOST_STROKES,
            "most_points": drawing.MOST_POINTS,
            "words": WORDS,
        },
        stands_for=STAND_IN,
    )
    finished = [each for each in read_finished(told) if each.number >= board.number]
    new = read_board(told)
    return finished, board if new is None or new.number < board.number else new


def keep_board(board: Board) -> None:
    """Keep what is on the board, once all that was finished before it lies on the tray."""
    if board != st.session_state.get(session.OWN_BOARD):
        browser_memory.keep_in_browser("board", encode_board(board) if board.strokes else "")
        st.session_state[session.OWN_BOARD] = board


def renew_board() -> None:
    """Have an empty board take this one's place, in the browser too."""
    st.session_state[session.OWN_BOARD] = Board(_load_board().number + 1)
    browser_memory.forget_in_browser("board")


def _load_board() -> Board:
    """This session's board; where nothing has been on it yet, the one that the browser kept, as another."""
    board: Board = st.session_state.setdefault(session.OWN_BOARD, Board())
    if board == Board() and (kept := decode_board(browser_memory.kept_text("board"))):
        board = st.session_state[session.OWN_BOARD] = Board(kept.number + 1, kept.strokes, kept.greys)
    return board


def _network_addresses() -> dict[str, dict[str, str]]:
    """Where the browser gets the networks, by the size of their codes and by their names."""
    return {
        str(size): {name: living.network_address(run) for name, run in networks.choose_trio(size).items()}
        for size in config.SHIPPED_SIZES
    }


def _tell_strokes(board: Board) -> list[dict[str, object]]:
    return [asdict(stroke) for stroke in board.strokes]


def encode_board(board: Board) -> str:
    """JSON of the board for `decode_board`."""
    told = {
        "number": board.number,
        "strokes": _tell_strokes(board),
        "digit": base64.b64encode(board.greys).decode(),
    }
    return json.dumps(told, separators=(",", ":"))


def decode_board(text: str) -> Board | None:
    """The board that a text of `encode_board` says; None from any other text."""
    try:
        return read_board(json.loads(text))
    except (ValueError, RecursionError):
        return None


def read_board(found: object) -> Board | None:
    """The board that a browser tells of: "number", "strokes" and "digit". None from whatever else it is."""
    if not isinstance(found, Mapping):
        return None
    number, strokes = found.get("number"), drawing.read_strokes(found.get("strokes"))
    is_number = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MOST_BOARDS
    if not is_number or strokes is None:
        return None
    return Board(number, strokes, _read_greys(found.get("digit")))


def read_finished(found: object) -> list[Board]:
    """The boards that a browser tells were finished, oldest first; none from whatever else it is."""
    told = found.get("finished") if isinstance(found, Mapping) else None
    if not isinstance(told, list) or len(told) > MOST_FINISHED:
        return []
    boards = [board for each in told if (board := read_board(each)) is not None]
    return sorted(boards, key=lambda board: board.number)


def _read_greys(found: object) -> bytes:
    """784 greys from a text in base64; none where there is no such text."""
    try:
        decode_greys(found)
    except ValueError:
        return b""
    return base64.b64decode(str(found))
