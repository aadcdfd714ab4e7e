"""How much of a page moves while it is opened, and when its picture follows the hand.

    python -m tests.benchmarks.opening [--times 4]

Opens lessons in a new browser context each time, on a laptop and on a phone, and prints the median of their
cumulative layout shift (https://web.dev/articles/cls: the share of the screen that moves times how far it
moves, added up) and of the milliseconds to the first picture that a network in the browser has drawn.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support.browser import PHONE, PROJECTOR, App, chromium

LESSONS = ("fully_connected", "convolutional", "denoising", "surprises", "comparison")
# Runs before the page's own scripts.
WATCH = """() => {
    window.labShift = 0;
    new PerformanceObserver((list) => {
        for (const { value } of list.getEntries()) labShift += value;
    }).observe({ type: "layout-shift", buffered: true });
}"""
DRAWN = "[data-testid=stBidiComponentIsolated] canvas"
# Milliseconds in which the parts below the picture come.
REST = 1_500


def open_once(browser: Browser, url: str, viewport: dict[str, int]) -> tuple[float, float]:
    """Layout shift, and milliseconds to the living picture, of one page."""
    context = browser.new_context(viewport=viewport)  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(f"({WATCH})()")
    page.goto(url)
    page.locator(DRAWN).locator("visible=true").first.wait_for(timeout=60_000)
    followed = page.evaluate("performance.now()")
    page.wait_for_timeout(REST)
    shift = page.evaluate("labShift")
    context.close()
    return shift, followed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app, sync_playwright() as playwright:
        browser = chromium(playwright)
        for name, viewport in (("laptop", PROJECTOR), ("phone", PHONE)):
            for lesson in LESSONS:
                address = f"{app.url}/{lesson}"
                runs = [open_once(browser, address, viewport) for _ in range(options.times)]
                shift, followed = (statistics.median(one) for one in zip(*runs, strict=True))
                print(f"{name:8} {lesson:16} moved {shift:.2f}  follows the hand after {followed:5.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
