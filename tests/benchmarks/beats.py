"""The whole path under a clicker's keys, in Chromium on this machine.

    python -m tests.benchmarks.beats

Prints how many beats each lesson has; in milliseconds from Page Down until the next beat is on the screen
(median, 95 of 100 are below, worst), and from the last one's until the next lesson's first picture is; how
many presses were lost; and how tall each lesson is for a reader, on a laptop and on a phone.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from pages.shared.frame.path import PATH
from tests.browser.test_browser_access import KNOWS_BEATS
from tests.support.browser import PHONE, PROJECTOR, App, chromium

# Runs before the page, whose own listener lets no later one hear of a key.
HEAR = "addEventListener('keydown', () => { window.labPressed = performance.now(); }, { capture: true })"
# Runs in the page: from the next key until another beat has been painted, or a picture of another page; and
# which beat that is, once it is known.
STEPPED = """() => {
    const where = () => `${document.labBeats.page} ${document.labBeats.at}`;
    const isSeen = () => [...document.querySelectorAll(".lab-beat")]
        .some((mark) => mark.closest("[class*='st-key-beat_']").offsetHeight > 20);
    const frame = () => new Promise((done) => requestAnimationFrame(
        () => scheduler.postTask(done, { priority: "user-blocking" })));
    const pictures = () => [...document.querySelectorAll("[data-testid=stMain] img")];
    const before = where(), old = new Set(pictures()), { pathname } = location;
    const isThere = () => location.pathname === pathname ? where() !== before && isSeen()
        : pictures().some((picture) => !old.has(picture) && picture.offsetParent);
    window.labStepped = (async () => {
        do await frame(); while (!isThere());
        const taken = performance.now() - window.labPressed;
        while (where() === before) await frame();
        return [taken, where()];
    })();
}"""
REST = 1_500


def step_through(page: Page, url: str) -> tuple[list[float], list[float], list[str]]:
    """Milliseconds of steps within lessons and from one to the next, and where each press led."""
    page.add_init_script(HEAR)
    page.goto(f"{url}/?present=1")
    page.wait_for_function(KNOWS_BEATS, timeout=120_000)
    page.get_by_text("Ready: ").wait_for(state="attached", timeout=240_000)
    within: list[float] = []
    between: list[float] = []
    places = ["home 0"]
    while True:
        page.wait_for_timeout(REST)
        page.evaluate(STEPPED)
        is_last = page.locator(".lab-beats button").last.get_attribute("aria-label") != "Next step"
        if places[-1].startswith(PATH[-1].page) and is_last:
            return within, between, places
        page.keyboard.press("PageDown")
        milliseconds, place = page.evaluate("window.labStepped")
        same = place.split()[0] == places[-1].split()[0]
        (within if same else between).append(milliseconds)
        places.append(place)


def tell(what: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    most = ordered[int(0.95 * (len(ordered) - 1))]
    print(
        f"{what}: median {statistics.median(ordered):.0f}, 95 % below {most:.0f}, "
        f"worst {ordered[-1]:.0f} ms, of {len(ordered)}"
    )


def tell_heights(browser: Browser, url: str) -> None:
    for what, size in (("laptop", PROJECTOR), ("phone", PHONE)):
        page = browser.new_page(viewport=size)
        found = {}
        for lesson in PATH:
            page.goto(f"{url}/{'' if lesson.page == 'home' else lesson.page}")
            page.wait_for_function(KNOWS_BEATS, timeout=120_000)
            page.wait_for_timeout(4_000)
            height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            found[lesson.page] = f"{height:,}"
        print(f"{what}, pixels tall:", ", ".join(f"{name} {height}" for name, height in found.items()))
        page.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, App(Path(folder)) as app:
        browser = chromium(playwright)
        within, between, places = step_through(browser.new_page(viewport=PROJECTOR), app.url)
        counts = {lesson.page: sum(place.split()[0] == lesson.page for place in places) for lesson in PATH}
        print("beats:", ", ".join(f"{name} {count}" for name, count in counts.items()))
        expected = [f"{lesson.page} {i}" for lesson in PATH for i in range(counts[lesson.page])]
        print(f"presses lost or led elsewhere: {sum(a != b for a, b in zip(places, expected, strict=True))}")
        tell("a step within a lesson", within)
        tell("a step to the next lesson's first picture", between)
        led_to = zip([lesson.page for lesson in PATH[1:]], between, strict=True)
        print("each of these, in ms:", ", ".join(f"{name} {taken:.0f}" for name, taken in led_to))
        tell_heights(browser, app.url)
        browser.close()


if __name__ == "__main__":
    main()
