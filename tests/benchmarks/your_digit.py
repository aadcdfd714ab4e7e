"""A visitor's own digit in Chromium, with the app started as the README says.

    python -m tests.benchmarks.your_digit [--photos 11] [--pictures FOLDER]

Prints the seconds from choosing a photograph of 12 megapixels to its reconstructions by all three networks,
of one digit and of a page of 30; and, for all ten digits drawn by mouse and by finger, how many are prepared,
rebuilt, and taken for what they are by their nearest held-back digits. `--pictures` keeps what was drawn and
what came of it, to be looked at.
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from ae_core import data
from tests.support.browser import PHONE, PROJECTOR, App, chromium
from tests.support.handwriting import clear, draw, draw_with_a_finger, prepared_picture

WIDTH, HEIGHT = 4000, 3000
REBUILT = ".st-key-your_digit_living .rebuilt canvas"
# What the last network makes of the chosen digit, below the tray; and each digit above all three answers.
ANSWER, CARD = ".lab-tray .live figure:last-child canvas", ".lab-cards .card"
# Runs in the page: whether there is ink on the last of these pictures.
HAS_INK = "all => all.at(-1)?.pixels?.some(value => value > 0.5) ?? false"
PAGE_DIGITS, PER_LINE = 30, 6


def photograph(digits_nhw: np.ndarray, seed: int) -> bytes:
    """Digits (n, 28, 28) in lines on paper of 12 megapixels, with a camera's noise, as JPEG."""
    random = np.random.default_rng(seed)
    columns = min(len(digits_nhw), PER_LINE)
    lines = -(-len(digits_nhw) // columns)
    side = min(1800, round(0.6 * WIDTH / columns))
    paper = np.full((HEIGHT, WIDTH), 225.0)
    for i, digit_hw in enumerate(digits_nhw):
        large = Image.fromarray((255 * digit_hw).astype(np.uint8)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        line, column = divmod(i, columns)
        top = round((line + 0.5) * HEIGHT / lines - side / 2)
        left = round((column + 0.5) * WIDTH / columns - side / 2)
        paper[top : top + side, left : left + side] -= 0.75 * np.asarray(large)
    paper = paper * np.linspace(1, 0.8, WIDTH) + random.normal(0, 4, paper.shape)
    file = io.BytesIO()
    Image.fromarray(np.repeat(paper.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)).save(
        file, "JPEG", quality=85
    )
    return file.getvalue()


def seconds_to_reconstructions(page: Page, photo: Path, count: int) -> float:
    """From the file's choice, for an empty tray, to three reconstructions of each of `count` digits."""
    shown = page.locator(ANSWER)
    started = time.monotonic()
    page.locator("input[type=file]").set_input_files(photo)
    while not shown.evaluate_all(HAS_INK) or (count > 1 and page.locator(CARD).count() < count):
        page.wait_for_timeout(10)
        assert time.monotonic() - started < 60, (page.locator(CARD).count(), photo)
    return time.monotonic() - started


def measure(page: Page, photos: Sequence[Path], count: int, what: str) -> None:
    """Print the seconds of each photograph, each on an empty tray."""
    times = []
    for photo in photos:
        times.append(seconds_to_reconstructions(page, photo, count))
        page.wait_for_timeout(2_000)
        page.get_by_text("Forget").first.click()
        page.get_by_text("Your tray is empty").wait_for()
        page.wait_for_timeout(500)
    first, *others = times
    print(f"{what}: the first {first:.2f} s")
    print(f"{len(others)} others: median {statistics.median(others):.2f} s, slowest {max(others):.2f} s")


def drawn(browser: Browser, app: App, *, finger: bool, folder: Path | None) -> Counter[str]:
    """All ten digits on the board, one after the other."""
    context = browser.new_context(viewport=PHONE if finger else PROJECTOR, has_touch=finger, is_mobile=finger)
    page, counts = context.new_page(), Counter[str]()
    page.goto(f"{app.url}/your_digit")
    page.get_by_label("Drawing board").wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    touch = context.new_cdp_session(page)
    for digit in range(10):
        draw_with_a_finger(page, touch, digit) if finger else draw(page, digit)
        picture = prepared_picture(page)
        counts["prepared"] += 1
        counts["rebuilt"] += page.locator(REBUILT).count() > 0
        nearest = page.get_by_text(re.compile(r"^Among them are ")).last.inner_text()
        counts["nearest by pixels mostly its own class"] += (
            f" of the digit {digit}" in nearest.removesuffix(".").split(",")[0]
        )
        if folder:
            name = f"{'finger' if finger else 'mouse'}-{digit}"
            (folder / f"{name}.png").write_bytes(base64.b64decode(picture.split(",")[1]))
            page.screenshot(path=folder / f"{name}-page.png")
        clear(page)
        # The page is shorter then, and moves; and the lab's name lies over what is at its top.
        page.wait_for_timeout(700)
        page.get_by_test_id("stMain").evaluate("main => { main.scrollTop = 0 }")
    context.close()
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=11)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, App(Path(name)) as app, sync_playwright() as playwright:
        folder = Path(name)
        digits = data.load_digits(cache_dir=folder)
        browser = chromium(playwright)
        page = browser.new_page(viewport=PROJECTOR)
        page.goto(f"{app.url}/your_digit?digit_source=Upload")
        page.locator("input[type=file]").wait_for(state="attached", timeout=60_000)
        for count, what in ((1, "one digit"), (PAGE_DIGITS, f"a page of {PAGE_DIGITS}")):
            photos = [folder / f"photo{count}_{i}.jpg" for i in range(options.photos + 1)]
            for i, photo in enumerate(photos):
                photo.write_bytes(photograph(digits.test_nhw[i * 83 :][:count].numpy(), i))
            measure(page, photos, count, what)
        page.close()
        if options.pictures:
            options.pictures.mkdir(parents=True, exist_ok=True)
        for finger in (False, True):
            counts = drawn(browser, app, finger=finger, folder=options.pictures)
            print(
                "finger:" if finger else "mouse:",
                ", ".join(f"{what} {count} of 10" for what, count in counts.items()),
            )
        browser.close()


if __name__ == "__main__":
    main()
