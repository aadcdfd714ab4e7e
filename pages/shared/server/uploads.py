"""Files on their way in: a few at a time, in turn, no slower than a phone sends them, and for whom asked."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec, UploadFileUrlInfo

from ae_core.words.sentences import say
from pages.shared.server.counts import counts
from pages.shared.server.permits import Account, FairPermits

# As many as the page Your digit takes at once; what comes beyond UPLOADS_AT_ONCE waits for its turn.
UPLOADS_OF_ONE = 20
BYTES_OF_ONE, UPLOADED_BYTES = 100_000_000, 300_000_000
UPLOADS_AT_ONCE = 4
# A little more than `server.maxUploadSize` allows.
FILE_BYTES = 31_000_000
RETRY_SECONDS = 30
# Bytes a second on average, after the first seconds, where nobody waits, and where somebody does; and how
# long a file may take in any case.
LEAST_RATE, WANTED_RATE, GRACE_SECONDS = 10_000, 250_000, 8.0
LONGEST_SECONDS = 600.0
LOOK_SECONDS = 1.0
# Addresses for files that a session was given, and for how many sessions they are known.
IDS_OF_ONE, SESSIONS_KNOWN = 400, 2_000

TOO_MANY_FILES = say(
    "That is more than one visitor may have here at once. Remove some files, then try again."
)
OTHERS_UPLOAD = say(
    "Others are uploading just now. Try again in {retry_seconds} seconds.", retry_seconds=RETRY_SECONDS
)
TOO_SLOW = say("The file came too slowly. Try again with a better connection, or choose a smaller file.")
LEFT = say("The page that this file belongs to has been closed.")
UNKNOWN = say("Nobody was asked for this file. Load the page again and choose it there.")

_issued: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()


def note_issued_ids(manager: MemoryUploadedFileManager) -> None:
    """Have the file manager note for which files it gave out addresses: no others come in."""
    give_out = manager.get_upload_urls

    def noting(session_id: str, file_names: Sequence[str]) -> list[UploadFileUrlInfo]:
        given = give_out(session_id, file_names)
        known = _issued.setdefault(session_id, OrderedDict())
        _issued.move_to_end(session_id)
        known.update(dict.fromkeys(each.file_id for each in given))
        while len(known) > IDS_OF_ONE:
            known.popitem(last=False)
        while len(_issued) > SESSIONS_KNOWN:
            _issued.popitem(last=False)
        return given

    manager.get_upload_urls = noting  # type: ignore[method-assign]


def is_issued(session: str, file: str) -> bool:
    """Whether the session was given an address for this file."""
    return file in _issued.get(session, ())


class Upload:
    """One file on its way in. source: where it comes from; received: bytes so far; problem: why it ended."""

    def __init__(self, session: str, receive: Receive) -> None:
        self.session = session
        self.received = 0
        self.problem = ""
        self.source = receive
        self._began = time.monotonic()
        self._ended = asyncio.Event()

    def begin(self) -> None:
        """It has its place: from now on it must come fast enough."""
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it has its place."""
        return time.monotonic() - self._began

    @property
    def rate(self) -> float:
        """Bytes a second on average; as many as anybody wants as long as it has only just begun."""
        return self.received / self.seconds if self.seconds > GRACE_SECONDS else float(FILE_BYTES)

    def end(self, problem: str) -> None:
        """Break it off, and say why."""
        self.problem = self.problem or problem
        self._ended.set()

    async def receive(self) -> Message:
        """The next part. Says that the sender is gone once the file was broken off."""
        coming = asyncio.ensure_future(self.source())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            while True:
                await asyncio.wait({coming, ended}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if not self.problem and not coming.done():
                    self._look()
                if self.problem:
                    return {"type": "http.disconnect"}
                if coming.done():
                    self.received += len(coming.result().get("body", b""))
                    self._look_at_pace()
                    return coming.result()
        finally:
            for each in (coming, ended):
                each.cancel()

    def _look_at_pace(self) -> None:
        if self.rate < LEAST_RATE or self.seconds > LONGEST_SECONDS:
            self.end(TOO_SLOW)

    def _look(self) -> None:
        self._look_at_pace()
        if not _is_there(self.session):
            self.end(LEFT)


def _is_there(session: str) -> bool:
    return Runtime.instance().is_active_session(session)


class Uploads:
    """ASGI application for files: lets them through to `app` a few at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._places = FairPermits(UPLOADS_AT_ONCE)
        self._coming: set[Upload] = set()

    async def serve(self, path: str, account: Account, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a file come in once it is its turn: a browser sends all that were chosen at once.

        path: what follows Streamlit's address for uploads: session and file. account: the sender's.
        """
        session, _, file = path.partition("/")
        if not is_issued(session, file):
            await _refuse(UNKNOWN, 403, receive, scope, send)
            return
        if len(kept_files(session)) + counts.receiving[session] >= UPLOADS_OF_ONE:
            await _refuse(TOO_MANY_FILES, 429, receive, scope, send)
            return
        counts.receiving[session] += 1
        upload = Upload(session, receive)
        try:
            if not await self._take_place(account):
                await _refuse(OTHERS_UPLOAD, 429, receive, scope, send)
                return
            self._coming.add(upload)
            try:
                upload.begin()
                await self._let_in(upload, scope, send)
            finally:
                self._coming.discard(upload)
                account.add(upload.seconds)
                self._places.release()
        finally:
            counts.receiving[session] -= 1
            if not counts.receiving[session]:
                del counts.receiving[session]

    async def _take_place(self, account: Account) -> bool:
        """Wait for a place; who sends slower than others would has to leave theirs. Whether there is one."""
        deadline = time.monotonic() + RETRY_SECONDS
        taking = asyncio.ensure_future(self._places.acquire(account))
        try:
            while not taking.done() and time.monotonic() < deadline:
                await asyncio.wait({taking}, timeout=LOOK_SECONDS)
                slowest = min(self._coming, key=lambda upload: upload.rate, default=None)
                if not taking.done() and slowest is not None and slowest.rate < WANTED_RATE:
                    slowest.end(TOO_SLOW)
        finally:
            is_taken = taking.done()
            taking.cancel()
        return is_taken

    async def _let_in(self, upload: Upload, scope: Scope, send: Send) -> None:
        if problem := find_problem(upload.session):
            await _refuse(problem, 429, upload.source, scope, send)
            return
        has_begun = False

        async def send_noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, upload.receive, send_noting)
        except Exception:  # Streamlit takes a file that is broken off for an error of its own
            if not upload.problem:
                raise
        if upload.problem and not has_begun:
            counts.refused_uploads += 1
            await _mark_retry(PlainTextResponse(upload.problem, 408))(scope, upload.source, send)


def kept_files(session: str = "") -> list[UploadedFileRec]:
    """The uploaded files that the server holds of a session, or of all."""
    kept = cast(MemoryUploadedFileManager, Runtime.instance().uploaded_file_mgr).file_storage
    sessions = [kept.get(session, {})] if session else list(kept.values())
    return [file for files in sessions for file in list(files.values())]


def find_problem(session: str) -> str:
    """Why the server holds too much for one more file of this session, in words; empty if it does not."""
    if sum(len(file.data) for file in kept_files(session)) >= BYTES_OF_ONE:
        return TOO_MANY_FILES
    if sum(len(file.data) for file in kept_files()) >= UPLOADED_BYTES:
        return say(
            "The lab holds as many files as it can. Try again in {retry_seconds} seconds.",
            retry_seconds=RETRY_SECONDS,
        )
    return ""


async def _refuse(problem: str, status: int, receive: Receive, scope: Scope, send: Send) -> None:
    counts.refused_uploads += 1
    await _discard_body(receive)
    await _mark_retry(PlainTextResponse(problem, status))(scope, receive, send)


async def _discard_body(receive: Receive) -> None:
    """Receive a file and keep nothing of it, for a while: who is cut off while sending never reads why."""
    size = 0
    try:
        async with asyncio.timeout(RETRY_SECONDS):
            while size <= FILE_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return


def _mark_retry(response: Response) -> Response:
    response.headers["retry-after"] = str(RETRY_SECONDS)
    return response
