"""The gate before Streamlit's server: how many may come in, how much they may bring, and how long they wait.

What is beyond a bound is refused in words; those who are in go on as before.
"""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

# Pages are refused first, so that whoever was let in has a connection, and gets it back when it is lost.
MOST_VISITORS = 200
MOST_CONNECTIONS = 240
UPLOADS_OF_ONE = 3
UPLOADED_BYTES = 300_000_000
UPLOADS_AT_ONCE = 4
RETRY_SECONDS = 30
ANSWERS_KEPT = 1000
# The message that a page has been run through is short, and only short ones are looked at.
SHORT = 256

STREAM, UPLOADS = "/_stcore/stream", "/_stcore/upload_file/"
# Streamlit's own figures, for anybody who asks. Ours want a key.
HIDDEN = ("/_stcore/metrics",)
TRY_AGAIN_LATER = 1013
FULL = f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="{RETRY_SECONDS}">
<meta name="viewport" content="width=device-width"><title>Autoencoder Lab</title>
<body style="font: 1.3rem sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem">
<h1>The lab is full</h1><p>As many visitors are in as it can serve well. This page tries again by itself every
{RETRY_SECONDS} seconds.</p>"""


@dataclass
class Counts:
    """What has gone through the gate since the server began. answer_seconds: of the last 1,000 runs of a page."""

    connections: int = 0
    refused_pages: int = 0
    refused_connections: int = 0
    refused_uploads: int = 0
    receiving: int = 0
    answer_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=ANSWERS_KEPT))


counts = Counts()


def most_visitors() -> int:
    """AE_LAB_MAX_VISITORS, or 200."""
    return int(os.environ.get("AE_LAB_MAX_VISITORS", MOST_VISITORS))


class Gate:
    """ASGI middleware, before all of Streamlit's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "websocket" and path == STREAM:
            await self._connection(scope, receive, send)
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        elif path in HIDDEN:
            await PlainTextResponse("Not found", 404)(scope, receive, send)
        elif scope["method"] in ("PUT", "POST") and path.startswith(UPLOADS):
            await self._upload(scope, receive, send)
        elif counts.connections >= most_visitors() and "text/html" in Request(scope).headers.get("accept", ""):
            counts.refused_pages += 1
            await _refusal(HTMLResponse(FULL, 503))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        if counts.connections >= most_visitors() * MOST_CONNECTIONS // MOST_VISITORS:
            counts.refused_connections += 1
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        asked: list[float] = []

        async def heard() -> Message:
            while True:
                message = await receive()
                frame = message.get("bytes") or b""
                # Any browser could have the server forget what it keeps for everybody.
                if frame and _is(frame, "clear_cache"):
                    continue
                if frame:
                    asked[:] = [time.perf_counter()]
                return message

        async def said(message: Message) -> None:
            await send(message)
            frame = message.get("bytes") or b""
            if asked and 0 < len(frame) < SHORT and ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
                counts.answer_seconds.append(time.perf_counter() - asked.pop())

        counts.connections += 1
        try:
            await self._app(scope, heard, said)
        finally:
            counts.connections -= 1

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        if problem := _too_much(scope["path"].removeprefix(UPLOADS).split("/")[0]):
            counts.refused_uploads += 1
            await _refusal(PlainTextResponse(problem, 429))(scope, receive, send)
            return
        counts.receiving += 1
        try:
            await self._app(scope, receive, send)
        finally:
            counts.receiving -= 1


def _too_much(session: str) -> str:
    """Why one more file of this session is too much, in words; empty if it is not."""
    if counts.receiving >= UPLOADS_AT_ONCE:
        return f"Others are uploading just now. Try again in {RETRY_SECONDS} seconds."
    files = cast(MemoryUploadedFileManager, Runtime.instance().uploaded_file_mgr).file_storage
    if len(files.get(session, {})) >= UPLOADS_OF_ONE:
        return "That is more files than one visitor may have here at once. Remove one, then try again."
    if sum(len(file.data) for kept in list(files.values()) for file in list(kept.values())) >= UPLOADED_BYTES:
        return f"The lab holds as many files as it can. Try again in {RETRY_SECONDS} seconds."
    return ""


def _refusal(response: Response) -> Response:
    response.headers["retry-after"] = str(RETRY_SECONDS)
    return response


def _is(frame: bytes, kind: str) -> bool:
    try:
        return BackMsg.FromString(frame).WhichOneof("type") == kind
    except Exception:
        return False  # Streamlit says what is wrong with it
