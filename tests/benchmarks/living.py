"""The network in the browser against PyTorch, and how soon the living picture follows the hand.

    python -m tests.benchmarks.living [--moves 200] [--digits 100]

Prints the largest difference in 255ths, over so many digits, every shipped run and freshly made networks of
every preset, activation and hidden shape, clean and with each kind of noise; then, in milliseconds, from a
pointer's move until the frame that shows its picture is done, for the noise slider, the brush and a number of
the code on the page CAE, and for the noise slider under three networks on the page Comparison. Then the same
with the processor slowed four times; and how many requests and messages went to the server meanwhile.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from ae_core import data
from ae_core.living import files
from tests.benchmarks.latent_hand import HEAR, SLOWED, along, counted_requests, measure, tell
from tests.browser.test_living import COMPARE, cases, compared_networks
from tests.support.browser import PROJECTOR, App, chromium


def tell_differences(page: Page, app: App, count: int) -> None:
    page.goto(f"{app.url}/_stcore/health")
    module = f"{app.url}/living/{files.module_mark()}.js"
    clean_nhw = data.load_digits(cache_dir=app.store.root / "cache").test_nhw[:count]
    found = {
        name: page.evaluate(COMPARE, [module, network, cases(model, clean_nhw)])
        for name, network, model in compared_networks(app.store)
    }
    worst = max(found, key=lambda name: found[name])
    print(f"{len(found)} networks, {count} digits: at most {found[worst]:.3f} of 255, {worst}")


def across(page: Page, selector: str) -> Callable[[int], None]:
    """Moves of the mouse over an element, with its button down, a little further each time."""
    element = page.locator(selector).first
    element.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = element.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()

    def move(i: int) -> None:
        x, y = 0.2 + 0.6 * ((7 * i) % 20) / 20, 0.2 + 0.6 * ((3 * i) % 17) / 17
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])

    return move


def tell_times(page: Page, app: App, moves: int, how: str) -> None:
    page.goto(f"{app.url}/convolutional")
    page.locator(".lab-living canvas").first.wait_for(timeout=60_000)
    page.wait_for_timeout(5_000)
    hands = {
        "noise slider": lambda: along(page, "cae_test_noise"),
        "brush": lambda: across(page, ".st-key-cae_living .digit canvas"),
        "a number of the code": lambda: across(page, ".st-key-cae_living .bar:nth-child(14) .well"),
    }
    for what, hand in hands.items():
        move = hand()
        with counted_requests(page) as asked:
            times = measure(page, "rebuilt", 0, "pointermove", moves, move)
        page.mouse.up()
        tell(f"{what}{how}", times, asked)
        page.wait_for_timeout(2_000)
    page.goto(f"{app.url}/comparison")
    page.locator(".lab-living canvas").first.wait_for(timeout=60_000)
    page.wait_for_timeout(5_000)
    move = along(page, "comparison_test_noise")
    with counted_requests(page) as asked:
        times = measure(page, "rebuilt", 2, "pointermove", moves, move)
    page.mouse.up()
    tell(f"noise slider, three networks{how}", times, asked)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--digits", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = chromium(playwright)
        with App(Path(folder)) as app:
            page = browser.new_page(viewport=PROJECTOR)
            page.add_init_script(HEAR)
            tell_differences(page, app, asked.digits)
            tell_times(page, app, asked.moves, "")
            session = page.context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
            tell_times(page, app, asked.moves, f", slowed {SLOWED} times")
        browser.close()


if __name__ == "__main__":
    main()
