"""What phones and screens hear: the same bytes for all of a kind, made once for each change.

A copy of the lab looks into the store a few times a second, so that what another copy has written arrives
too.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from ae_core.errors import LabError
from ae_core.room import digits, rooms, votes
from pages.shared.room.desk import Desk

LOOK_SECONDS = 0.2
# After so long without a change there is a sign of life, by which those who have gone are noticed.
SIGN_SECONDS = 15.0
PHONES, SCREENS = "phones", "screens"
OVER = b"event: over\ndata: {}\n\n"
# A browser that was cut off comes back after so many milliseconds; one that found no place asks so often.
RETRY, ASK_AGAIN = b"retry: 1000\n\n", b"retry: 5000\n\n"


class Channel:
    """What all listeners of one kind in one room hear."""

    def __init__(self) -> None:
        self.message, self.number, self.is_over = b"", -1, False
        self.listeners = 0
        self.changed = asyncio.Event()

    def publish(self, message: bytes, number: int, *, is_over: bool = False) -> None:
        """Have every listener hear `message`."""
        self.message, self.number, self.is_over = message, number, is_over
        waiting, self.changed = self.changed, asyncio.Event()
        waiting.set()


class Hub:
    """The listeners of this process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._channels: dict[tuple[str, str], Channel] = {}
        self._looking: asyncio.Task[None] | None = None
        self._is_asked = asyncio.Event()

    def count_listeners(self, code: str, kind: str) -> int:
        """How many listen here."""
        channel = self._channels.get((code, kind))
        return channel.listeners if channel else 0

    async def listen(self, code: str, kind: str, first: bytes = b"") -> AsyncIterator[bytes]:
        """What a listener of this kind hears, from now on until the room is closed or the server ends.

        first: heard before everything else.
        """
        channel = self._channels.setdefault((code, kind), Channel())
        channel.listeners += 1
        try:
            yield RETRY + first
            if channel.number < 0:
                await self._look_at(code, kind, channel)
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._keep_looking())
            heard = -1
            while not is_server_ending():
                changed = channel.changed
                if channel.number != heard:
                    heard = channel.number
                    yield channel.message
                if channel.is_over:
                    return
                try:
                    async with asyncio.timeout(SIGN_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    yield b": \n\n"
        finally:
            channel.listeners -= 1
            if not channel.listeners and self._channels.get((code, kind)) is channel:
                del self._channels[code, kind]

    def look_now(self) -> None:
        """Look for changes at once: something was written here that nobody should wait for."""
        self._is_asked.set()

    async def _look_at(self, code: str, kind: str, channel: Channel) -> None:
        room, message = await self._desk.read(lambda db: make_message(db, code, kind))
        if channel.number < 0:
            channel.publish(message, count_changes(room, kind), is_over=room is None)

    async def _keep_looking(self) -> None:
        """Look for changes as long as anybody listens."""
        while self._channels:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._is_asked.wait()
            self._is_asked.clear()
            if is_server_ending():
                for channel in list(self._channels.values()):
                    channel.changed.set()
                return
            try:
                versions = await self._desk.read(rooms.list_versions)
                for (code, kind), channel in list(self._channels.items()):
                    number = versions.get(code, (-1, -1))[kind == SCREENS]
                    if channel.is_over or number == channel.number:
                        continue
                    room, message = await self._desk.read(
                        lambda db, code=code, kind=kind: make_message(db, code, kind)
                    )
                    channel.publish(message, count_changes(room, kind), is_over=room is None)
            except LabError:
                continue  # the store is out of reach for a moment: what is shown stays

    async def message_for(self, code: str, kind: str) -> bytes:
        """What a listener of this kind would hear now."""
        channel = self._channels.get((code, kind))
        if channel is not None and channel.number >= 0:
            return channel.message
        return (await self._desk.read(lambda db: make_message(db, code, kind)))[1]


def count_changes(room: rooms.Room | None, kind: str) -> int:
    """The number that every change listeners of this kind hear of makes larger; -1 where there is no room."""
    if room is None:
        return -1
    return room.turn if kind == PHONES else room.version


def make_message(db: sqlite3.Connection, code: str, kind: str) -> tuple[rooms.Room | None, bytes]:
    """The room as it is and what listeners of this kind are told of it; None and OVER where there is none."""
    room = rooms.find_room(db, code)
    if room is None:
        return None, OVER
    return room, pack(describe_for_phones(db, room) if kind == PHONES else describe_for_screens(db, room))


def describe_for_phones(db: sqlite3.Connection, room: rooms.Room) -> dict[str, Any]:
    """What phones and followers may know: where the presenter is and what is asked, and no vote.

    Which option is right stands in it once the screen has shown that.
    """
    asked = votes.find_question(db, room.code, room.question)
    question = asked and {
        "number": asked.number, "text": asked.text, "options": asked.options, "stage": asked.stage,
        **({} if asked.right is None else {"right": asked.right}),
    }  # fmt: skip
    return {"turn": room.turn, "place": room.place, "question": question, "digits": room.uses_digits}


def describe_for_screens(db: sqlite3.Connection, room: rooms.Room) -> dict[str, Any]:
    """What the presenter's screen shows: what phones know, the tally, and which digits there are."""
    asked = votes.find_question(db, room.code, room.question)
    counts = votes.count_votes(db, asked) if asked else {}
    return {
        **describe_for_phones(db, room),
        "mark": asked.mark if asked else "",
        "phones": rooms.count_phones(db, room.code),
        "voted": {stage: sum(row) for stage, row in counts.items()},
        "drawn": digits.list_numbers(db, room.code),
    }


def pack(told: Mapping[str, Any], event: str = "") -> bytes:
    """A server-sent event."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(told, separators=(',', ':'))}\n\n".encode()


def is_server_ending() -> bool:
    """Whether this process was told to end: it waits for answers that go on, and this has them end."""
    handler = signal.getsignal(signal.SIGTERM)  # the server's own method
    return bool(getattr(getattr(handler, "__self__", None), "should_exit", False))
