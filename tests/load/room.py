"""A room of phones, beside visitors who move sliders and one training.

    python -m tests.load.room [--phones 300] [--visitors 50] [--followers 30] [--output FILE.json]

So many phones join one room within 10 s, vote within 5 s, and vote again within 5 s: alone, for what they
cost the server, and then beside visitors, whose sliders are measured without them afterwards. Then followers
follow the presenter's slider, 20 times. Prints how many votes were counted, seconds from a tap to the
screen's count, what the phones cost, the visitors' slider with and without, and seconds until a follower has
the presenter's dials. Phones and visitors run in processes of their own, on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from ae_core.service import jobs
from tests.conftest import PROJECT
from tests.load.__main__ import EVERY_SECONDS, LONG, PRESENTER_SECONDS, present
from tests.load.client import Visitor
from tests.support.browser import App
from tests.support.rooms import Phone, Screen

JOIN_SECONDS, VOTE_SECONDS, REST_SECONDS = 10.0, 5.0, 20.0
STEPS = 20
NOISE = "dae_test_noise"


def at(share: float, values: Sequence[float]) -> float:
    """The value that this share of all stays below."""
    return sorted(values)[int(share * (len(values) - 1))] if values else float("nan")


class Phones:
    """Phones of one room, each with its connection open; seconds from each tap to the screen's count."""

    def __init__(self, screen: Screen, count: int) -> None:
        self.screen = screen
        self.phones = [Phone(screen.lab, screen.code) for _ in range(count)]
        self.failures: list[str] = []
        self.seconds: list[float] = []
        self._hearing: list[asyncio.Task[None]] = []
        self._counted: list[tuple[float, int]] = []

    async def join(self) -> None:
        async def one(phone: Phone) -> None:
            await asyncio.sleep(random.uniform(0, JOIN_SECONDS))
            answered = await phone.open()
            if answered.status != 200:
                self.failures.append(f"join: {answered.status} {answered.problem}")
            self._hearing.append(asyncio.create_task(self._listen(phone)))

        await asyncio.gather(*map(one, self.phones))

    async def vote(self, stage: str, number: int) -> None:
        """Everybody votes once, at a moment of its own; each vote's time until the screen counts as many."""
        self._counted.clear()
        watching = asyncio.create_task(self._watch(stage))
        taps: list[float] = []

        async def one(phone: Phone) -> None:
            await asyncio.sleep(random.uniform(0, VOTE_SECONDS))
            taps.append(time.perf_counter())
            answered = await phone.vote(random.randrange(3), number, stage)
            if answered.status != 200:
                self.failures.append(f"vote: {answered.status} {answered.problem}")

        await asyncio.gather(*map(one, self.phones))
        await asyncio.sleep(2)
        watching.cancel()
        # Nobody's vote is told apart on the screen: the first tap counts when one is counted, and so on.
        for i, tap in enumerate(sorted(taps), 1):
            shown = next((moment for moment, count in self._counted if count >= i), None)
            if shown is None:
                self.failures.append(f"vote {i} did not reach the screen")
            else:
                self.seconds.append(shown - tap)

    async def leave(self) -> None:
        for task in self._hearing:
            task.cancel()
        await asyncio.gather(*self._hearing, return_exceptions=True)

    async def _listen(self, phone: Phone) -> None:
        async for _ in phone.hear("events"):
            pass

    async def _watch(self, stage: str) -> None:
        async for _, told in self.screen.hear("screen"):
            self._counted.append((time.perf_counter(), told["voted"].get(stage, 0)))


async def run_phones(lab: str, code: str, secret: str, count: int, pid: int) -> None:
    """One lesson's question; what came of it as a line of JSON."""
    screen = Screen(lab, code, {"Authorization": f"Bearer {secret}"})
    server = psutil.Process(pid)
    await screen.ask()
    number = (await screen.now())["question"]["number"]
    phones = Phones(screen, count)
    memory, began = server.memory_info().rss, sum(server.cpu_times()[:2])
    await phones.join()
    joined = sum(server.cpu_times()[:2])
    counts = {}
    for stage in ("first", "second"):
        await phones.vote(stage, number)
        counts[stage] = (await screen.now())["voted"][stage]
        await screen.lead_to("second" if stage == "first" else "revealed")
    voted = sum(server.cpu_times()[:2])
    grown = server.memory_info().rss - memory
    await phones.leave()
    told = {
        "counted": counts,
        "seconds": phones.seconds,
        "failures": phones.failures,
        "processor_seconds": {"join": joined - began, "votes": voted - joined},
        "grown_megabytes": grown / 1e6,
    }
    print(json.dumps(told), flush=True)


async def keep_moving(visitors: Sequence[Visitor], times: list[float], end: asyncio.Event) -> None:
    async def one(visitor: Visitor) -> None:
        await asyncio.sleep(random.uniform(0, EVERY_SECONDS))
        while not end.is_set():
            began = time.monotonic()
            answer = await visitor.move(NOISE, round(0.05 * random.randrange(21), 2))
            times.append(answer.seconds)
            await asyncio.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - began)))

    await asyncio.gather(*map(one, visitors))


async def beside_visitors(app: App, screen: Screen, phones: int, visitors: int) -> dict[str, object]:
    """What the phones found, and the visitors' slider with them and without."""
    crowd = [Visitor(app.url, "denoising") for _ in range(visitors)]
    with_, without = list[float](), list[float]()
    for visitor in crowd:
        await visitor.__aenter__()
        await visitor.open()
    end = asyncio.Event()
    moving = asyncio.create_task(keep_moving(crowd, with_, end))
    await asyncio.sleep(EVERY_SECONDS)  # what is drawn once for everybody is drawn here
    with_.clear()
    told = await phones_in_a_process(app, screen, phones)
    end.set()
    await moving
    end.clear()
    moving = asyncio.create_task(keep_moving(crowd, without, end))
    await asyncio.sleep(REST_SECONDS)
    end.set()
    await moving
    for visitor in crowd:
        await visitor.__aexit__(None, None, None)
    return {**told, "slider_with": with_, "slider_without": without}


async def phones_in_a_process(app: App, screen: Screen, count: int) -> dict[str, object]:
    """What `run_phones` has told."""
    secret = screen.headers["Authorization"].split()[1]
    command = [sys.executable, "-m", "tests.load.room", "--as", screen.lab, screen.code, secret]
    beside = await asyncio.create_subprocess_exec(
        *command, str(count), str(app.process.pid), cwd=PROJECT, stdout=asyncio.subprocess.PIPE, limit=2**22
    )
    told, _ = await beside.communicate()
    return dict(json.loads(told))


async def follow(app: App, screen: Screen, count: int) -> list[float]:
    """Seconds from the presenter's page telling of a dial to a follower's page with it, of all and each step.

    A follower hears the room as a browser does, and has the part of its page run that holds the dial; its
    browser has drawn the picture under the dial long before. The presenter's own page has moved then.
    """
    times: list[float] = []
    began = 0.0

    async def one(heard: asyncio.Event) -> None:
        phone = Screen(screen.lab, screen.code)
        async with Visitor(app.url, "denoising", query=f"follow={screen.code}") as visitor:
            await visitor.open()
            heard.set()
            seen = ""
            async for name, told in phone.hear("events?as=follower"):
                link = told.get("place", {}).get("link", "") if name == "message" else ""
                if link and link != seen:
                    seen = link
                    level = float(link.split("=")[1])
                    answer = await visitor.lead(NOISE, level)
                    assert visitor.slider(NOISE).value == [level]
                    assert not answer.failed
                    times.append(time.perf_counter() - began)

    ready = [asyncio.Event() for _ in range(count)]
    tasks = [asyncio.create_task(one(event)) for event in ready]
    await asyncio.gather(*(event.wait() for event in ready))
    await asyncio.sleep(1)
    async with Visitor(app.url, "denoising") as presenter:
        await presenter.open()
        for step in range(STEPS):
            level = round(0.05 * (step + 1), 2)
            await presenter.move(NOISE, level)
            began = time.perf_counter()
            place = {"page": "denoising", "beat": "see", "title": "", "link": f"{NOISE}={level:.2f}"}
            await screen.post("steer", {"place": place, "question": None})
            await asyncio.sleep(2.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return times


def main() -> None:
    if sys.argv[1:2] == ["--as"]:
        lab, code, secret, count, pid = sys.argv[2:]
        asyncio.run(run_phones(lab, code, secret, int(count), int(pid)))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=int, default=300)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--followers", type=int, default=30)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app:
        jobs.submit_training(LONG, app.store, visitor="one")
        asyncio.run(present([app.url]))
        time.sleep(PRESENTER_SECONDS)
        alone = asyncio.run(
            phones_in_a_process(app, Screen.open_room(app.url, app.store.root), options.phones)
        )
        screen = Screen.open_room(app.url, app.store.root)
        found = asyncio.run(beside_visitors(app, screen, options.phones, options.visitors))
        found["followers"] = asyncio.run(follow(app, screen, options.followers))
    counted, seconds = found["counted"], found["seconds"]
    print(f"counted: {counted} of {options.phones} in each vote; failures: {found['failures'][:5]}")
    print(
        f"tap to the screen's count: median {statistics.median(seconds):.2f} s, "
        f"95 % {at(0.95, seconds):.2f} s"
    )
    cost = alone["processor_seconds"]
    print(
        f"{options.phones} phones alone: counted {alone['counted']}, {cost['join']:.2f} s of a processor "
        f"to join, {cost['votes']:.2f} s for two votes, {alone['grown_megabytes']:.0f} MB more"
    )
    for name in ("slider_with", "slider_without"):
        times = [1000 * each for each in found[name]]
        print(
            f"{name}: median {statistics.median(times):.0f} ms, 95 % {at(0.95, times):.0f} ms of {len(times)}"
        )
    times = found["followers"]
    print(f"followers: median {statistics.median(times):.2f} s, 95 % {at(0.95, times):.2f} s of {len(times)}")
    if options.output:
        options.output.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
