"""The ways in for a visitor's own digits: a drawing board, files, the camera, the clipboard."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ae_core.errors import ImageError
from ae_core.pictures import decoding
from ae_core.pictures.page import prepare_drawing, prepare_page
from ae_core.pictures.preparation import Wishes
from ae_core.pictures.strokes import draw_strokes, has_ink
from ae_core.runs.links import quoted
from ae_core.study.classifier import find_judge
from ae_core.words.sentences import say
from pages.shared import lab, linked, session
from pages.shared.browser.files import read_script, read_style, style_html
from pages.shared.own_digit import another_try, drawing_board, tray
from pages.shared.own_digit.another_try import WithoutDigit
from pages.shared.own_digit.drawing_board import Board

WAYS = {"Draw": ":material/draw:", "Upload": ":material/upload:", "Camera": ":material/photo_camera:"}
DRAW = "Draw"
WAY_WORDS = {"Draw": say("Draw"), "Upload": say("Upload"), "Camera": say("Camera")}
PROMPTS = {
    "Draw": say(
        "Your tray is empty. Draw a digit; **Next digit** keeps it there and gives you an empty board."
    ),
    "Upload": say(
        "Your tray is empty. Choose pictures of digits, drag them here or paste them; or "
        "choose **Draw** or **Camera**."
    ),
    "Camera": say("Your tray is empty. Take photographs of digits; or choose **Draw** or **Upload**."),
}
MOST_A_MINUTE, MOST_FILES = 120, 20
LIMITS = say(
    "Up to {most_digits} digits, {most_files} files at once, {most_a_minute} pictures a "
    "minute. They stay with you alone, until you close the page's tab.",
    most_digits=tray.MOST_DIGITS,
    most_files=MOST_FILES,
    most_a_minute=MOST_A_MINUTE,
)
WAIT = say(
    "You have sent {most_a_minute} pictures within a minute. Wait a moment, then try again.",
    most_a_minute=MOST_A_MINUTE,
)
TOO_MANY = say("{most_files} files are taken at once. Choose this one again.", most_files=MOST_FILES)
FILE, CAMERA = "own_file", "own_camera"

REFUSED = {
    "too_large": decoding.TOO_LARGE,
    "not_sent": say(
        "This file did not reach the lab: the connection broke off, or the site that shows "
        "this page holds back what you send. Choose it again, or open the lab in a tab of "
        "its own."
    ),
}

_paste = st.components.v2.component("autoencoder_lab_paste", js=read_script("paste"))
_refused = st.components.v2.component(
    "autoencoder_lab_refused_files", js=read_script("refused_files"), css=read_style("refused_files")
)


@dataclass
class Batch:
    """Files that came together, by their ids, and what was said of them, with whether it is a problem."""

    file_ids: list[str]
    sentences: list[tuple[bool, str]] = field(default_factory=list)


def choose_way() -> str:
    """Show the ways in for pictures, and which one is chosen: a key of WAYS."""
    st.html(style_html("digit_source"))
    return str(
        st.segmented_control(
            say("Where from?"),
            list(WAYS),
            default=DRAW,
            required=True,
            format_func=WAY_WORDS.__getitem__,
            key=session.DIGIT_SOURCE,
            bind="query-params",
        )
    )


def take_pictures(way: str, size: int) -> None:
    """Show the way in, and put on the tray what comes.

    size: of the codes of the networks that the board has beside it.
    """
    if way == DRAW:
        _take_drawings(*drawing_board.show_board(size))
    else:
        {"Upload": _load_uploads, "Camera": _load_photograph}[way]()


def tell_outcome() -> None:
    """Show what there is to say of the pictures that came last: of each that was refused, why."""
    batch: Batch | None = st.session_state.get(session.OWN_TOLD)
    for is_problem, sentence in batch.sentences if batch else ():
        if is_problem:
            st.error(sentence, icon=":material/error:")
        else:
            st.info(sentence, icon=":material/info:")
    another_try.offer_another_try()


def stand_ready(way: str) -> None:
    """Have ready what reads the next picture, where one may come."""
    if way != DRAW:
        decoding.stand_ready()


def forget_everything() -> None:
    """Forget every digit of the visitor's, what is on the board, and the files that the browser names."""
    drawing_board.renew_board()
    tray.forget_all()
    another_try.forget_picture()
    for key in (session.OWN_TOLD, session.OWN_BOARD_SEEN):
        st.session_state.pop(key, None)
    for name in (FILE, CAMERA):
        # the browser forgets the files' names, and no longer shows the photograph
        linked.renew_widget_key(name)


# Drawings


def _take_drawings(finished: Sequence[Board], board: Board) -> None:
    """Have what is on the board on the tray, and before it each drawing that was finished since."""
    for drawn in finished:
        if drawn.number >= tray.read_tray().board:
            _take_drawing(drawn)
            tray.detach_drawing(drawn.number)
    _take_drawing(board)
    drawing_board.keep_board(board)


def _take_drawing(board: Board) -> None:
    """Have what is on the board on the tray, once; without ink on it, take off what was drawn there."""
    mark = hash(board)
    if mark != st.session_state.get(session.OWN_BOARD_SEEN):
        _put_drawing(board)
        st.session_state[session.OWN_BOARD_SEEN] = mark


def _put_drawing(board: Board) -> None:
    before = tray.find_digit(tray.ON_BOARD)
    if not has_ink(board.strokes):
        if before is not None:
            tray.remove_digits([tray.ON_BOARD])
        return
    if before is None and not tray.room_left():
        _tell_of_drawing(tray.FULL.format(count=1))
        return
    if _is_beyond_limit():
        _tell_of_drawing(WAIT)
        return
    wishes = Wishes() if before is None else before.wishes
    picture = draw_strokes(board.strokes)
    try:
        prepared = prepare_drawing(picture, wishes)
    except ImageError as problem:
        _tell_of_drawing(str(problem))
        return
    # The browser's digit is the one whose errors stand beside the board; the server's differs by a little.
    told_hw = board.digit_hw if wishes == Wishes() else None
    digit_hw = prepared.digit_hw if told_hw is None else told_hw
    tray.put_drawing(digit_hw, prepared.steps, picture, wishes)
    st.session_state.pop(session.OWN_TOLD, None)


def _tell_of_drawing(problem: str) -> None:
    st.session_state[session.OWN_TOLD] = Batch([], [(True, problem)])


# Files and photographs


def _load_uploads() -> None:
    with st.container(key=FILE):
        files = st.file_uploader(
            say("Pictures of digits, of one or of a whole page"),
            accept_multiple_files=True,  # whatever its name ends in: what cannot be read gets its sentence
            key=linked.widget_key(FILE),
            help=say(
                "Choose them, drag them here, or paste them: {formats_in_words}. {limits}",
                formats_in_words=decoding.FORMATS_IN_WORDS,
                limits=LIMITS,
            ),
        )
    _paste(key="own_paste")
    _refused(key="own_refused", data={"chooser": FILE, "words": REFUSED})
    _read_files(files)


def is_camera_withheld(address: str) -> bool:
    """Whether browsers withhold the camera from a page at this address: it came from elsewhere, by http."""
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def _load_photograph() -> None:
    if is_camera_withheld(st.context.url or ""):
        st.info(
            say(
                "Browsers give the camera to pages that came by **https** alone, and this "
                "one did not. Choose **Upload** instead: on a phone it opens the camera as "
                "well."
            ),
            icon=":material/no_photography:",
        )
    photo = st.camera_input(
        say("A photograph of digits, one or a whole page"),
        key=linked.widget_key(CAMERA),
        help=say("Hold the paper so that the digits fill the picture. {limits}", limits=LIMITS),
    )
    st.caption(
        say(
            "**Clear photo** makes the camera ready for the next: each photograph joins the "
            "tray. No camera? Your browser may ask you to allow it; on a phone, **Upload** "
            "opens the camera as well."
        )
    )
    _read_files([] if photo is None else [photo], are_named=False)


def _read_files(files: Sequence[UploadedFile], *, are_named: bool = True) -> None:
    """Read the pictures in uploaded files that are new; the server then lets go of the files.

    What came of them is told until others come: of each file that was refused, why. Where the page is stopped
    meanwhile, it goes on with those that are left.
    """
    seen: set[str] = st.session_state.setdefault(session.OWN_FILES_SEEN, set())
    new = [file for file in files if file.file_id not in seen]
    if not new:
        return
    told = _open_batch([file.file_id for file in new])
    with st.spinner(
        say("Reading {count} pictures …", count=len(new)) if len(new) > 1 else say("Reading your picture …")
    ):
        for file in new:
            name = quoted(file.name) if are_named else ""
            said = _read_file(file, name, told)
            told.sentences += [
                (wrong, f"{name}: {sentence}" if name else sentence) for wrong, sentence in said
            ]
            seen.add(file.file_id)
            _drop_server_file(file)


def _open_batch(file_ids: list[str]) -> Batch:
    """What was said of the files that these are the rest of; where they are others, nothing yet."""
    batch: Batch | None = st.session_state.get(session.OWN_TOLD)
    if batch is None or not set(file_ids) <= set(batch.file_ids):
        batch = st.session_state[session.OWN_TOLD] = Batch(file_ids)
        another_try.forget_picture()
    return batch


def _read_file(file: UploadedFile, name: str, batch: Batch) -> list[tuple[bool, str]]:
    """Put the digits of a file's picture on the tray. What is to be said, with whether it is a problem."""
    if batch.file_ids.index(file.file_id) >= MOST_FILES:
        return [(True, TOO_MANY)]
    if _is_beyond_limit():
        return [(True, WAIT)]
    try:
        with decoding.take_turn(lab.asker()):
            return _find_digits(decoding.decode_picture(file.getvalue(), lab.asker()), name, file.file_id)
    except ImageError as problem:
        return [(True, str(problem))]


def _find_digits(pixels_hwc: np.ndarray, name: str, file_id: str) -> list[tuple[bool, str]]:
    """Put the digits of a picture (h, w, 3) of 0 to 255 on the tray; without any, keep it for another try."""
    try:
        page = prepare_page(pixels_hwc, judge=find_judge())
    except ImageError as problem:
        another_try.keep_picture(WithoutDigit(name, file_id, tray.encode_picture(pixels_hwc)))
        return [(True, str(problem))]
    unfit = tray.put_page(page)
    return [(False, page.note)] * bool(page.note) + [(True, tray.FULL.format(count=unfit))] * bool(unfit)


def _is_beyond_limit() -> bool:
    """Whether this session has read MOST_A_MINUTE pictures in a minute; reading takes everybody's time."""
    now = time.monotonic()
    lately: list[float] = [
        then for then in st.session_state.get(session.OWN_PICTURE_TIMES, []) if now - then < 60
    ]
    st.session_state[session.OWN_PICTURE_TIMES] = [*lately, now][:MOST_A_MINUTE]
    return len(lately) >= MOST_A_MINUTE


def _drop_server_file(file: UploadedFile) -> None:
    """Take a file that was read out of the server's memory. There is no public way to do so."""
    context = get_script_run_ctx()
    if context and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
