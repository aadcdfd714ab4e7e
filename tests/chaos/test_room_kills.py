"""The app is killed in the middle of a vote, alone and as one of two copies: what it said yes to counts."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.support.browser import App
from tests.support.copies import Nginx, nginx_path
from tests.support.rooms import Answered, Client, Phone, Screen

PHONES = 60
# Within which everybody votes; at a moment of these the app is killed.
VOTE_SECONDS = 1.0
BACK_SECONDS = 3.0


async def posted(client: Client, send: Callable[[], asyncio.Future[Answered]]) -> Answered | None:
    """The answer; None where the connection broke off or nobody is there."""
    try:
        return await send()
    except (OSError, asyncio.IncompleteReadError):
        return None


async def vote_while_killed(screen: Screen, stage: str, number: int, phones: list[Phone], kill) -> set[int]:
    """The phones whose vote was acknowledged."""
    rng = random.Random(number)
    acknowledged = set[int]()

    async def one(i: int) -> None:
        await asyncio.sleep(rng.uniform(0, VOTE_SECONDS))
        answered = await posted(phones[i], lambda: phones[i].vote(i % 3, number, stage))
        if answered is not None and answered.status == 200:
            acknowledged.add(i)

    killing = asyncio.create_task(kill())
    await asyncio.gather(*map(one, range(len(phones))))
    await killing
    return acknowledged


async def joined(screen: Screen, count: int) -> list[Phone]:
    phones = [Phone(screen.lab, screen.code) for _ in range(count)]
    for phone in phones:
        assert (await phone.open()).status == 200
    return phones


async def seconds_until_heard(client: Client, what: str) -> float:
    """As a browser does: again and again, until something is told."""
    began = time.monotonic()
    while True:
        try:
            async for _ in client.hear(what):
                return time.monotonic() - began
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)


async def one_kill(app: App, screen: Screen, phones: list[Phone], round_: int) -> tuple[int, float]:
    """How many votes were acknowledged; seconds from the new start until phone and screen hear again."""
    mark = f"question {round_}"
    await screen.ask({"mark": mark, "text": "Which?", "options": ["A.", "B.", "C."]})
    number = (await screen.now())["question"]["number"]

    async def kill() -> None:
        await asyncio.sleep(random.uniform(0.1, VOTE_SECONDS))
        await asyncio.to_thread(app.kill, signal.SIGKILL)

    acknowledged = await vote_while_killed(screen, "first", number, phones, kill)
    await asyncio.to_thread(app.start)
    back = max(
        await asyncio.gather(seconds_until_heard(phones[0], "events"), seconds_until_heard(screen, "screen"))
    )
    counted = (await screen.now())["voted"]["first"]
    assert len(acknowledged) <= counted <= len(phones)
    for i in sorted(acknowledged):
        async for name, told in phones[i].hear("events?once=1"):
            if name == "mine":
                assert told["choice"] == i % 3
    return len(acknowledged), back


def test_every_vote_that_was_acknowledged_outlives_the_app(tmp_path, times, measured):
    kills = times(2, 20)

    async def lesson() -> list[tuple[int, float]]:
        phones = await joined(screen, PHONES)
        return [await one_kill(app, screen, phones, round_) for round_ in range(kills)]

    with App(tmp_path) as app:
        app.end_cluster = False
        screen = Screen.open_room(app.url, app.store.root)
        found = asyncio.run(lesson())
    back = max(seconds for _, seconds in found)
    assert sum(count for count, _ in found) > kills  # some were acknowledged before the kill
    assert back < BACK_SECONDS
    measured(
        f"{kills} kills in a vote of {PHONES} phones: {sum(count for count, _ in found)} votes acknowledged, "
        f"all counted; phones and screen heard again {back:.1f} s after the server was up, at most"
    )


def test_one_of_two_copies_is_killed_in_a_vote_and_there_is_one_tally(tmp_path, measured):
    if nginx_path() is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("there is no nginx here; install Debian's package nginx-light")

    async def lesson() -> tuple[int, int]:
        phones = await joined(screen, PHONES)
        await screen.ask()
        number = (await screen.now())["question"]["number"]

        async def kill() -> None:
            await asyncio.sleep(VOTE_SECONDS / 2)
            await asyncio.to_thread(one.kill, signal.SIGKILL)

        acknowledged = await vote_while_killed(screen, "first", number, phones, kill)
        missing = set(range(PHONES)) - acknowledged
        for i in missing:  # as the page does by itself
            assert (await phones[i].vote(i % 3, number)).status == 200
        return len(acknowledged), (await screen.now())["voted"]["first"]

    with App(tmp_path, copy="1") as one, App(tmp_path, copy="2") as other:
        one.end_cluster = other.end_cluster = False
        with Nginx(tmp_path / "nginx", [one, other]) as nginx:
            screen = Screen.open_room(nginx.url, one.store.root)
            acknowledged, counted = asyncio.run(lesson())
        one.start()
    assert counted == PHONES
    measured(
        f"one of two copies killed in a vote: {acknowledged} of {PHONES} acknowledged at once, "
        f"{counted} counted"
    )
