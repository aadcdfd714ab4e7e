"""How fast the drawing board answers, in Chromium, with the app started as the README says.

    python -m tests.benchmarks.board [--moves 200]

Prints the milliseconds from a move of the pen to the frame with the digit and what all three networks rebuild
of it, drawn and laid out; at full speed and with the browser's processor slowed four times. Besides: what of
it the page's main thread worked, and how often the page asked the server for anything meanwhile. On a machine
with other work the first is that work's.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.support.browser import PROJECTOR, App, chromium

# A message comes once the frame is done that this move asked for, and that the board was asked for before it.
WATCH = """canvas => {
    window.labMoves = [];
    const live = canvas.getRootNode().querySelector(".live");
    canvas.addEventListener("pointermove", ({ timeStamp, buttons }) => {
        const [arrived, before] = [performance.now(), live.textContent];
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
            const now = performance.now();
            if (!buttons || live.textContent === before) return;
            window.labMoves.push([now - timeStamp, now - arrived]);
        };
        requestAnimationFrame(() => port2.postMessage(""));
    });
}"""
GOALS = {1: 17, 4: 50}


def draw_moves(page: Page, moves: int) -> list[list[float]]:
    """Milliseconds of so many moves of the pen to the frame, where it has other figures below the pictures.

    First from the move itself, then from when the page heard of it, which the browser lets wait for a frame.
    """
    page.evaluate("window.labMoves.length = 0")
    box = page.get_by_label("Drawing board").bounding_box()
    assert box is not None
    for move in range(moves + 1):
        turn = 4 * math.pi * move / moves
        x = 0.5 + 0.22 * math.cos(turn) * (1 - move / (3 * moves))
        y = 0.15 + 0.6 * move / moves + 0.1 * math.sin(turn)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if move == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(100)
    found: list[list[float]] = page.evaluate("window.labMoves")
    return [list(times) for times in zip(*found, strict=True)]


def processor_seconds(tab: CDPSession) -> float:
    """What the page's main thread has worked so far, whoever else works on this machine."""
    metrics = tab.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, App(Path(name)) as app, sync_playwright() as playwright:
        browser = chromium(playwright)
        page = browser.new_page(viewport=PROJECTOR)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{app.url}/your_digit")
        board = page.get_by_label("Drawing board")
        board.wait_for(timeout=120_000)
        page.wait_for_timeout(5_000)
        board.evaluate(WATCH)
        slow = page.context.new_cdp_session(page)
        slow.send("Performance.enable", {"timeDomain": "threadTicks"})
        for rate, goal in GOALS.items():
            slow.send("Emulation.setCPUThrottlingRate", {"rate": rate})
            asked.clear()
            before = processor_seconds(slow)
            found = draw_moves(page, options.moves)
            spent, requests = processor_seconds(slow) - before, len(asked)
            for times, since in zip(found, ("from the move", "from when the page heard of it"), strict=True):
                print(
                    f"processor slowed {rate} times, {since}: median {statistics.median(times):.1f} ms, 95 % "
                    f"within {percentile(times, 0.95):.1f} ms (goal {goal} ms), worst {max(times):.1f} ms "
                    f"of {len(times)} moves"
                )
            print(
                f"    {1000 * spent / options.moves:.1f} ms of the page's processor time for each; "
                f"{requests} requests meanwhile"
            )
            slow.send("Emulation.setCPUThrottlingRate", {"rate": 1})
            page.wait_for_timeout(4_000)
            page.get_by_role("button", name="Clear", exact=True).click()
            page.wait_for_timeout(3_000)
        browser.close()


if __name__ == "__main__":
    main()
