"""The ways in for a visitor's own digit: a drawing board, a file, the camera, the clipboard."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ae_core.errors import ImageError
from ae_core.pictures import decoding
from ae_core.pictures.strokes import draw_strokes, has_ink
from pages.shared import linked, session
from pages.shared.browser import browser_memory
from pages.shared.browser.files import read_script, style_html
from pages.shared.own_digit import drawing_board, my_digit, preparation
from pages.shared.own_digit.drawing_board import Board

WAYS = {"Draw": ":material/draw:", "Upload": ":material/upload:", "Camera": ":material/photo_camera:"}
DRAW = "Draw"
PROMPTS = {
    "Upload": "Choose a picture of a digit, drag it here or paste it; or choose **Draw** or **Camera**.",
    "Camera": "Take a photograph of a digit; or choose **Draw** or **Upload**.",
}
MOST_A_MINUTE = 120
# What the browser keeps of a picture: as it is, where that is small, else as a JPEG file of this quality.
SMALL_FILE, QUALITY = 150_000, 95
FILE, CAMERA = "own_file", "own_camera"

_paste = st.components.v2.component("autoencoder_lab_paste", js=read_script("paste"))


def choose_way() -> str:
    """Show the ways in for a picture, and which one is chosen: a key of WAYS."""
    st.html(style_html("digit_source"))
    _restore_picture()
    return str(
        st.segmented_control(
            "Where from?",
            list(WAYS),
            default=DRAW,
            required=True,
            key=session.DIGIT_SOURCE,
            bind="query-params",
        )
    )


def take_picture(way: str, size: int) -> None:
    """Show the way in, and keep in `my_digit` what comes.

    size: of the codes of the networks that the board has beside it.
    """
    if way == DRAW:
        _take_drawing(drawing_board.show_board(size))
    else:
        {"Upload": _load_upload, "Camera": _load_photograph}[way]()


def offer_forgetting() -> None:
    """Show a button that forgets the picture, where there is one; hand the browser what it is to keep."""
    for name in ("board", "picture"):
        browser_memory.hand_to_browser(name)
    if my_digit.own_picture() is not None:
        st.button(
            "Forget this picture",
            key="own_forget",
            icon=":material/delete:",
            width="stretch",
            on_click=_forget_picture,
        )


def show_prompt(way: str) -> None:
    """Show what to do where there is no picture yet; the empty board says so itself."""
    if way != DRAW:
        st.info(PROMPTS[way], icon=WAYS[way])


def _take_drawing(board: Board) -> None:
    """Take what is on the board for the picture, once; without ink on it, forget the one that was drawn."""
    mark = f"board {hash(board)}"
    if mark == st.session_state.get(session.OWN_PICTURE_SEEN):
        return
    if has_ink(board.strokes):
        _keep_picture(mark, lambda: draw_strokes(board.strokes))
    elif str(st.session_state.get(session.OWN_PICTURE_SEEN, "")).startswith("board"):
        my_digit.forget_own_digit()
        st.session_state[session.OWN_PICTURE_SEEN] = mark


# Files and photographs


def _load_upload() -> None:
    with st.container(key=FILE):
        file = st.file_uploader(
            f"A picture of a digit, or of up to ten: {decoding.FORMATS_IN_WORDS}",
            list(decoding.SUFFIXES),
            key=linked.widget_key(FILE),
            help="Choose it, drag it here, or paste it. It stays with you alone, until you close the page's "
            "tab.",
        )
    _paste(key="own_paste")
    _read_file(file)


def _load_photograph() -> None:
    photo = st.camera_input(
        "A photograph of a digit",
        key=linked.widget_key(CAMERA),
        help="Hold the paper so that the digit fills half of the picture.",
    )
    st.caption(
        "No camera? Your browser may ask you to allow it; on a phone, **Upload** opens the camera as well."
    )
    _read_file(photo)


def _read_file(file: UploadedFile | None) -> None:
    """Read the picture in an uploaded file, if there is one; the server then lets go of the file."""
    if file is None:
        return
    try:
        if _keep_picture(file.file_id, lambda: _decode_file(file)):
            preparation.reset_preparation()
    finally:
        _drop_server_file(file)


def _decode_file(file: UploadedFile) -> np.ndarray:
    with st.spinner("Reading your picture …"):
        return decoding.decode_picture(file.getvalue())


def _keep_picture(mark: str, read: Callable[[], np.ndarray]) -> bool:
    """Keep what `read` gives, a picture (h, w, 3) of 0 to 255, in `my_digit` and the browser's memory.

    Once for each `mark`. Whether it did; says so where there are too many, or no picture.
    """
    if mark == st.session_state.get(session.OWN_PICTURE_SEEN):
        return False
    st.session_state[session.OWN_PICTURE_SEEN] = mark
    if _is_beyond_limit():
        st.error(
            f"You have sent {MOST_A_MINUTE} pictures within a minute. Wait a moment, then try again.",
            icon=":material/hourglass:",
        )
        return False
    try:
        picture = read()
    except ImageError as problem:
        st.error(str(problem), icon=":material/error:")
        return False
    my_digit.keep_picture(picture)
    browser_memory.keep_in_browser("picture", _encode_picture(picture))
    return True


def _encode_picture(pixels_hwc: np.ndarray) -> str:
    """A picture file (h, w, 3) of 0 to 255 in base64, for the browser to keep."""
    picture = Image.fromarray(pixels_hwc)
    small, plain = io.BytesIO(), io.BytesIO()
    picture.save(plain, "PNG", compress_level=1)
    if plain.tell() > SMALL_FILE:
        picture.save(small, "JPEG", quality=QUALITY)
    return base64.b64encode((small if small.tell() else plain).getvalue()).decode()


def _restore_picture() -> None:
    """Take the picture that the browser kept, where this session has none; silent on what is no picture."""
    text = browser_memory.kept_text("picture")
    if my_digit.own_picture() is not None or not text or _is_beyond_limit():
        return
    try:
        my_digit.keep_picture(decoding.decode_picture(base64.b64decode(text, validate=True)))
    except (ValueError, ImageError):
        browser_memory.forget_in_browser("picture")


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


def _forget_picture() -> None:
    drawing_board.renew_board()
    my_digit.forget_own_digit()
    preparation.reset_preparation()
    for name in (FILE, CAMERA):
        # the browser forgets the file's name, and no longer shows the photograph
        linked.renew_widget_key(name)
