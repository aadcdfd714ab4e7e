"""The ways in for a visitor's own digit: a drawing board, a file, the camera, the clipboard."""

from __future__ import annotations

import base64
import hashlib
import io
import time

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ae_core.errors import ImageError
from ae_core.pictures import decoding
from pages.shared import linked, session
from pages.shared.browser import browser_memory
from pages.shared.browser.files import read_script, style_html
from pages.shared.own_digit import drawing_board, my_digit, preparation
from pages.shared.own_digit.drawing_board import MOST_BOARD_BYTES, MOST_STROKES, PEN, Board

WAYS = {"Draw": ":material/draw:", "Upload": ":material/upload:", "Camera": ":material/photo_camera:"}
PROMPTS = {
    "Draw": "Draw a digit on the white square, with mouse, pen or finger; or choose **Upload** or "
    "**Camera**.",
    "Upload": "Choose a picture of a digit, drag it here or paste it; or choose **Draw** or **Camera**.",
    "Camera": "Take a photograph of a digit; or choose **Draw** or **Upload**.",
}
BOARD_SIDE = 260
MOST_A_MINUTE = 120
# What the browser keeps of a picture: as it is, where that is small, else as a JPEG file of this quality.
SMALL_FILE, QUALITY = 150_000, 95
FILE, CAMERA = "own_file", "own_camera"

_paste = st.components.v2.component("autoencoder_lab_paste", js=read_script("paste"))


def choose_digit_source() -> None:
    """Show the ways in for a picture: canvas, file, camera. What comes is kept in `my_digit`."""
    st.html(style_html("digit_source", properties={"lab-board": f"{BOARD_SIDE}px"}))
    _restore_picture()
    way = st.segmented_control(
        "Where from?",
        list(WAYS),
        default="Draw",
        required=True,
        key=session.DIGIT_SOURCE,
        bind="query-params",
    )
    {"Draw": _draw_canvas, "Upload": _load_upload, "Camera": _load_photograph}[str(way)]()
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


def show_prompt() -> None:
    """Show what to do where there is no picture yet."""
    way = str(st.session_state[session.DIGIT_SOURCE])
    st.info(PROMPTS[way], icon=WAYS[way])


# Drawing


def _draw_canvas() -> None:
    # Imported when wanted: it registers itself with the running server, and is no use without one.
    from streamlit_drawable_canvas import st_canvas

    st.space("small")  # the board's own buttons float above it
    board = _load_board()
    key = session.board_key(board.number)
    if key not in st.session_state:  # the board is new, or the visitor was on another page
        board.start = board.drawing
    drawn = st_canvas(
        stroke_width=PEN,
        stroke_color="#000000",
        background_color="#ffffff",
        height=BOARD_SIDE,
        width=BOARD_SIDE,
        drawing_mode="freedraw",
        return_image_data=True,
        initial_drawing=board.start,
        key=key,
    )
    count = len((drawn.json_data or {}).get("objects") or [])
    had = board.strokes
    if not count and had:
        my_digit.forget_own_digit()
    new = board.drawing != drawn.json_data
    board.drawing = drawn.json_data if count else None
    if 0 < count <= MOST_STROKES and drawn.image_bytes and len(drawn.image_bytes) <= MOST_BOARD_BYTES:
        board.pictures[count] = drawn.image_bytes
    if new and count:
        browser_memory.keep_in_browser("board", drawing_board.encode_board(board))
    if content := board.pictures.get(count):
        _read_picture(content, f"{board.number} {hashlib.sha256(content).hexdigest()}")
    row = st.container(horizontal=True, width=BOARD_SIDE)
    row.button(
        "Undo",
        key="own_undo",
        icon=":material/undo:",
        disabled=not count,
        on_click=_undo_stroke,
        width="stretch",
    )
    row.button(
        "Clear",
        key="own_clear",
        icon=":material/ink_eraser:",
        disabled=not count,
        on_click=_clear_board,
        width="stretch",
    )


def _undo_stroke() -> None:
    """Go back to the picture before the last stroke.

    It takes another board: the one on the page cannot be told to go back.
    """
    board = st.session_state[session.OWN_BOARD] = st.session_state.get(
        session.OWN_BOARD, Board()
    ).before_last_stroke()
    if board.strokes:
        browser_memory.keep_in_browser("board", drawing_board.encode_board(board))
    else:
        my_digit.forget_own_digit()


def _clear_board() -> None:
    st.session_state[session.OWN_BOARD] = Board(st.session_state.get(session.OWN_BOARD, Board()).number + 1)
    my_digit.forget_own_digit()


def _load_board() -> Board:
    """This session's board; where nothing has been on it yet, the one that the browser kept."""
    board: Board = st.session_state.setdefault(session.OWN_BOARD, Board())
    if (
        board.number == 0
        and not board.strokes
        and (kept := drawing_board.decode_board(browser_memory.kept_text("board")))
    ):
        st.session_state[session.OWN_BOARD] = kept
    own: Board = st.session_state[session.OWN_BOARD]
    return own


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
        _read_picture(file.getvalue(), file.file_id, begin_anew=True)
    finally:
        _drop_server_file(file)


def _read_picture(content: bytes, name: str, *, begin_anew: bool = False) -> None:
    """Read a picture file, once for each `name`, into `my_digit` and the browser's memory.

    begin_anew: it is prepared without the wishes for the last one. Says so where there are too many, or no
    picture.
    """
    if name == st.session_state.get(session.OWN_PICTURE_SEEN):
        return
    st.session_state[session.OWN_PICTURE_SEEN] = name
    if _is_beyond_limit():
        st.error(
            f"You have sent {MOST_A_MINUTE} pictures within a minute. Wait a moment, then try again.",
            icon=":material/hourglass:",
        )
        return
    with st.spinner("Reading your picture …"):
        try:
            picture = decoding.decode_picture(content)
        except ImageError as problem:
            st.error(str(problem), icon=":material/error:")
            return
    my_digit.keep_picture(picture)
    browser_memory.keep_in_browser("picture", _encode_picture(picture))
    if begin_anew:
        preparation.reset_preparation()


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
    _clear_board()
    preparation.reset_preparation()
    for name in (FILE, CAMERA):
        # the browser forgets the file's name, and no longer shows the photograph
        linked.renew_widget_key(name)
