"""One visitor who sends far too many files, and what the others notice of it.

    python -m tests.load.flood [--files 500] [--megabytes 10] [--sessions 1] [--visitors 20]

The others move their noise sliders every 4 seconds, for half a minute without the flood and then as long as
it lasts. With more sessions than one, the flood comes from as many windows at once. Prints the others' answer
times, how many files were let in, and the server's memory before, at most, and after.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import psutil

from tests.load.__main__ import EVERY_SECONDS, Crowd, table
from tests.load.client import Visitor
from tests.support.browser import App

CALM_SECONDS = 30.0
AT_ONCE = 8


async def flood(url: str, files: int, megabytes: int, sessions: int) -> Counter[int]:
    """How often the server gave which answer."""
    content, loop = bytes(megabytes * 1_000_000), asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        windows = [
            await stack.enter_async_context(Visitor(url, "your_digit", query="digit_source=Upload"))
            for _ in range(sessions)
        ]
        places = []
        for window in windows:
            await window.open()
            places.append([place.upload_url for place in await window.ask_for_places(-(-files // sessions))])
        with ThreadPoolExecutor(AT_ONCE) as threads:
            sent = [
                loop.run_in_executor(
                    threads, windows[i % sessions].bring, places[i % sessions][i // sessions], content
                )
                for i in range(files)
            ]
            return Counter(await asyncio.gather(*sent))


async def measured(
    app: App, files: int, megabytes: int, sessions: int, visitors: int, calm_seconds: float = CALM_SECONDS
) -> tuple[Crowd, Counter[int], list[float]]:
    """The others, the answers to the flood, and the server's memory in MB before, at most and after."""
    process = psutil.Process(app.process.pid)
    crowd = Crowd([app.url], [("", "home_test_noise")])
    await crowd.join(visitors, 1.0)
    await crowd.move("first move", EVERY_SECONDS)
    calm_until = time.monotonic() + calm_seconds
    await crowd.keep_moving("calm", lambda due: due >= calm_until)
    memory, over = [process.memory_info().rss / 1e6], asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            memory.append(process.memory_info().rss / 1e6)
            await asyncio.sleep(0.2)

    others = asyncio.gather(crowd.keep_moving("flood", lambda _: over.is_set()), watch())
    answers = await flood(app.url, files, megabytes, sessions)
    over.set()
    await others
    await crowd.leave()
    return crowd, answers, [memory[0], max(memory), process.memory_info().rss / 1e6]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--megabytes", type=int, default=10)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--visitors", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app:
        crowd, answers, memory = asyncio.run(
            measured(app, options.files, options.megabytes, options.sessions, options.visitors)
        )
    table("the others", crowd)
    print("answers to the flood: " + ", ".join(f"{count} × {status}" for status, count in answers.items()))
    print("memory of the server, MB: before {:.0f}, at most {:.0f}, after {:.0f}".format(*memory))


if __name__ == "__main__":
    main()
