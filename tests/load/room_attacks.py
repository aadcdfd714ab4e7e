"""A phone that wants to spoil a room, beside 20 visitors who move sliders and 30 phones that vote.

    python -m tests.load.room_attacks

It votes 1,000 times, tries 1,000 codes, sends 10 MB five times, markup in place of strokes, votes from
another site, and the presenter's words without the secret. Prints what each was answered, how often, what the
room holds afterwards, and the visitors' slider before and meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from ae_core.room import bounds
from tests.load.__main__ import EVERY_SECONDS, PRESENTER_SECONDS, present
from tests.load.client import Visitor
from tests.load.room import at, keep_moving
from tests.support.browser import App
from tests.support.rooms import SEVEN, Answered, Phone, Screen

VISITORS, PHONES, TIMES = 20, 30, 1_000
MARKUP = "<img src=x onerror=alert(1)>"


def words(answers: list[Answered]) -> str:
    """Each kind of answer, and how often it was given."""
    said = Counter((one.status, one.problem if one.status != 200 else "") for one in answers)
    return "; ".join(f"{count} × {status} {problem}".strip() for (status, problem), count in said.items())


async def attack(screen: Screen, number: int) -> dict[str, str]:
    """What was answered, by what was tried."""
    phone = Phone(screen.lab, screen.code)
    await phone.open()
    found = {"1,000 votes": [await phone.vote(i % 3, number) for i in range(TIMES)]}
    large = b'{"strokes": "' + b"x" * 10_000_000 + b'"}'
    found["10 MB, five times"] = [await phone.post("digit", large) for _ in range(5)]
    strokes = [{**SEVEN[0], "points": [MARKUP]}]
    found["markup"] = [
        await phone.post("digit", {"strokes": strokes}),
        await phone.vote(MARKUP, number),
        await phone.vote(0, MARKUP),
    ]
    site = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    vote = {"number": number, "stage": "first", "choice": 0}
    found["another site"] = [await phone.post("vote", vote, **site) for _ in range(10)]
    place = {"page": "home", "beat": "", "title": MARKUP, "link": ""}
    found["the presenter's words"] = [
        await phone.post("steer", {"place": place, "question": None}),
        await phone.post("stage", {"mark": "m1", "stage": "revealed"}),
        await phone.post("close", {}),
        await phone.get("screen"),
        await phone.get("votes.csv"),
    ]
    codes = ["".join(random.choices(bounds.CODE_LETTERS, k=bounds.CODE_LENGTH)) for _ in range(TIMES)]
    found["1,000 codes"] = [await Phone(screen.lab, code).open() for code in codes if code != screen.code]
    return {what: words(answers) for what, answers in found.items()}


async def one_room(app: App) -> None:
    screen = Screen.open_room(app.url, app.store.root)
    await screen.ask()
    number = (await screen.now())["question"]["number"]
    phones = [Phone(app.url, screen.code) for _ in range(PHONES)]
    for i, phone in enumerate(phones):
        await phone.open()
        await phone.vote(i % 3, number)
    crowd = [Visitor(app.url, "denoising") for _ in range(VISITORS)]
    for visitor in crowd:
        await visitor.__aenter__()
        await visitor.open()
    times, end = list[float](), asyncio.Event()
    moving = asyncio.create_task(keep_moving(crowd, times, end))
    await asyncio.sleep(3 * EVERY_SECONDS)
    before = times[len(times) // 2 :]
    times.clear()
    began = time.monotonic()
    answered = await attack(screen, number)
    seconds = time.monotonic() - began
    meanwhile = list(times)
    end.set()
    await moving
    for what, said in answered.items():
        print(f"{what}: {said}")
    now = await screen.now()
    drawn, place = len(now["drawn"]), now["place"]
    print(f"the room afterwards: {now['voted']} of {now['phones']} phones, {drawn} digits, {place}")
    for name, found in (("before", before), (f"in the {seconds:.0f} s meanwhile", meanwhile)):
        milliseconds = [1000 * each for each in found]
        middle = statistics.median(milliseconds)
        print(f"slider {name}: median {middle:.0f} ms, 95 % {at(0.95, milliseconds):.0f} ms of {len(found)}")
    for visitor in crowd:
        await visitor.__aexit__(None, None, None)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app:
        asyncio.run(present([app.url]))
        time.sleep(PRESENTER_SECONDS)
        asyncio.run(one_room(app))


if __name__ == "__main__":
    main()
