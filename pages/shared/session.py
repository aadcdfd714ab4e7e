"""The table of a visitor's session: every key of `st.session_state` that the program reads or writes.

Other keys are those of widgets. A dial's stands in its page's link too: `ae_core.runs.links.TABLE` has these.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

import streamlit as st


class Lasts(Enum):
    """How long a value stays."""

    PAGE = "until it was obeyed or told once, or as long as its widget stands on the page"
    SESSION = "until the browser's tab is closed or loaded anew"
    RELOAD = "when the tab is loaded anew, too: the link or the browser's own memory has it"


@dataclass(frozen=True)
class Entry:
    """One key of the session.

    kind: the value's type, as an annotation. holds: what it is. put_away: whether the presenter's key "back
    to the script" takes it out of the session; all else survives that.
    """

    kind: str
    lasts: Lasts
    holds: str
    put_away: bool = False


# The frame around every page
PAGES = "pages"
VISITOR_TOKEN = "visitor_token"
BROWSER_MEMORY = "lessons_memory"
VISITED = "lessons_visited"
PRESENTING, PRESENT_SWITCH = "presenting", "present_switch"
DIALS_SHOWN = "presenter_dials"
SCRIPT_STEP = "presenter_script"
PUT_AWAY = "presenter_undo"
PRESENTER_KEYS = "presenter_keys"
KEYS_OBEYED = "presenter_obeyed"
NEXT_PAGE, DRAW_EMPTY = "presenter_go", "presenter_empty"
FIRST_BEAT, DELAYED = "presenter_first_beat", "presenter_delayed"
# The room
ROOM, ROOM_NEW, ROOM_PROBLEM = "room", "room_new", "room_problem"
FOLLOWED, ROOM_SCREEN, ROOM_FOLLOWER = "room_followed", "unseen_room", "unseen_follow"
# Links and dials
WIDGET_KEYS, SHOWN_WIDGETS = "linked_widgets", "linked_shown"
LINK_SENDER, LINK_PROBLEMS_TOLD, LINK_COMPARED = "link_sender", "link_told", "link_compared"
# The visitor's own digit
OWN_TRAY, OWN_DIGITS_SHOWN, OWN_PICTURE = "own_tray", "own_digits_shown", "own_picture"
TRAY_VIEW, CUT_OUT = "own_tray_view", "own_cut_out"
OWN_BOARD, DRAWING_BOARD = "own_board", "own_drawing_board"
OWN_FILES_SEEN, OWN_PICTURE_TIMES, OWN_TOLD = "own_files_seen", "own_picture_times", "own_told"
OWN_BOARD_SEEN, OWN_WHOLE_PICTURE = "own_board_seen", "own_whole_picture"
PREPARE_PROBLEM, OWN_WITHOUT_DIGIT = "own_prepare_problem", "own_without_digit"
DIGIT_SOURCE = "digit_source"
# Questions and parts of lessons
QUESTION_CARDS, QUESTIONS_NOW = "lessons_questions", "lessons_questions_now"
LATENT_MAP, LATENT_MANIFOLD, LATENT_CLICK = "latent_map", "latent_manifold", "latent_click"
LATENT_WITH_DIGITS = "latent_with_digits"
# Trainings and runs
TRAINING_PROBLEM = "training_problem"
TRAINING_JUST_ASKED = "training_just_asked"
TRAININGS_LET_GO = "let_go"
TRAININGS_FOLLOWED = "under_way_followed"
UPLOADS, UPLOAD_PROBLEM, UPLOAD_DONE = "runs_uploads", "runs_upload_problem", "runs_upload_done"
RUN_PROBLEM = "runs_problem"
COMPARE = "compare"
OWN_RUNS = "own_runs"
WHOSE, WHOSE_BEFORE = "whose", "whose_before"
OWN_RUNS_SEEN = "own_runs_seen"
LATENT_SIZE, TRAIN_SIZE = "latent_size", "train_size"

# Every key above that no link has, and a pattern for several: a new one is one more line.
TABLE: dict[str, Entry] = {
    PAGES: Entry("dict[str, Page]", Lasts.SESSION, "Each page of the lab by its name."),
    VISITOR_TOKEN: Entry("bytes", Lasts.SESSION, "Tells visitors apart where there is no cookie."),
    BROWSER_MEMORY: Entry("dict[str, Any]", Lasts.RELOAD, "What the visitor's browser is to keep, by name."),
    VISITED: Entry("set[str]", Lasts.SESSION, "The steps of the path that this visitor has seen."),
    PRESENTING: Entry("bool", Lasts.RELOAD, "Whether this visitor presents to a room."),
    PRESENT_SWITCH: Entry("bool", Lasts.PAGE, "The switch that turns presenting on."),
    DIALS_SHOWN: Entry("bool", Lasts.SESSION, "Whether the dials show while presenting.", put_away=True),
    SCRIPT_STEP: Entry("str", Lasts.SESSION, "The step of the path that was seen last."),
    PUT_AWAY: Entry("PutAway", Lasts.SESSION, "What “back to the script” has put away, for its undo."),
    PRESENTER_KEYS: Entry("component", Lasts.PAGE, "The presenter's key that was pressed."),
    KEYS_OBEYED: Entry("int", Lasts.SESSION, "How many of the presenter's keys were obeyed."),
    NEXT_PAGE: Entry("str", Lasts.PAGE, "The page that a presenter's key leads to."),
    FIRST_BEAT: Entry("str", Lasts.PAGE, "The first beat of the page turned to; empty before that is known."),
    DELAYED: Entry("list[ForwardMsg]", Lasts.PAGE, "What is sent after that beat."),
    DRAW_EMPTY: Entry("bool", Lasts.PAGE, "Whether to draw this page empty once."),
    ROOM: Entry("tuple[str, str]", Lasts.RELOAD, "Code and secret of the room presented to."),
    ROOM_NEW: Entry("bool", Lasts.PAGE, "Whether that room was just opened."),
    ROOM_PROBLEM: Entry("str", Lasts.PAGE, "Why no room could be opened."),
    FOLLOWED: Entry("str", Lasts.RELOAD, "Code of the room that is followed."),
    ROOM_SCREEN: Entry("component", Lasts.PAGE, "The room on the presenter's screen, and what it told."),
    ROOM_FOLLOWER: Entry("component", Lasts.PAGE, "What leads a follower, and what it told."),
    "unseen_*_led": Entry("component", Lasts.PAGE, "A dial that the presenter moves, and where to."),
    WIDGET_KEYS: Entry("dict[str, str]", Lasts.SESSION, "The key that each linked value's widget has now."),
    SHOWN_WIDGETS: Entry("set[str]", Lasts.PAGE, "The linked values just given to their widgets."),
    LINK_SENDER: Entry("Sender", Lasts.SESSION, "The run that the sender of this visitor's link saw."),
    LINK_PROBLEMS_TOLD: Entry("set[str]", Lasts.SESSION, "The problems with a link that were told."),
    LINK_COMPARED: Entry("str", Lasts.SESSION, "The sender's run that a run here was last compared with."),
    OWN_TRAY: Entry("Tray", Lasts.RELOAD, "The visitor's digits, and which is chosen."),
    OWN_DIGITS_SHOWN: Entry("bool", Lasts.RELOAD, "Whether the lessons show those digits.", put_away=True),
    OWN_PICTURE: Entry("tuple[int, Picture]", Lasts.SESSION, "The picture worked with: its number, pixels."),
    TRAY_VIEW: Entry("component", Lasts.PAGE, "The tray on the page, and what it told."),
    CUT_OUT: Entry("component", Lasts.PAGE, "The picture with the boxes of its digits, and what it told."),
    OWN_BOARD: Entry("Board", Lasts.RELOAD, "The drawing board with its strokes."),
    DRAWING_BOARD: Entry("component", Lasts.PAGE, "The drawing board on the page, and what it told."),
    OWN_BOARD_SEEN: Entry("int", Lasts.SESSION, "A mark of what was last on the board."),
    OWN_FILES_SEEN: Entry("set[str]", Lasts.SESSION, "Names of the files that were read last."),
    OWN_PICTURE_TIMES: Entry("list[float]", Lasts.SESSION, "When pictures were read lately, in seconds."),
    OWN_TOLD: Entry("Batch", Lasts.SESSION, "The files that came last, and what was said of them."),
    OWN_WITHOUT_DIGIT: Entry("WithoutDigit", Lasts.SESSION, "The last picture on which no digit was found."),
    PREPARE_PROBLEM: Entry("tuple", Lasts.SESSION, "Number of a digit, why it is not as last wished."),
    OWN_WHOLE_PICTURE: Entry("bool", Lasts.PAGE, "Whether dials change all digits of a picture."),
    QUESTION_CARDS: Entry("dict[str, Any]", Lasts.SESSION, "How each card stands, but for what was said."),
    QUESTIONS_NOW: Entry("dict[str, Asked]", Lasts.SESSION, "The question that each card asks now."),
    "*_votes_shown": Entry("bool", Lasts.PAGE, "The switch that shows the room's votes on a card."),
    LATENT_MAP: Entry("figure", Lasts.PAGE, "The map of codes, with the point clicked on."),
    LATENT_MANIFOLD: Entry("figure", Lasts.PAGE, "The plane of decoded codes, with the place clicked on."),
    TRAINING_PROBLEM: Entry("str", Lasts.PAGE, "Why the last press on Train or Stop failed."),
    TRAINING_JUST_ASKED: Entry("bool", Lasts.PAGE, "Whether Train was just pressed."),
    TRAININGS_LET_GO: Entry("set[str]", Lasts.SESSION, "Runs stopped here that others go on with."),
    TRAININGS_FOLLOWED: Entry("list[RunConfig]", Lasts.SESSION, "Trainings that the foot showed last."),
    "*_share": Entry("bool", Lasts.PAGE, "Whether a page's box with the link is open."),
    OWN_RUNS: Entry("list[str]", Lasts.RELOAD, "Names of the runs that this visitor asked for."),
    WHOSE_BEFORE: Entry("str", Lasts.SESSION, "Whose networks it was, on the last page with that switch."),
    OWN_RUNS_SEEN: Entry("set[str]", Lasts.SESSION, "Names of the visitor's runs that a page has shown."),
    UPLOADS: Entry("int", Lasts.SESSION, "How many runs this visitor has uploaded."),
    "runs_upload_[0-9]*": Entry("UploadedFile", Lasts.PAGE, "The widget for a run's file, by their number."),
    UPLOAD_PROBLEM: Entry("str", Lasts.PAGE, "Why the uploaded run was not taken."),
    UPLOAD_DONE: Entry("str", Lasts.PAGE, "What came of the uploaded run."),
    RUN_PROBLEM: Entry("str", Lasts.PAGE, "Why a run's button did nothing."),
}  # fmt: skip
DIAL = Entry(
    "bool | int | float | str | list",
    Lasts.RELOAD,
    "A dial's value, as its page's link has it.",
    put_away=True,
)


def votes_shown_key(card: str) -> str:
    """The key of the switch that shows a card's votes."""
    return f"{card}_votes_shown"


def led_dial_key(dial: str) -> str:
    """The key of what moves a dial, by its key, for a follower."""
    return f"unseen_{dial}_led"


def dial_key(page: str, dial: str) -> str:
    """The key of one of a page's own dials, such as 'learning_rate'."""
    return f"{page}_{dial}"


def share_key(page: str) -> str:
    """The key of a page's box with the link and the files."""
    return f"{page}_share"


def upload_key(number: int) -> str:
    """The key of the uploader for a run's file, after so many uploads."""
    return f"runs_upload_{number}"


def find_entry(key: str) -> Entry | None:
    """Entry of a session key in the table, DIAL for one that links have; None for any other widget's."""
    if key in TABLE:
        return TABLE[key]
    for pattern, entry in TABLE.items():
        if fnmatchcase(key, pattern):
            return entry
    # Brings torch along, which the router does not wait for.
    from ae_core.runs import links

    return DIAL if links.find_check(key) else None


def put_values_away() -> dict[str, Any]:
    """Take from the session what "back to the script" puts away: values of dials and switches, by key."""
    entries = {str(key): find_entry(str(key)) for key in st.session_state}
    return {key: st.session_state.pop(key) for key, entry in entries.items() if entry and entry.put_away}


def put_values_back(values: dict[str, Any]) -> None:
    """Undo `put_values_away`."""
    st.session_state.update(values)
