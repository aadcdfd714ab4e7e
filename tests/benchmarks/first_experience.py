"""How long a visitor waits, in Chromium, with the app started as the README says.

    python -m tests.benchmarks.first_experience [--output FILE.json]

Prints, for default settings: page opened to first picture; noise slider released to
new picture (20 times); Train pressed to first changed picture and to finished, for each of the three models.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.support.browser import App, chromium, picture_changes_after

MODEL_PAGES = {"fully_connected": "fae", "convolutional": "cae", "denoising": "dae"}
# Runs in the page, before Train is pressed: from there on, frame by frame, until the network in training has
# drawn another picture than its first. `labChanged` becomes the milliseconds that took.
WATCH = """prefix => {
    const find = () => [...document.querySelectorAll(`.st-key-${prefix}_training_living *`)]
        .map(({ shadowRoot }) => shadowRoot?.querySelector(".rebuilt canvas")).find(Boolean)?.pixels;
    const watch = (resolve) => ({ timeStamp }) => {
        let first;
        const look = (now) => {
            const shown = find();
            first ??= shown;
            if (shown !== first) resolve(now - timeStamp);
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    };
    window.labChanged = new Promise((resolve) =>
        addEventListener("click", watch(resolve), { once: true, capture: true }));
}"""
PICTURE = "[data-testid=stMain] :is(img, canvas), .js-plotly-plot image, [data-testid=stDataFrame]"
PAGES = ["", *MODEL_PAGES, "difference", "surprises", "comparison", "reading", "latent_space", "runs"]


def first_picture_seconds(page: Page, url: str) -> float:
    started = time.monotonic()
    page.goto(url)
    page.locator(PICTURE).locator("visible=true").first.wait_for()
    return time.monotonic() - started


def noise_release_seconds(page: Page, key: str, arrow: str) -> float:
    """From the arrow key on the slider's thumb, which releases it at once, to other pixels in the picture."""
    thumb = page.locator(f".st-key-{key}").get_by_role("slider")
    thumb.focus()
    return picture_changes_after(page, lambda: page.keyboard.press(arrow))


def training_seconds(page: Page, url: str, prefix: str) -> tuple[float, float]:
    page.goto(url)
    train = page.locator(f".st-key-{prefix}_train button")
    expect(train).to_be_enabled(timeout=60_000)
    page.wait_for_timeout(10_000)  # the training process is up, as it is for anybody who reads the page first
    page.evaluate(WATCH, prefix)
    started = time.monotonic()
    train.click()
    changed = page.evaluate("labChanged") / 1000
    page.get_by_text("You have trained this one").wait_for(timeout=180_000)
    return changed, time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    table: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app, sync_playwright() as playwright:
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        table["first picture, first visitor of a fresh server"] = first_picture_seconds(page, app.url)
        for name in PAGES:
            times = [first_picture_seconds(page, f"{app.url}/{name}") for _ in range(3)]
            table[f"first picture, /{name}, median of 3"] = statistics.median(times)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{app.url}/denoising")
        page.locator(".js-plotly-plot image").first.wait_for(state="attached")
        page.wait_for_timeout(3_000)
        times = [
            noise_release_seconds(page, "dae_test_noise", arrow) for arrow in ["ArrowRight", "ArrowLeft"] * 10
        ]
        table["noise slider to new picture, median of 20"] = statistics.median(times)
        table["noise slider to new picture, slowest of 20"] = max(times)
        for name, prefix in MODEL_PAGES.items():
            changed, finished = training_seconds(page, f"{app.url}/{name}", prefix)
            table[f"{name}: Train to first changed picture"] = changed
            table[f"{name}: Train to finished"] = finished
        browser.close()
    for what, seconds in table.items():
        print(f"{seconds:7.2f} s  {what}")
    if options.output:
        options.output.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
