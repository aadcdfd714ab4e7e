"""Streamlit's one HTML page with what of ours has to come with it: all else comes over the WebSocket.

A note for networks that let pages through and no WebSockets, where there would be an empty page for ever. And
what a page begins with, where that need not wait.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ae_core.words.sentences import say_in_html

FOLDER = Path(__file__).parent
# Ours comes right here: after Streamlit's style, to which it adds, and before that of pages' elements.
START = b"<body>"
# What would have the answer compressed, cut, or not sent at all.
NOT_ASKED = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")


async def serve_index(app: ASGIApp, scope: Scope, receive: Receive, send: Send, beginning: str) -> None:
    """Have `app` answer a request for a page; an HTML page gets what is ours, all else is as it is.

    beginning: HTML of what the page begins with. It is compressed where the browser takes that.
    """
    if scope["method"] == "HEAD":  # the answer has no page
        await app(scope, receive, send)
        return
    takes_gzip = "gzip" in Headers(scope=scope).get("accept-encoding", "")
    start: Message | None = None
    page = b""

    async def send_completed(message: Message) -> None:
        nonlocal start, page
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if message["status"] == 200 and headers.get("content-type", "").startswith("text/html"):
                start = message
                return
        if start is None:
            await send(message)
            return
        page += message.get("body", b"")
        if message.get("more_body"):
            return
        completed = page.replace(START, START + (_note() + beginning).encode(), 1)
        headers = MutableHeaders(scope=start)
        for name in ("etag", "last-modified", "accept-ranges"):
            if name in headers:
                del headers[name]
        headers["vary"] = "Accept-Encoding"
        if takes_gzip:
            headers["content-encoding"] = "gzip"
            completed = gzip.compress(completed, 6, mtime=0)
        headers["content-length"] = str(len(completed))
        await send(start)
        await send({"type": "http.response.body", "body": completed})

    asked = [pair for pair in scope["headers"] if pair[0] not in NOT_ASKED]
    await app({**scope, "headers": asked}, receive, send_completed)


@cache
def _note() -> str:
    """The note as HTML, with its style and its script."""
    parts = {
        kind: (FOLDER / f"no_socket.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    }
    return say_in_html(parts["html"]).replace("{style}", parts["css"]).replace("{script}", parts["js"])
