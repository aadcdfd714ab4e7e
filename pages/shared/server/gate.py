"""The gate before Streamlit's server: how many may come in, how much they may bring, and how long they wait.

What is beyond a bound is refused in words; those who are in go on as before.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TypeVar, cast

from google.protobuf.message import DecodeError
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from ae_core.errors import ConfigError
from pages.shared.room.routes import is_phone_page
from pages.shared.server import index_page, open_files, own_pages

# Pages are refused first, so that whoever was let in has a connection, and gets it back when it is lost.
MOST_VISITORS = 200
MOST_CONNECTIONS = 240
# As many as the page Your digit takes at once; what comes beyond UPLOADS_AT_ONCE waits for its turn.
UPLOADS_OF_ONE = 20
BYTES_OF_ONE, UPLOADED_BYTES = 100_000_000, 300_000_000
UPLOADS_AT_ONCE = 4
# A little more than `server.maxUploadSize` allows.
FILE_BYTES = 31_000_000
RETRY_SECONDS = 30
# Of pages, and after how long one no longer counts.
RUNS_AT_ONCE = 2
LONG_RUN_SECONDS = 0.5
ANSWERS_KEPT = 1000
# The messages that a page was run through, and which page it is, are short: only such ones are read.
SHORT = 2048

Frame = TypeVar("Frame", BackMsg, ForwardMsg)

# What Streamlit's own addresses have in common; what stands before it is `server.baseUrlPath`.
STREAMLITS = "/_stcore/"
UPLOADS = "upload_file/"
# Streamlit's own figures, for anybody who asks. Ours want a key.
HIDDEN = ("metrics",)
TRY_AGAIN_LATER = 1013
TOO_MANY_FILES = "That is more than one visitor may have here at once. Remove some files, then try again."
OTHERS_UPLOAD = f"Others are uploading just now. Try again in {RETRY_SECONDS} seconds."
FULL = f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta http-equiv="refresh" content="{RETRY_SECONDS}">
<meta name="viewport" content="width=device-width"><title>Autoencoder Lab</title>
<body style="font: 1.3rem sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem">
<h1>The lab is full</h1><p>As many visitors are in as it can serve well. This page tries again by itself every
{RETRY_SECONDS} seconds.</p>"""


@dataclass
class Counts:
    """What has gone through the gate since the server began.

    receiving: how many files are coming in or wait for their turn, by session; answer_seconds: of the last
    1,000 runs of a page.
    """

    connections: int = 0
    refused_pages: int = 0
    refused_connections: int = 0
    refused_uploads: int = 0
    receiving: Counter[str] = field(default_factory=Counter)
    answer_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=ANSWERS_KEPT))


counts = Counts()


def most_visitors() -> int:
    """AE_LAB_MAX_VISITORS, or 200. Raises ConfigError if it is no such number."""
    text = os.environ.get("AE_LAB_MAX_VISITORS") or str(MOST_VISITORS)
    if not (text.isdecimal() and int(text)):
        raise ConfigError(
            f"AE_LAB_MAX_VISITORS must be a whole number above 0, such as {MOST_VISITORS}, but it is "
            f"{text!r}. Set it to one, or leave it unset, and start the lab again."
        )
    return int(text)


class RunPermit:
    """A connection's permit to have its page run: one of RUNS_AT_ONCE.

    Python runs one thing at a time. A hundred pages at once would all be ready late, and the server would
    hardly get round to sending them; a few at a time, in the order in which they were asked for, are ready
    one after the other.
    """

    def __init__(self, permits: asyncio.Semaphore) -> None:
        self._permits = permits
        self._limit: asyncio.TimerHandle | None = None

    async def acquire(self) -> None:
        """Wait for the permit; not at all where it is held already.

        After LONG_RUN_SECONDS the next connection gets it, though the page runs on.
        """
        if self._limit is None:
            await self._permits.acquire()
            self._limit = asyncio.get_running_loop().call_later(LONG_RUN_SECONDS, self.release)

    def release(self) -> None:
        """Give the permit to the next connection, if this one still holds it."""
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
            self._permits.release()


class CurrentPage:
    """The page that a visitor is on, by Streamlit's hash; unknown until either side names one."""

    def __init__(self) -> None:
        self._page = ""

    def is_left(self, asked: ClientState) -> bool:
        """Whether this asks for a part of a page that the visitor has left, and if not, note where they are.

        Leaving a page may change something on it: a box closes, a slider's last step is told. That is told
        after the click on the link. Streamlit would take the visitor for being back on that page, and show of
        the new one nothing at all.
        """
        if asked.fragment_id:
            return bool(self._page) and asked.page_script_hash != self._page
        self._page = asked.page_script_hash or self._page
        return False

    def note(self, page: str) -> None:
        """The server has said that this is the page."""
        self._page = page


class Gate:
    """ASGI middleware, before all of Streamlit's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._permits = asyncio.Semaphore(RUNS_AT_ONCE)
        self._uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there is one kind of connection
            await self._serve_connection(scope, receive, send)
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _streamlit_path(scope) in HIDDEN:
            await PlainTextResponse("Not found", 404)(scope, receive, send)
        elif scope["method"] in ("PUT", "POST") and _streamlit_path(scope).startswith(UPLOADS):
            await self._serve_upload(own_pages.with_token(scope), receive, send)
        elif scope["method"] == "DELETE" and _streamlit_path(scope).startswith(UPLOADS):
            await self._app(own_pages.with_token(scope), receive, send)
        elif is_phone_page(scope["path"]):  # a phone in a room takes no visitor's place
            await self._app(scope, receive, send)
        elif "text/html" in Request(scope).headers.get("accept", ""):
            if _has_room():
                await index_page.serve_with_note(self._app, scope, receive, send)
            else:
                counts.refused_pages += 1
                await _mark_retry(HTMLResponse(FULL, 503))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve_connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = most_visitors() * MOST_CONNECTIONS // MOST_VISITORS
        if counts.connections >= most or not open_files.has_room(open_files.SPARE_FILES // 2):
            counts.refused_connections += 1
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        permit, page = RunPermit(self._permits), CurrentPage()
        asked: list[float] = []

        async def receive_allowed() -> Message:
            while True:
                message = await receive()
                frame = message.get("bytes") or b""
                asks = _parse_frame(BackMsg, frame)
                kind = asks.WhichOneof("type")
                # Any browser could have the server forget what it keeps for everybody.
                if kind == "clear_cache":
                    continue
                if kind == "rerun_script" and page.is_left(asks.rerun_script):
                    continue
                if frame:
                    asked[:] = [time.perf_counter()]
                if kind == "rerun_script":
                    await permit.acquire()
                return message

        async def send_noting(message: Message) -> None:
            await send(message)
            frame = message.get("bytes") or b""
            if len(frame) >= SHORT:
                return
            says = _parse_frame(ForwardMsg, frame)
            if says.HasField("navigation"):
                page.note(says.navigation.page_script_hash)
            elif says.HasField("script_finished"):
                permit.release()
                if asked:
                    counts.answer_seconds.append(time.perf_counter() - asked.pop())

        counts.connections += 1
        try:
            await self._app(scope, receive_allowed, send_noting)
        finally:
            permit.release()
            counts.connections -= 1

    async def _serve_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a file come in once it is its turn: a browser sends all that were chosen at once."""
        session = _streamlit_path(scope).removeprefix(UPLOADS).split("/")[0]
        if len(_kept_files(session)) + counts.receiving[session] >= UPLOADS_OF_ONE:
            await _refuse_upload(TOO_MANY_FILES, scope, receive, send)
            return
        counts.receiving[session] += 1
        try:
            async with asyncio.timeout(RETRY_SECONDS):
                await self._uploads.acquire()
            try:
                if problem := _upload_problem(session):
                    await _refuse_upload(problem, scope, receive, send)
                else:
                    await self._app(scope, receive, send)
            finally:
                self._uploads.release()
        except TimeoutError:
            await _refuse_upload(OTHERS_UPLOAD, scope, receive, send)
        finally:
            counts.receiving[session] -= 1
            counts.receiving += Counter()  # without those that have none


def _has_room() -> bool:
    """Whether one more visitor may come in."""
    return counts.connections < most_visitors() and open_files.has_room()


def _streamlit_path(scope: Scope) -> str:
    """What follows STREAMLITS in a request's path; empty for a path that is none of Streamlit's own."""
    _, found, rest = scope.get("path", "").rpartition(STREAMLITS)
    return rest.rstrip("/") if found else ""


def _kept_files(session: str = "") -> list[UploadedFileRec]:
    """The uploaded files that the server holds of a session, or of all."""
    kept = cast(MemoryUploadedFileManager, Runtime.instance().uploaded_file_mgr).file_storage
    sessions = [kept.get(session, {})] if session else list(kept.values())
    return [file for files in sessions for file in list(files.values())]


def _upload_problem(session: str) -> str:
    """Why the server holds too much for one more file of this session, in words; empty if it does not."""
    if sum(len(file.data) for file in _kept_files(session)) >= BYTES_OF_ONE:
        return TOO_MANY_FILES
    if sum(len(file.data) for file in _kept_files()) >= UPLOADED_BYTES:
        return f"The lab holds as many files as it can. Try again in {RETRY_SECONDS} seconds."
    return ""


async def _refuse_upload(problem: str, scope: Scope, receive: Receive, send: Send) -> None:
    counts.refused_uploads += 1
    await _discard_body(receive)
    await _mark_retry(PlainTextResponse(problem, 429))(scope, receive, send)


async def _discard_body(receive: Receive) -> None:
    """Receive a file and keep nothing of it: who is cut off while sending never reads why."""
    size = 0
    while size <= FILE_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            return


def _mark_retry(response: Response) -> Response:
    response.headers["retry-after"] = str(RETRY_SECONDS)
    return response


def _parse_frame(kind: type[Frame], frame: bytes) -> Frame:
    """A frame of Streamlit's protocol; an empty message where it is none, which Streamlit then sees to."""
    try:
        return kind.FromString(frame)
    except DecodeError:
        return kind()
