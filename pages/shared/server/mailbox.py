"""The messages that a connection has sent and nobody has read yet: bounded, of equal wishes the newest."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from starlette.types import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.scriptrunner_utils.script_requests import _coalesce_widget_states

RERUN = "rerun_script"
# Work that a browser asks for beside its page, such as a file to be made.
ERRAND = "backend_operation_request"
MOST_WAITING = 40
# In a second, after so many at once. Trainings side by side are looked at 14 times a second.
RATES = {RERUN: (10.0, 20.0), ERRAND: (4.0, 1.0), "": (60.0, 20.0)}
# Bytes that are read in a second, after so many at once: a browser hands back 5 MB of a visitor's pictures.
BYTES_AT_ONCE, BYTES_A_SECOND = 12_000_000, 500_000
LETTERS_AT_ONCE, LETTERS_A_SECOND = 100.0, 100.0
# What the widgets of a page may hold: a page has about 60, and drawings in all 100,000 numbers.
MOST_WIDGETS, MOST_PARTS, MOST_KNOWN = 2_000, 400_000, 20_000


class Bucket:
    """Allows `at_once` of something, and then `a_second` more in each second."""

    def __init__(self, at_once: float, a_second: float) -> None:
        self._most, self._a_second = at_once, a_second
        self._left, self._since = at_once, time.monotonic()

    def take(self, amount: float) -> float:
        """Take so much; seconds until it would have been there, 0 if it is."""
        now = time.monotonic()
        self._left = min(self._most, self._left + self._a_second * (now - self._since)) - amount
        self._since = now
        return max(0.0, -self._left / self._a_second)


@dataclass
class Letter:
    """A message with what it says and when it came, in seconds of `time.perf_counter`."""

    message: Message
    said: BackMsg
    came: float

    @property
    def kind(self) -> str:
        """Which kind of BackMsg it is; empty for a message of the connection itself."""
        return self.said.WhichOneof("type") or ""

    @property
    def size(self) -> int:
        return len(self.message.get("bytes") or b"") + len(self.message.get("text") or "")


def read_letter(message: Message) -> Letter:
    """What a message says; nothing where it is none of Streamlit's, which Streamlit then sees to."""
    try:
        said = BackMsg.FromString(message.get("bytes") or b"")
    except DecodeError:
        said = BackMsg()
    return Letter(message, said, time.perf_counter())


def find_excess(said: BackMsg) -> str:
    """What in a message is more than any page can need, in a word; empty if nothing is."""
    state = said.rerun_script
    if len(state.widget_states.widgets) > MOST_WIDGETS:
        return "widgets"
    if len(state.cached_message_hashes) > MOST_KNOWN:
        return "messages known"
    if sum(map(_count_parts, state.widget_states.widgets)) > MOST_PARTS:
        return "values"
    return ""


def _count_parts(widget: WidgetState) -> int:
    """How many objects a widget's value may become in Python, as far as its text tells."""
    kind = widget.WhichOneof("value")
    value = getattr(widget, kind) if kind else None
    if isinstance(value, str):
        return sum(map(value.count, "[{,:"))
    if isinstance(value, bytes):
        return sum(map(value.count, (b"[", b"{", b",", b":")))
    data = getattr(value, "data", ())
    return 0 if isinstance(data, str | bytes) else len(data)


class Mailbox:
    """Letters in the order in which they came, but that one wish for a part of the page stands for several.

    A wish for the whole page stands for all before it, too. What was pressed meanwhile is not lost.
    """

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque()
        self._rates = {kind: Bucket(*rate) for kind, rate in RATES.items()}
        self._came = asyncio.Event()

    def put(self, letter: Letter) -> None:
        """Put a letter in. Beyond MOST_WAITING those that wait longest go."""
        if letter.kind == RERUN:
            for earlier in [*self._superseded(letter.said.rerun_script)]:
                self._letters.remove(earlier)
                letter = _merge(earlier, letter)
        if letter.message["type"] == "websocket.disconnect":
            self._letters = deque(each for each in self._letters if each.kind not in (RERUN, ERRAND))
        self._letters.append(letter)
        while len(self._letters) > MOST_WAITING:
            self._letters.popleft()
        self._came.set()

    def _superseded(self, wish: ClientState) -> Iterator[Letter]:
        for letter in self._letters:
            if letter.kind != RERUN:
                continue
            state = letter.said.rerun_script
            same = state.page_script_hash == wish.page_script_hash
            if not wish.fragment_id or (same and state.fragment_id == wish.fragment_id):
                yield letter

    async def next(self) -> Letter:
        """The next letter, once it is there and its time has come."""
        while not self._letters:
            self._came.clear()
            await self._came.wait()
        kind = self._letters[0].kind
        if kind and (pause := self._rates[kind if kind in RATES else ""].take(1)):
            await asyncio.sleep(pause)  # what comes meanwhile may stand for it
        return self._letters.popleft()


def _merge(earlier: Letter, later: Letter) -> Letter:
    """The later wish, with what was pressed in the earlier one; it counts from when that came."""
    said = BackMsg()
    said.CopyFrom(later.said)
    ours, theirs = said.rerun_script, earlier.said.rerun_script
    merged = _coalesce_widget_states(theirs.widget_states, ours.widget_states)
    if merged is not None:
        ours.widget_states.CopyFrom(merged)
    ours.is_auto_rerun = ours.is_auto_rerun and theirs.is_auto_rerun
    message = {**later.message, "bytes": said.SerializeToString()}
    return Letter(message, said, earlier.came)
