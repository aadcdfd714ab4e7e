"""The drawing board: its strokes in the session, on the page, and as a text that brings them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import streamlit as st

from ae_core import config
from ae_core.living.words import WORDS as LIVING_WORDS
from ae_core.pictures import strokes as drawing
from ae_core.pictures.strokes import Stroke
from pages.shared import networks, session
from pages.shared.browser import browser_memory, living

STAND_IN = "own_board_stands_for"
MOST_BOARDS = 1_000_000
WORDS = {
    "board": "Drawing board",
    "hint": "Draw a digit here, with mouse, pen or finger.",
    "digit": "digit",
    "digit_label": "Your digit as the networks see it",
    "rebuilt_label": "What the {name} rebuilds of your digit",
    "error": "error {error}",
    "read_as": LIVING_WORDS["read_as"],
    "missing": "did not come",
    "form": "As MNIST has its digits: 20 pixels long, the centre of mass in the middle, the pen two pixels "
    "wide, however large you draw. The error is squared, over all 784 pixels.",
    "full": "The board is full. Undo, or clear it.",
    "pens": "Pen",
    "steps": "Steps",
    "thin": "Thin pen",
    "medium": "Medium pen",
    "thick": "Thick pen",
    "rubber": "Rubber",
    "undo": "Undo",
    "redo": "Redo",
    "clear": "Clear",
}


@dataclass(frozen=True)
class Board:
    """A drawing board of a session. number: which one. strokes: what is on it, in order."""

    number: int = 0
    strokes: tuple[Stroke, ...] = ()


def show_board(size: int) -> Board:
    """Show the board and what networks with codes of `size` rebuild. What is on it, as far as it told."""
    with st.container(key=STAND_IN):
        st.warning(
            "No drawing board appears here? Then this browser cannot run it, or the lab could not send it. "
            "Load the page again, or choose **Upload** or **Camera** above: they do without it.",
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
    new = read_board(told)
    if new is None or new.number != board.number or new == board:
        return board
    st.session_state[session.OWN_BOARD] = new
    browser_memory.keep_in_browser("board", encode_board(new) if new.strokes else "")
    return new


def renew_board() -> None:
    """Have an empty board take this one's place, in the browser too."""
    st.session_state[session.OWN_BOARD] = Board(_load_board().number + 1)
    browser_memory.forget_in_browser("board")


def _load_board() -> Board:
    """This session's board; where nothing has been on it yet, the one that the browser kept, as another."""
    board: Board = st.session_state.setdefault(session.OWN_BOARD, Board())
    if board == Board() and (kept := decode_board(browser_memory.kept_text("board"))):
        board = st.session_state[session.OWN_BOARD] = Board(kept.number + 1, kept.strokes)
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
    told = {"number": board.number, "strokes": _tell_strokes(board)}
    return json.dumps(told, separators=(",", ":"))


def decode_board(text: str) -> Board | None:
    """The board that a text of `encode_board` says; None from any other text."""
    try:
        return read_board(json.loads(text))
    except (ValueError, RecursionError):
        return None


def read_board(found: object) -> Board | None:
    """The board that a browser tells of: "number" and "strokes". None from whatever else it is."""
    if not isinstance(found, Mapping):
        return None
    number, strokes = found.get("number"), drawing.read_strokes(found.get("strokes"))
    is_number = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MOST_BOARDS
    return Board(number, strokes) if is_number and strokes is not None else None
