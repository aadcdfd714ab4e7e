"""The gate before Streamlit's server: how many may come in, how much they may bring, and how long they wait.

What is beyond a bound is refused in words; those who are in go on as before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import urlsplit

from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from ae_core.errors import ConfigError
from ae_core.words.sentences import say, spoken_language
from pages.shared.room.routes import is_phone_page
from pages.shared.server import index_page, open_files, own_pages, readiness
from pages.shared.server.addresses import HERE, find_network
from pages.shared.server.connections import TRY_AGAIN_LATER, Connection
from pages.shared.server.counts import counts
from pages.shared.server.frames import frame_policy, with_frame_policy
from pages.shared.server.permits import Account, FairPermits, Usage
from pages.shared.server.sessions import departures
from pages.shared.server.uploads import RETRY_SECONDS, Uploads

# Pages are refused first, so that whoever was let in has a connection, and gets it back when it is lost.
MOST_VISITORS = 200
MOST_CONNECTIONS = 240
# Of them, those from one address: a class of a hundred may sit behind one.
OF_ONE_ADDRESS = 0.6
# Of pages; and of how many addresses it is known what they have had lately.
RUNS_AT_ONCE, ADDRESSES_KNOWN = 2, 2_000

# What Streamlit's own addresses have in common; what stands before it is `server.baseUrlPath`.
STREAMLITS = "/_stcore/"
UPLOADS = "upload_file/"
# Streamlit's own figures, for anybody who asks. Ours want a key.
HIDDEN = ("metrics",)
NOT_ALLOWED = 1008
MALFORMED = say("The lab cannot make sense of this request.")
OTHER_NAME = say(
    "The lab does not answer to this name. Whoever runs it lists its names in "
    "Streamlit's setting server.allowedHosts."
)
TRIES_AGAIN = say("This page tries again by itself every {seconds} seconds.", seconds=RETRY_SECONDS)
FULL = f"""<!doctype html><html lang="{spoken_language()}"><meta charset="utf-8">
<meta http-equiv="refresh" content="{RETRY_SECONDS}">
<meta name="viewport" content="width=device-width"><title>Autoencoder Lab</title>
<body style="font: 1.3rem sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem">
<h1>{escape(say("The lab is full"))}</h1><p>{{cause}} {escape(TRIES_AGAIN)}</p>"""
OF_ALL = say("As many visitors are in as it can serve well.")
OF_YOURS = say("As many visitors from your network are in as one network may have.")


def most_visitors() -> int:
    """AE_LAB_MAX_VISITORS, or 200. Raises ConfigError if it is no such number."""
    text = os.environ.get("AE_LAB_MAX_VISITORS") or str(MOST_VISITORS)
    if not (text.isdecimal() and int(text)):
        raise ConfigError(
            say(
                "AE_LAB_MAX_VISITORS must be a whole number above 0, such as "
                "{most_visitors}, but it is {text!r}. Set it to one, or leave it unset, and "
                "start the lab again.",
                most_visitors=MOST_VISITORS,
                text=text,
            )
        )
    return int(text)


class Gate:
    """ASGI middleware, before all of Streamlit's.

    find_beginning: HTML that comes with the page that a browser asks for, from its scope.
    """

    def __init__(self, app: ASGIApp, find_beginning: Callable[[Scope], str] = lambda _scope: "") -> None:
        self._app = app
        self._find_beginning = find_beginning
        self._permits = FairPermits(RUNS_AT_ONCE)
        self._uploads = Uploads(app)
        self._policy = frame_policy()
        self._usage: LRUCache[str, Usage] = LRUCache(ADDRESSES_KNOWN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send = with_frame_policy(send, self._policy)
        if refusal := _find_refusal(scope):
            await _refuse(refusal, scope, receive, send)
        elif scope["type"] == "websocket":  # there is one kind of connection
            await self._serve_connection(scope, receive, send)
        elif _streamlit_path(scope) in HIDDEN:
            await PlainTextResponse("Not found", 404)(scope, receive, send)
        elif scope["method"] in ("PUT", "POST") and _streamlit_path(scope).startswith(UPLOADS):
            place = _streamlit_path(scope).removeprefix(UPLOADS)
            await self._uploads.serve(place, self._account(scope), own_pages.with_token(scope), receive, send)
        elif scope["method"] == "DELETE" and _streamlit_path(scope).startswith(UPLOADS):
            await self._app(own_pages.with_token(scope), receive, send)
        elif is_phone_page(scope["path"]):  # a phone in a room takes no visitor's place
            await self._app(scope, receive, send)
        elif "text/html" in Request(scope).headers.get("accept", ""):
            if full := _why_full(scope, most_visitors(), open_files.SPARE_FILES):
                counts.refused_pages += 1
                await _mark_retry(HTMLResponse(FULL.format(cause=escape(full)), 503))(scope, receive, send)
            else:
                await index_page.serve_index(self._app, scope, receive, send, self._find_beginning(scope))
        else:
            await self._app(scope, receive, send)

    def _account(self, scope: Scope) -> Account:
        """A new connection's; connections of an address share what they have had."""
        address = _address(scope)
        usage = self._usage.get(address)
        if usage is None:
            usage = self._usage[address] = Usage()
        return Account(address=usage)

    async def _serve_connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = most_visitors() * MOST_CONNECTIONS // MOST_VISITORS
        if _why_full(scope, most, open_files.SPARE_FILES // 2):
            counts.refused_connections += 1
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        address = _address(scope)
        connection = Connection(receive, send, self._permits, self._account(scope))
        counts.enter(address)  # at once: those who wait for the lab to get ready have their place
        try:
            await readiness.wait_until_ready()
            await self._app(scope, connection.receive, connection.send)
        finally:
            connection.end()
            counts.leave(address)
            if connection.session:
                departures.note_left(connection.session, connection.close_code)


def _address(scope: Scope) -> str:
    return find_network((scope.get("client") or ("",))[0])


def _why_full(scope: Scope, room: int, spare_files: int = 0) -> str:
    """Why one more than `room` visitors cannot come in, in words; empty where they can.

    Nobody is told from others whose addresses a proxy does not hand on. spare_files: how many open files must
    be left to those inside.
    """
    address = _address(scope)
    if counts.connections >= room or not open_files.has_room(spare_files):
        return OF_ALL
    if address != HERE and counts.by_address[address] >= max(1, int(OF_ONE_ADDRESS * room)):
        return OF_YOURS
    return ""


def _find_refusal(scope: Scope) -> tuple[int, str] | None:
    """Why a request is answered by nobody but the gate: a status and words; None where it is not."""
    headers = _headers(scope["headers"]) if "headers" in scope else {}
    host, origin = headers.get("host", ""), headers.get("origin", "")
    for address, status in ((f"//{host}", 400), (origin, 403)):
        try:
            urlsplit(address).port  # raises where that is no number
        except ValueError:
            return status, MALFORMED
    if any(not character.isprintable() for character in scope.get("path", "")):
        return 400, MALFORMED
    if not is_host_allowed(host or None):
        return 403, OTHER_NAME
    return None


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


async def _refuse(refusal: tuple[int, str], scope: Scope, receive: Receive, send: Send) -> None:
    status, words = refusal
    if scope["type"] == "websocket":
        counts.refused_connections += 1
        await receive()
        await send({"type": "websocket.close", "code": NOT_ALLOWED})
        return
    await PlainTextResponse(words, status)(scope, receive, send)


def _streamlit_path(scope: Scope) -> str:
    """What follows STREAMLITS in a request's path; empty for a path that is none of Streamlit's own."""
    _, found, rest = scope.get("path", "").rpartition(STREAMLITS)
    return rest.rstrip("/") if found else ""


def _mark_retry(response: Response) -> Response:
    response.headers["retry-after"] = str(RETRY_SECONDS)
    return response
