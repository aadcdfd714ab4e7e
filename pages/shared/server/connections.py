"""One visitor's connection: what it sends is read at a bounded pace, its page is run when it is its turn."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from google.protobuf.message import DecodeError
from starlette.types import Message, Receive, Send
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.shared.server import mailbox
from pages.shared.server.counts import counts
from pages.shared.server.mailbox import ERRAND, RERUN, Bucket, Letter, Mailbox
from pages.shared.server.permits import Account, FairPermits
from pages.shared.server.sessions import departures

# After how long a run of a page no longer counts.
LONG_RUN_SECONDS = 0.5
# A browser asks for its page as soon as it is connected.
SILENT_SECONDS = 20.0
# The messages that a page was run through, and which page it is, are short: only such ones are read.
SHORT = 2048
# So is what a session begins with.
FIRST = 65_536
TOO_BIG, TRY_AGAIN_LATER = 1009, 1013


class RunPermit:
    """A connection's permit to have its page run.

    Python runs one thing at a time. A hundred pages at once would all be ready late, and the server would
    hardly get round to sending them; a few at a time, in the order in which they were asked for, are ready
    one after the other.
    """

    def __init__(self, permits: FairPermits, account: Account | None = None) -> None:
        self._permits = permits
        self._account = account or Account()
        self._limit: asyncio.TimerHandle | None = None
        self._began: float | None = None

    async def acquire(self) -> None:
        """Wait for the permit; not at all where it is held already.

        After LONG_RUN_SECONDS the next connection gets it, though the page runs on.
        """
        if self._limit is None:
            await self._permits.acquire(self._account)
            self._limit = asyncio.get_running_loop().call_later(LONG_RUN_SECONDS, self._pass_on)
            self._note_over()
            self._began = time.monotonic()
            counts.running += 1

    def _pass_on(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
            self._permits.release()

    def release(self) -> None:
        """The run is over: give the permit to the next connection, if this one still holds it."""
        self._note_over()
        self._pass_on()

    def _note_over(self) -> None:
        if self._began is not None:
            self._account.add(time.monotonic() - self._began)
            self._began = None
            counts.running -= 1


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


class Connection:
    """What stands between a visitor's websocket and Streamlit: `receive` and `send` in place of the server's.

    session: Streamlit's id of it, empty until it is known. close_code: what the visitor's side said when it
    closed; None before it has.
    """

    def __init__(self, receive: Receive, send: Send, permits: FairPermits, account: Account) -> None:
        self._receive, self._send = receive, send
        self._permit, self._page = RunPermit(permits, account), CurrentPage()
        self._mailbox = Mailbox()
        self._asked: list[float] = []
        self._is_open, self._has_asked = False, False
        self._pump: asyncio.Task[None] | None = None
        self.close_code: int | None = None
        self.session = ""

    async def receive(self) -> Message:
        """The next message that Streamlit may read."""
        if not self._is_open:
            self._is_open = True
            first = await self._receive()
            if first["type"] == "websocket.connect":
                return first
            self._mailbox.put(mailbox.read_letter(first))
        if self._pump is None:
            self._pump = asyncio.create_task(self._read_on())
        while True:
            letter = await self._mailbox.next()
            # Any browser could have the server forget what it keeps for everybody.
            if letter.kind == "clear_cache":
                continue
            if letter.kind == RERUN and self._page.is_left(letter.said.rerun_script):
                continue
            if letter.kind:
                self._asked[:] = [letter.came]
            if letter.kind in (RERUN, ERRAND):
                await self._permit.acquire()
            return letter.message

    async def _read_on(self) -> None:
        """Read what comes, no faster than a visitor can have it come, until the connection ends."""
        size = Bucket(mailbox.BYTES_AT_ONCE, mailbox.BYTES_A_SECOND)
        number = Bucket(mailbox.LETTERS_AT_ONCE, mailbox.LETTERS_A_SECOND)
        while True:
            letter = await self._next_letter()
            if mailbox.find_excess(letter.said):
                counts.refused_messages += 1
                letter = await self._end(TOO_BIG)
            self._has_asked = self._has_asked or letter.kind == RERUN
            self._mailbox.put(letter)
            if letter.message["type"] == "websocket.disconnect":
                self.close_code = letter.message.get("code")
                return
            if pause := max(size.take(letter.size), number.take(1)):
                await asyncio.sleep(pause)

    async def _next_letter(self) -> Letter:
        if self._has_asked:
            return mailbox.read_letter(await self._receive())
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                return mailbox.read_letter(await self._receive())
        except TimeoutError:
            counts.refused_connections += 1
            return await self._end(TRY_AGAIN_LATER)

    async def _end(self, code: int) -> Letter:
        """Close the connection; what Streamlit is to be told of it."""
        with suppress(Exception):  # it may be gone already
            await self._send({"type": "websocket.close", "code": code})
        return mailbox.read_letter({"type": "websocket.disconnect", "code": code})

    async def send(self, message: Message) -> None:
        """Send a message of Streamlit's, and note when a run of the page or an errand is over."""
        await self._send(message)
        frame = message.get("bytes") or b""
        if len(frame) >= (SHORT if self.session else FIRST):
            return
        says = _parse_answer(frame)
        if says.HasField("new_session") and not self.session:
            self.session = says.new_session.initialize.session_id
            departures.note_here(self.session)
        elif says.HasField("navigation"):
            self._page.note(says.navigation.page_script_hash)
        elif says.HasField("backend_operation_response"):
            self._permit.release()
        elif says.HasField("script_finished"):
            self._permit.release()
            if self._asked:
                counts.answer_seconds.append(time.perf_counter() - self._asked.pop())

    def end(self) -> None:
        """It is over, however it ended."""
        self._permit.release()
        if self._pump is not None:
            self._pump.cancel()


def _parse_answer(frame: bytes) -> ForwardMsg:
    """A frame of Streamlit's; an empty message where it is none."""
    try:
        return ForwardMsg.FromString(frame)
    except DecodeError:
        return ForwardMsg()
