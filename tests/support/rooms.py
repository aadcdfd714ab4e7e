"""Phones and a presenter's screen without browsers: they speak HTTP to the lab as those do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ae_core.room import rooms
from ae_core.room.database import open_rooms

QUESTION = {"mark": "m1", "text": "Which is **right**?", "options": ["This.", "That.", "Neither."]}
SEVEN = [{"rubs": False, "width": 18, "points": [60, 60, 0.5, 200, 60, 0.5, 110, 220, 0.5]}]


@dataclass(frozen=True)
class Answered:
    """An answer: its status, headers in small letters, of which each may have several lines, and content."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.content)

    @property
    def problem(self) -> str:
        return str(self.told.get("problem", ""))


async def ask(
    url: str, method: str = "GET", content: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answered:
    """One request on a connection of its own."""
    reader, writer, status, found = await _begin(
        url, method, content, {"Connection": "close", **(headers or {})}
    )
    try:
        body = await reader.read()
    finally:
        writer.close()
    if found.get("transfer-encoding") == "chunked":
        body = _unchunk(body)
    return Answered(status, found, body)


async def _begin(
    url: str, method: str, content: bytes, headers: Mapping[str, str]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int, dict[str, str]]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80, limit=2**20)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = {"Host": parts.netloc, "Content-Length": str(len(content)), **headers}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    try:
        writer.write(head.encode() + b"\r\n" + content)
        said = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except BaseException:
        writer.close()
        raise
    found: dict[str, str] = {}
    for line in filter(None, said[1:]):
        name, value = line.split(": ", 1)
        found[name.lower()] = "\n".join(filter(None, (found.get(name.lower()), value)))
    return reader, writer, int(said[0].split()[1]), found


def _unchunk(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        count = int(size, 16)
        whole, body = whole + rest[:count], rest[count + 2 :]
    return whole


@dataclass
class Client:
    """What phones and screens have in common. base: address of the room below the lab's."""

    lab: str
    code: str
    headers: dict[str, str] = field(default_factory=dict)

    async def post(self, what: str, told: object, **headers: str) -> Answered:
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        sent = {"Content-Type": "application/json", **self.headers, **headers}
        return await ask(f"{self.lab}/room/{quote(self.code)}/{what}", "POST", content, sent)

    async def get(self, what: str) -> Answered:
        return await ask(f"{self.lab}/room/{quote(self.code)}/{what}", headers=self.headers)

    async def hear(self, what: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Name and content of each server-sent event, until the connection ends."""
        url = f"{self.lab}/room/{quote(self.code)}/{what}"
        reader, writer, status, _ = await _begin(url, "GET", b"", {"Connection": "close", **self.headers})
        if status != 200:
            raise ConnectionError(f"status {status}")
        try:
            name = "message"
            while line := (await reader.readline()).decode():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ").strip()
                if line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))
                    name = "message"
        finally:
            writer.close()


class Phone(Client):
    """A phone with a cookie of its own, once it has opened the page."""

    async def open(self) -> Answered:
        """Open the phone's page, take its cookie, and join."""
        page = await ask(f"{self.lab}/join/{quote(self.code)}", headers=self.headers)
        if "set-cookie" in page.headers:
            given = [line.split(";")[0] for line in page.headers["set-cookie"].splitlines()]
            self.headers["Cookie"] = "; ".join(given)
        return await self.post("join", {})

    async def vote(self, choice: object, number: object, stage: str = "first") -> Answered:
        return await self.post("vote", {"number": number, "stage": stage, "choice": choice})

    async def now(self) -> dict[str, Any]:
        """What phones are told now."""
        async for name, told in self.hear("events?once=1"):
            if name == "message":
                return told
        raise ConnectionError("nothing was told")


class Screen(Client):
    """The presenter's browser."""

    @classmethod
    def open_room(cls, lab: str, root: Path) -> Screen:
        """A new room in the store at `root`."""
        with open_rooms(root) as base:
            ((code, secret),) = base.write([rooms.open_room])
        return cls(lab, code, {"Authorization": f"Bearer {secret}"})

    async def ask(self, question: Mapping[str, object] | None = QUESTION, link: str = "") -> Answered:
        """Be at a step of the home page, with a question on it."""
        place = {"page": "home", "beat": "predict", "title": "How much is kept?", "link": link}
        return await self.post("steer", {"place": place, "question": question})

    async def lead_to(self, stage: str, mark: str = "m1") -> Answered:
        return await self.post("stage", {"mark": mark, "stage": stage})

    async def now(self) -> dict[str, Any]:
        """What the screen is told now."""
        async for _, told in self.hear("screen?once=1"):
            return told
        raise ConnectionError("nothing was told")
