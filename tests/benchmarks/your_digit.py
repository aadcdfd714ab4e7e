"""A visitor's own digit in Chromium, with the app started as the README says.

    python -m tests.benchmarks.your_digit [--photos 11] [--pictures FOLDER]

Prints the seconds from choosing a photograph of 12 megapixels to its reconstructions by all three networks;
and, for all ten digits drawn by mouse and by finger, how many are prepared, rebuilt, and taken for what they
are by their nearest held-back digits. `--pictures` keeps what was drawn and what came of it, to be looked at.
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
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from ae_core import data
from tests.support.browser import PHONE, PROJECTOR, App, chromium
from tests.support.handwriting import clear, draw, draw_with_a_finger, prepared_picture

WIDTH, HEIGHT = 4000, 3000
REBUILT = ".st-key-your_digit_living .rebuilt canvas"
# Runs in the page: what tells the last reconstruction from another, 0 where there is none yet.
INK = "all => all.at(-1)?.pixels?.reduce((sum, value, i) => sum + i * value, 0) ?? 0"


def photograph(digit_hw: np.ndarray, seed: int) -> bytes:
    """A digit on paper of 12 megapixels, with a camera's noise, as JPEG."""
    random = np.random.default_rng(seed)
    large = Image.fromarray((255 * digit_hw).astype(np.uint8)).resize((1800, 1800), Image.Resampling.BICUBIC)
    paper = np.full((HEIGHT, WIDTH), 225.0)
    paper[500:2300, 1000:2800] -= 0.75 * np.asarray(large)
    paper = paper * np.linspace(1, 0.8, WIDTH) + random.normal(0, 4, paper.shape)
    file = io.BytesIO()
    Image.fromarray(np.repeat(paper.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)).save(
        file, "JPEG", quality=85
    )
    return file.getvalue()


def seconds_to_reconstructions(page: Page, photo: Path) -> float:
    """From the file's choice until the page shows another reconstruction by the last of three networks."""
    rebuilt = page.locator(REBUILT)
    before = rebuilt.evaluate_all(INK)
    started = time.monotonic()
    page.locator("input[type=file]").set_input_files(photo)
    while rebuilt.evaluate_all(INK) == before:
        page.wait_for_timeout(10)
    return time.monotonic() - started


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
        nearest = page.get_by_text(re.compile(r"^They are ")).last.inner_text()
        counts["nearest by pixels mostly its own class"] += (
            nearest.startswith("They are") and f"× {digit}" in nearest.split(",")[0]
        )
        if folder:
            name = f"{'finger' if finger else 'mouse'}-{digit}"
            (folder / f"{name}.png").write_bytes(base64.b64decode(picture.split(",")[1]))
            page.screenshot(path=folder / f"{name}-page.png")
        clear(page)
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
        times = []
        for i in range(options.photos + 1):
            photo = folder / f"photo{i}.jpg"
            photo.write_bytes(photograph(digits.test_nhw[i * 83].numpy(), i))
            times.append(seconds_to_reconstructions(page, photo))
            page.wait_for_timeout(2_000)
        first, *others = times
        print(f"first photograph of a fresh server: {first:.2f} s")
        print(f"{len(others)} others: median {statistics.median(others):.2f} s, slowest {max(others):.2f} s")
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
