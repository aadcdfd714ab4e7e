"""A class at once, beside the plain way to write such an app.

    python -m tests.load [--visitors 100] [--seconds 300] [--trainings 2] [--copies 1] [--output FILE.json]

A presenter has opened the lab, in presenter mode. So many visitors join within a second. Three real browsers
come too; when their pages are there all move the noise slider every 4 seconds, each from a moment of its own
on, while trainings run; then all move it within 0.2 s. Prints, in milliseconds, the times from a message sent
to the first picture and to the end of the page's run, in the browsers to the picture painted, and what
failed. Visitors and browsers run in processes of their own, on the same machine. With more copies of the lab
than one, on one store, they go to each by turns, as nginx sends them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path

from ae_core import config
from ae_core.service import jobs
from tests.benchmarks.interaction import PlainApp
from tests.conftest import PROJECT
from tests.load.browsers import READY
from tests.load.client import Answer, Visitor
from tests.support.browser import App

# Page, key of the noise slider, and how many of ten visitors are there.
PLACES = (
    [("", "home_test_noise")] * 6
    + [("denoising", "dae_test_noise")] * 2
    + [("convolutional", "cae_test_noise")] * 2
)
EVERY_SECONDS = 4.0
# After the presenter's first page the server imports what other pages need.
PRESENTER_SECONDS = 10.0
LEVELS = [round(0.05 * i, 2) for i in range(21)]
LONG = config.adjusted(config.CAE, training={"epochs": 200})


class Crowd:
    """Visitors of one server or several, each at one of `places` by turns.

    places: pages, and the keys of their noise sliders. answers: under what they did. painted: seconds to the
    picture in the browsers beside them.
    """

    def __init__(self, urls: Sequence[str], places: Sequence[tuple[str, str]]) -> None:
        self.inside: list[tuple[Visitor, str]] = []
        self.answers: dict[str, list[Answer]] = {}
        self.failures: list[str] = []
        self.painted: list[float] = []
        self._urls, self._places, self._stack = urls, places, AsyncExitStack()

    async def let_in(self, i: int) -> Answer:
        """The visitor number `i` opens a page."""
        page, key = self._places[i % len(self._places)]
        visitor, started = Visitor(self._urls[i % len(self._urls)], page), time.perf_counter()
        await self._stack.enter_async_context(visitor)
        answer = await visitor.open()
        self.inside.append((visitor, key))
        return replace(answer, seconds=time.perf_counter() - started)

    async def join(self, count: int, within: float) -> None:
        async def one(i: int) -> None:
            await asyncio.sleep(random.uniform(0, within))
            await self._note("join", self.let_in(i))

        await asyncio.gather(*[one(i) for i in range(count)])

    async def move(self, what: str, within: float) -> None:
        """Each moves its slider once, at a random moment of the next `within` seconds."""

        async def one(visitor: Visitor, key: str) -> None:
            await asyncio.sleep(random.uniform(0, within))
            await self._note(what, visitor.move(key, random.choice(LEVELS)))

        await asyncio.gather(*[one(visitor, key) for visitor, key in self.inside])

    async def keep_moving(self, what: str, over: Callable[[float], bool]) -> None:
        """Each moves its slider every EVERY_SECONDS, from a moment of its own, or once its answer is there.

        over: whether it is over at a time of `time.monotonic`.
        """

        async def one(visitor: Visitor, key: str) -> None:
            due = time.monotonic() + random.uniform(0, EVERY_SECONDS)
            while not over(due):
                await asyncio.sleep(due - time.monotonic())
                await self._note(what, visitor.move(key, random.choice(LEVELS)))
                due = max(due + EVERY_SECONDS, time.monotonic())

        await asyncio.gather(*[one(visitor, key) for visitor, key in self.inside])

    async def leave(self) -> None:
        await self._stack.aclose()

    async def _note(self, what: str, doing: Awaitable[Answer]) -> None:
        try:
            answer = await doing
        except Exception as problem:
            self.failures.append(f"{what}: {problem!r}")
            return
        self.answers.setdefault(what, []).append(answer)
        if answer.failed:
            self.failures.append(f"{what}: an error on the page")


async def present(urls: Sequence[str]) -> None:
    """Open the lab in presenter mode, which has ready what the script's pages show."""
    for url in urls:
        async with Visitor(url, query="present=1") as presenter:
            answer = await presenter.open()
            if answer.failed:
                raise RuntimeError("an error on the presenter's page")


async def a_class(
    urls: Sequence[str], count: int, seconds: float, places: Sequence[tuple[str, str]], browsers: bool = False
) -> Crowd:
    crowd = Crowd(urls, places)
    await crowd.join(count, 1.0)
    await crowd.move("first move", EVERY_SECONDS)  # what is drawn once for everybody is drawn here
    if browsers:
        command = [sys.executable, "-m", "tests.load.browsers", urls[0], str(seconds)]
        beside = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        assert beside.stdout
        if await asyncio.to_thread(beside.stdout.readline) != f"{READY}\n":
            raise RuntimeError("the browsers did not come up; what they said is above")
    end = time.monotonic() + seconds
    await crowd.keep_moving("move", lambda due: due >= end)
    if browsers:
        told, _ = await asyncio.to_thread(beside.communicate)
        crowd.painted = [milliseconds / 1000 for milliseconds in json.loads(told)]
    await crowd.move("all at once", 0.2)
    await crowd.leave()
    return crowd


def table(name: str, crowd: Crowd) -> dict[str, dict[str, float]]:
    """Median, 95th and 99th percentile and the longest, in milliseconds, of every thing they did; printed."""
    times = {
        f"{what}, end": [answer.seconds for answer in answers] for what, answers in crowd.answers.items()
    }
    times |= {
        f"{what}, picture": [a.picture_seconds for a in answers if a.picture_seconds]
        for what, answers in crowd.answers.items()
    }
    rows: dict[str, dict[str, float]] = {}
    for what, seconds in {**times, "painted in the browsers": crowd.painted}.items():
        if seconds:
            ordered = sorted(1000 * one for one in seconds)
            at = {share: ordered[int(share / 100 * (len(ordered) - 1))] for share in (50, 95, 99, 100)}
            rows[what] = {**{str(share): value for share, value in at.items()}, "count": len(ordered)}
            shares = ", ".join(f"{share} % {value:.0f}" for share, value in at.items())
            print(f"{name}, {what}: {shares} of {len(ordered)}")
    print(f"{name}: {len(crowd.failures)} failures", *crowd.failures[:5], sep="\n  ")
    rows["failures"] = {"count": len(crowd.failures)}
    return rows


def memory_megabytes(apps: Sequence[App]) -> float:
    """Resident memory of all of them."""
    pages = sum(int(Path(f"/proc/{app.process.pid}/statm").read_text().split()[1]) for app in apps)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--trainings", type=int, default=2)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    results = {}
    room = str(2 * options.visitors)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        copies = [
            stack.enter_context(App(Path(folder), copy=str(i), AE_LAB_MAX_VISITORS=room))
            for i in range(options.copies)
        ]
        app, urls = copies[0], [copy.url for copy in copies]
        command = [
            sys.executable,
            "-m",
            "ae_core",
            "cluster",
            "start",
            "--store",
            str(app.store.root),
            "--workers",
            "2",
        ]
        subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
        for i in range(options.trainings):
            jobs.submit_training(config.adjusted(LONG, training={"seed": i}), app.store, visitor=f"{i}")
        asyncio.run(present(urls))
        time.sleep(PRESENTER_SECONDS)
        before = memory_megabytes(copies)
        results["lab"] = table(
            "lab", asyncio.run(a_class(urls, options.visitors, options.seconds, PLACES, browsers=True))
        )
        after = memory_megabytes(copies)
        print(f"memory of the copies: {before:.0f} MB with a visitor each, {after:.0f} MB at the end")
        plain = PlainApp(Path(folder))
        asyncio.run(a_class([plain.url], 1, 0, [("", "noise")]))
        results["plain"] = table(
            "plain", asyncio.run(a_class([plain.url], options.visitors, options.seconds / 3, [("", "noise")]))
        )
        plain.process.terminate()
        plain.process.wait()
    if options.output:
        options.output.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
