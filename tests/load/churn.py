"""An hour of visitors who come and go: what the server grows by.

    python -m tests.load.churn [--visitors 30] [--minutes 60] [--output FILE.json]

So many are there at any time. Each opens a page, moves its noise slider a few times, 4 seconds apart, and
leaves for another to come; one in five uploads a picture of their own. Prints the server's memory, threads
and open files at every minute, and how fast they grow after the first ten minutes (a straight line through
the samples).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from tests.load.__main__ import EVERY_SECONDS, LEVELS, PLACES
from tests.load.client import Visitor
from tests.load.isolation import picture
from tests.support.browser import App

WARM_UP_MINUTES = 10
MOST_MOVES = 8
SAMPLE_SECONDS = 60.0


async def come_and_go(url: str, end: float, rng: random.Random, failures: list[str], most_moves: int) -> int:
    """One place at the table: visitor after visitor, how many."""
    count = 0
    await asyncio.sleep(rng.uniform(0, EVERY_SECONDS))
    while time.monotonic() < end:
        page, key = rng.choice(PLACES)
        try:
            if rng.random() < 0.2:
                async with Visitor(url, "your_digit", query="digit_source=Upload") as visitor:
                    answers = [
                        await visitor.open(),
                        await visitor.upload("own_file", "mine.png", picture(rng.randrange(1_000_000))),
                    ]
                    await asyncio.sleep(EVERY_SECONDS)
            else:
                async with Visitor(url, page) as visitor:
                    answers = [await visitor.open()]
                    for _ in range(rng.randint(1, most_moves)):
                        await asyncio.sleep(EVERY_SECONDS)
                        answers.append(await visitor.move(key, rng.choice(LEVELS)))
            failures += ["an error on the page" for answer in answers if answer.failed]
        except Exception as problem:
            failures.append(repr(problem))
            await asyncio.sleep(1)
        count += 1
    return count


async def sampled(process: psutil.Process, end: float) -> list[dict[str, float]]:
    started, samples = time.monotonic(), []
    while time.monotonic() < end:
        await asyncio.sleep(min(SAMPLE_SECONDS, end - time.monotonic()))
        sample = {
            "minute": (time.monotonic() - started) / 60,
            "megabytes": process.memory_info().rss / 1e6,
            "threads": process.num_threads(),
            "open files": process.num_fds(),
        }
        print(", ".join(f"{name} {value:.0f}" for name, value in sample.items()), flush=True)
        samples.append(sample)
    return samples


async def hour(
    app: App, visitors: int, minutes: float, most_moves: int = MOST_MOVES
) -> tuple[list[dict[str, float]], int, list[str]]:
    """Samples of the server, how many visitors came, and what failed."""
    end, failures = time.monotonic() + 60 * minutes, list[str]()
    places = [come_and_go(app.url, end, random.Random(i), failures, most_moves) for i in range(visitors)]
    samples, *counts = await asyncio.gather(sampled(psutil.Process(app.process.pid), end), *places)
    return samples, sum(counts), failures


def slopes(samples: list[dict[str, float]]) -> dict[str, float]:
    """How much each figure grows in an hour, after the warm-up."""
    later = [sample for sample in samples if sample["minute"] > WARM_UP_MINUTES]
    minutes = [sample["minute"] for sample in later]
    return {
        name: 60 * float(np.polyfit(minutes, [sample[name] for sample in later], 1)[0])
        for name in ("megabytes", "threads", "open files")
        if len(later) > 1
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app:
        samples, visitors, failures = asyncio.run(hour(app, options.visitors, options.minutes))
    growth = slopes(samples)
    print(f"{visitors} visitors, {len(failures)} failures", *failures[:5], sep="\n  ")
    print(
        "an hour adds, after the first ten minutes: "
        + ", ".join(f"{name} {value:+.1f}" for name, value in growth.items())
    )
    if options.output:
        options.output.write_text(
            json.dumps(
                {"samples": samples, "growth": growth, "visitors": visitors, "failures": failures}, indent=1
            )
        )


if __name__ == "__main__":
    main()
