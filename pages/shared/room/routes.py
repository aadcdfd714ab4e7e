"""The addresses of rooms: what phones open, send and hear, and what the presenter's browser does there.

    /join/CODE         the phone's page         /room/CODE/screen   what the presenter's screen hears
    /room/CODE/join    a phone joins            /room/CODE/steer    where the presenter is, what is asked
    /room/CODE/events  what phones hear         /room/CODE/stage    on to the next vote, or the answer
    /room/CODE/vote    a vote                   /room/CODE/digits   put one away, use them in lessons
    /room/CODE/digit   a drawing's strokes      /room/CODE/drawn    the digits; close: the room's end

Those on the right are for whoever sends the room's secret.
"""

from __future__ import annotations

import asyncio
import base64
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from importlib import import_module
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ae_core.errors import LabError, StoreError
from ae_core.room import bounds, digits, rooms, votes
from ae_core.words.sentences import say
from pages.shared.room import phone_page, requests
from pages.shared.room.desk import Desk
from pages.shared.room.hub import ASK_AGAIN, OVER, PHONES, SCREENS, Hub, pack
from pages.shared.room.limits import Limit
from pages.shared.room.requests import RefusedError, answer

Handler = Callable[[Request], Awaitable[Response]]
JOIN, ROOM = "/join", "/room/"
FOLLOWERS = "followers"
TOO_MANY_CODES = say("Too many wrong codes were tried from here. Wait a minute, then try again.")
TOO_FAST = say("That was too fast. Wait a moment, then try again.")
NOT_YOURS = say("Only the browser that opened this room can do that.")
DRAWN_AT_ONCE = 2
# What is taken along: its kind, and the function of `ae_core.room.results` that makes it.
FILES = {
    "votes.csv": ("text/csv", "votes_csv"),
    "digits.png": ("image/png", "digits_png"),
    "digits.npy": ("application/octet-stream", "digits_npy"),
    "results.html": ("text/html", "results_page"),
}


class RoomRoutes:
    """The answers of one process."""

    def __init__(self) -> None:
        self._desk = Desk()
        self._hub = Hub(self._desk)
        self._wrong_codes = Limit(bounds.WRONG_CODES, bounds.WRONG_CODE_SECONDS)
        self._votes = Limit(bounds.VOTES_PER_SECOND, 1.0)
        self._drawings = Limit(1, bounds.SECONDS_PER_DRAWING)
        self._drawing = asyncio.Semaphore(DRAWN_AT_ONCE)
        self._connections: dict[str, int] = {}

    def list_routes(self, prefix: str) -> list[Route]:
        """Routes of rooms, below `prefix`."""
        own = {
            "join": (self._join, "POST"), "events": (self._tell_phone, "GET"), "vote": (self._vote, "POST"),
            "digit": (self._add_digit, "POST"), "screen": (self._tell_screen, "GET"),
            "steer": (self._steer, "POST"), "stage": (self._set_stage, "POST"),
            "digits": (self._change_digits, "POST"), "drawn": (self._list_digits, "GET"),
            "close": (self._close, "POST"), **dict.fromkeys(FILES, (self._give_file, "GET")),
        }  # fmt: skip
        return [
            Route(f"{prefix}{JOIN}", show_phone_page),
            Route(f"{prefix}{JOIN}/{{code}}", show_phone_page),
            *(
                Route(f"{prefix}{ROOM}{{code}}/{name}", plainly(handler), methods=[method])
                for name, (handler, method) in own.items()
            ),
        ]

    # Phones

    async def _join(self, request: Request) -> Response:
        await requests.read_json(request, bounds.VOTE_BYTES)
        cookie = requests.read_cookie(request)
        code = await self._find_code(request)
        await self._desk.write(lambda db: rooms.join_room(db, code, cookie))
        return answer({})

    async def _tell_phone(self, request: Request) -> Response:
        """What phones and followers hear; a phone is told first what it has said itself."""
        code = await self._find_code(request)
        first, kind, who = b"", PHONES, ""
        if request.query_params.get("as") == "follower":
            kind = FOLLOWERS
            is_full = self._connections.get(f"{kind} {code}", 0) >= bounds.FOLLOWERS
            who = f"{kind} {code}"
        else:
            cookie = requests.read_cookie(request)
            first, who = await self._desk.read(lambda db: tell_own(db, code, cookie))
            is_full = self._connections.get(who, 0) >= bounds.CONNECTIONS_OF_PHONE
        if is_full or request.query_params.get("once"):
            message = await self._hub.message_for(code, PHONES)
            return stream(_once(ASK_AGAIN + first + message))
        return stream(self._count(who, self._hub.listen(code, PHONES, first)))

    async def _count(self, who: str, heard: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self._connections[who] = self._connections.get(who, 0) + 1
        try:
            async for message in heard:
                yield message
        finally:
            self._connections[who] -= 1
            if not self._connections[who]:
                del self._connections[who]

    async def _vote(self, request: Request) -> Response:
        told = await requests.read_json(request, bounds.VOTE_BYTES)
        cookie = requests.read_cookie(request)
        code = await self._find_code(request)
        if not self._votes.allows(code + cookie):
            raise RefusedError(429, TOO_FAST)
        number, stage, choice = told.get("number"), told.get("stage"), told.get("choice")
        await self._desk.write(lambda db: votes.cast_vote(db, code, cookie, number, stage, choice))
        return answer({})

    async def _add_digit(self, request: Request) -> Response:
        told = await requests.read_json(request, bounds.DRAWING_BYTES)
        cookie = requests.read_cookie(request)
        code = await self._find_code(request)
        if not self._drawings.allows(code + cookie):
            raise RefusedError(429, TOO_FAST)
        await self._desk.read(lambda db: rooms.need_phone(db, code, cookie))
        drawings = await load_part("drawings")
        async with self._drawing:
            greys = await asyncio.to_thread(drawings.draw_digit, told.get("strokes"))
        await self._desk.write(lambda db: digits.add_digit(db, code, cookie, greys))
        return answer({"greys": base64.b64encode(greys).decode()})

    async def _find_code(self, request: Request) -> str:
        """The code of an open room. RefusedError where there is none, and after too many such codes."""
        code = rooms.read_code(request.path_params["code"])
        who = request.client.host if request.client else ""
        cookie = request.cookies.get(requests.COOKIE, "")
        is_open, is_known = await self._desk.read(
            lambda db: (rooms.find_room(db, code) is not None, rooms.is_in_room(db, code, cookie))
        )
        if is_known:
            return code
        if self._wrong_codes.is_reached(who):
            raise RefusedError(429, TOO_MANY_CODES)
        if not is_open:
            self._wrong_codes.note(who)
            raise RefusedError(404, rooms.GONE)
        return code

    # The presenter

    async def _tell_screen(self, request: Request) -> Response:
        code = await self._presenters_code(request)
        if self._hub.count_listeners(code, SCREENS) >= bounds.SCREENS or request.query_params.get("once"):
            return stream(_once(await self._hub.message_for(code, SCREENS)))
        return stream(self._hub.listen(code, SCREENS))

    async def _steer(self, request: Request) -> Response:
        told = await requests.read_json(request, bounds.STEER_BYTES)
        code = await self._presenters_code(request)
        places = await load_part("places")
        place, question = places.read_place(told.get("place")), places.read_question(told.get("question"))

        def steer(db: sqlite3.Connection) -> None:
            asked = question and votes.ask(db, code, question.mark, question.text, question.options)
            rooms.set_place(db, code, place, asked.number if asked else None)

        await self._desk.write(steer)
        self._hub.look_now()
        return answer({})

    async def _set_stage(self, request: Request) -> Response:
        told = await requests.read_json(request, bounds.STEER_BYTES)
        code = await self._presenters_code(request)
        mark, stage, right = str(told.get("mark")), str(told.get("stage")), told.get("right")

        def lead_on(db: sqlite3.Connection) -> None:
            asked = votes.find_marked(db, code, mark)
            votes.set_stage(db, code, asked.number if asked else -1, stage, right)

        await self._desk.write(lead_on)
        self._hub.look_now()
        return answer({})

    async def _change_digits(self, request: Request) -> Response:
        told = await requests.read_json(request, bounds.STEER_BYTES)
        code = await self._presenters_code(request)
        away, used = told.get("away"), told.get("use")
        if isinstance(away, int):
            await self._desk.write(lambda db: digits.put_away(db, code, away, is_away=True))
        if isinstance(used, bool):
            await self._desk.write(lambda db: rooms.use_digits(db, code, are_used=used))
        return answer({})

    async def _list_digits(self, request: Request) -> Response:
        code = await self._presenters_code(request)
        after = request.query_params.get("after", "0")
        newest = int(after) if after.isdecimal() and len(after) < 12 else 0
        greys = await self._desk.read(lambda db: digits.read_greys(db, code, newest))
        return answer({number: base64.b64encode(each).decode() for number, each in greys.items()})

    async def _give_file(self, request: Request) -> Response:
        code = await self._presenters_code(request)
        kind, maker = FILES[request.url.path.rsplit("/", 1)[-1]]
        results = await load_part("results")
        content = await self._desk.read(lambda db: getattr(results, maker)(db, code))
        headers = {"Cache-Control": "no-store", "Content-Disposition": "attachment"}
        return Response(content, headers=headers, media_type=kind)

    async def _close(self, request: Request) -> Response:
        await requests.read_json(request, bounds.STEER_BYTES)
        code = await self._presenters_code(request)
        await self._desk.write(lambda db: rooms.close_room(db, code))
        return answer({})

    async def _presenters_code(self, request: Request) -> str:
        """The code of the room whose secret was sent along. RefusedError without it."""
        requests.check_site(request)
        code, secret = rooms.read_code(request.path_params["code"]), requests.read_secret(request)
        if secret and await self._desk.read(lambda db: rooms.is_presenter(db, code, secret)):
            if await self._desk.read(lambda db: rooms.find_room(db, code)) is None:
                raise RefusedError(404, rooms.GONE)
            return code
        await self._find_code(request)  # a wrong code counts here too
        raise RefusedError(403, NOT_YOURS)


async def load_part(name: str) -> Any:
    """A module of `ae_core.room` that brings torch along: nobody waits for that but who needs it."""
    return await asyncio.to_thread(import_module, f"ae_core.room.{name}")


def is_phone_page(path: str) -> bool:
    """Whether a request's path is the phone's page, which takes no visitor's place."""
    return re.search(rf"{JOIN}(/[^/]*)?$", path) is not None


async def show_phone_page(request: Request) -> Response:
    """Answer with the phone's page, and a cookie where there is none."""
    given = Response(phone_page.phone_page(), headers=phone_page.phone_headers(), media_type="text/html")
    requests.hand_cookie(request, given)
    return given


def plainly(handler: Handler) -> Handler:
    """The handler with each LabError as an answer: its sentence, and a status that a script can go by."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except LabError as problem:
            status = 503 if isinstance(problem, StoreError) else 409
            status = problem.status if isinstance(problem, RefusedError) else status
            return answer({"problem": str(problem)}, status)

    return answered


def tell_own(db: sqlite3.Connection, code: str, cookie: str) -> tuple[bytes, str]:
    """An event with what a phone has said in the vote that is open, and what the room knows it by."""
    phone = rooms.need_phone(db, code, cookie)
    asked = votes.find_question(db, code, rooms.need_room(db, code).question)
    if asked is None:
        return b"", phone
    own: dict[str, Any] = {"number": asked.number, "stage": asked.stage}
    return pack({**own, "choice": votes.read_vote(db, asked, phone)}, "mine"), phone


def stream(parts: AsyncIterator[bytes]) -> Response:
    """Server-sent events that no proxy holds back."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(parts, headers=headers, media_type="text/event-stream")


async def _once(message: bytes) -> AsyncIterator[bytes]:
    yield message or OVER
