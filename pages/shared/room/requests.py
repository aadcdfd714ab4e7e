"""What comes from phones and from the presenter's browser: whose it is, and whether it is to be read."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ae_core.errors import LabError
from ae_core.room import bounds
from ae_core.words.sentences import say

COOKIE = "ae_lab_phone"
COOKIE_SECONDS = 3600 * bounds.HOURS
OTHER_SITE = say("This came from another site, so it does not count.")
TOO_LARGE = say("That is more than may be sent at once.")
UNREADABLE = say("That cannot be read. Load this page again.")
NO_COOKIE = say(
    "This browser keeps no cookie, without which a phone cannot be told from another. Allow cookies."
)


class RefusedError(LabError):
    """A request that is answered with this status and sentence."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def answer(told: object, status: int = 200) -> Response:
    """JSON that nobody keeps."""
    return JSONResponse(told, status, {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


def check_site(request: Request) -> None:
    """Raise RefusedError for what a page of another site has sent.

    A browser says where a request comes from; what is no browser may say what it likes, and has nobody's
    cookie.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_ours = site in (None, "same-origin", "none")
    if origin is not None and site is None:
        is_ours = urlsplit(origin).netloc == request.headers.get("host")
    if not is_ours:
        raise RefusedError(403, OTHER_SITE)


async def read_json(request: Request, most: int) -> dict[str, Any]:
    """The object that was sent as JSON, of `most` bytes at most. RefusedError for anything else."""
    check_site(request)
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise RefusedError(415, UNREADABLE)
    content, size = bytearray(), 0
    try:
        async for part in request.stream():
            size += len(part)
            if size <= most:
                content += part
            elif size > bounds.DISCARDED_BYTES:
                break
    except ClientDisconnect:
        raise RefusedError(400, UNREADABLE) from None
    if size > most:
        raise RefusedError(413, TOO_LARGE)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise RefusedError(400, UNREADABLE) from None
    if not isinstance(found, dict):
        raise RefusedError(400, UNREADABLE)
    return found


def read_cookie(request: Request) -> str:
    """The phone's cookie. RefusedError where the browser has kept none."""
    cookie = request.cookies.get(COOKIE, "")
    if not 16 <= len(cookie) <= 64:
        raise RefusedError(403, NO_COOKIE)
    return cookie


def hand_cookie(request: Request, given: Response) -> None:
    """Give a phone that has none a random cookie, which no script can read and no other site sends."""
    if not request.cookies.get(COOKIE):
        given.set_cookie(
            COOKIE, secrets.token_urlsafe(24), COOKIE_SECONDS, httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip


def read_secret(request: Request) -> str:
    """The secret that the presenter's browser has sent along; empty without one."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret[:200] if kind == "Bearer" else ""
