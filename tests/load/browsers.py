"""Three real browsers in the crowd: milliseconds from a key on the noise slider to the new picture, as JSON.

    python -m tests.load.browsers URL SECONDS

Each is a Chromium of its own, at the home page, the DAE's and the CAE's, and presses a key every 4 seconds. A
first line says that their pages are there.
"""

from __future__ import annotations

import json
import sys
import time

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.interaction import PAINTED
from tests.support.browser import PROJECTOR, chromium

EVERY_SECONDS = 4.0
READY = "ready"
# Page, key of its noise slider, and the picture that is looked at.
PLACES = [
    ("", "home_test_noise", ".st-key-home_living .rebuilt canvas"),
    ("denoising", "dae_test_noise", ".st-key-dae_living .rebuilt canvas"),
    ("convolutional", "cae_test_noise", ".st-key-cae_living .rebuilt canvas"),
]


def press(page: Page, key: str, picture: str, arrow: str) -> float:
    """Milliseconds until another picture is on the screen."""
    page.locator(f".st-key-{key}").get_by_role("slider").focus()
    page.locator(picture).evaluate_all(PAINTED)
    page.keyboard.press(arrow)
    return float(page.evaluate("window.labPainted"))


def main() -> None:
    url, seconds = sys.argv[1], float(sys.argv[2])
    times: list[float] = []
    with sync_playwright() as playwright:
        pages = []
        for place, key, picture in PLACES:
            page = chromium(playwright).new_page(viewport=PROJECTOR)
            page.set_default_timeout(60_000)
            page.goto(f"{url}/{place}")
            page.locator(picture).last.wait_for(state="attached")
            pages.append((page, key, picture))
        time.sleep(EVERY_SECONDS)  # until the pictures of all levels are there
        print(READY, flush=True)
        end, turn = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            began = time.monotonic()
            times += [press(*each, ["ArrowRight", "ArrowLeft"][turn % 2]) for each in pages]
            turn += 1
            time.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - began)))
    print(json.dumps(times))


if __name__ == "__main__":
    main()
