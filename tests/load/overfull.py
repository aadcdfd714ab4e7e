"""More visitors than the lab lets in, within a second: what those outside are told, how those inside fare.

    python -m tests.load.overfull [--visitors 300]

Each asks for the page as a browser does, and comes in if it is given. Then all who are in move the noise
slider, twice.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from websockets.exceptions import InvalidStatus

from tests.load.__main__ import EVERY_SECONDS, Crowd, table
from tests.support.browser import App

ROUNDS = 2


@dataclass
class Outcome:
    """refusals: the words of each kind of refusal, and how often. crowd: those who came in."""

    crowd: Crowd
    refusals: Counter[str] = field(default_factory=Counter)
    memory_megabytes: float = 0.0
    threads: int = 0
    open_files: int = 0


def page_of(url: str) -> str:
    """Words of the refusal; empty if the page was given."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": "text/html"}), timeout=60):
            return ""
    except urllib.error.HTTPError as refusal:
        told = "The lab is full" in refusal.read().decode() and refusal.headers["retry-after"]
        return "The lab is full" if told else f"status {refusal.code} without a word"


async def overfull(app: App, count: int) -> Outcome:
    outcome = Outcome(Crowd([app.url], [("", "home_test_noise")]))

    async def come(i: int) -> None:
        await asyncio.sleep(random.uniform(0, 1))
        if words := await asyncio.to_thread(page_of, app.url):
            outcome.refusals[words] += 1
            return
        try:
            await outcome.crowd.let_in(i)
        except InvalidStatus:
            outcome.refusals["connection refused, tried again by the browser"] += 1

    await asyncio.gather(*(come(i) for i in range(count)))
    for _ in range(ROUNDS):
        await outcome.crowd.move("move", EVERY_SECONDS)
    process = psutil.Process(app.process.pid)
    outcome.memory_megabytes, outcome.threads = process.memory_info().rss / 1e6, process.num_threads()
    outcome.open_files = process.num_fds()
    await outcome.crowd.leave()
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app:
        outcome = asyncio.run(overfull(app, options.visitors))
    table("those inside", outcome.crowd)
    print(
        f"inside {len(outcome.crowd.inside)}, outside "
        + ", ".join(f"{count} × {words!r}" for words, count in outcome.refusals.items())
    )
    print(f"server: {outcome.memory_megabytes:.0f} MB, {outcome.threads} threads")
    print(f"{outcome.open_files} open files")


if __name__ == "__main__":
    main()
