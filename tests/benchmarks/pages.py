"""Every page on a phone: how long it is, where its first picture stands, what a finger has to hit.

    python -m tests.benchmarks.pages [--output FILE.json]

Prints for each page, at 390 × 844 pixels with a touch screen: its height in screens, the place of its first
picture in pixels from the top, the smaller side of its smallest target in pixels, and how many targets are
under 40.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser import PHONE, App, chromium

PAGES = [
    "", "fully_connected", "convolutional", "denoising", "difference", "surprises", "comparison", "reading",
    "latent_space", "your_digit", "runs",
]  # fmt: skip
ENOUGH = 40
PICTURES = (
    "[data-testid=stMain] img, .js-plotly-plot image, [data-testid=stMain] canvas, .js-plotly-plot .point"
)
# A link within a sentence is as high as its line.
TARGETS = """button, summary, input, textarea, [role=combobox], [data-testid=stPageLink] a,
[data-testid=stTopNavLink], .slider-grip-rect"""
# For each target that is on the page: its words, and how far from its middle a finger may be, across and up
# and down, until something else is hit. What the eye does not see of a target counts, and so does what lies
# over it.
MEASURE = """targets => [...document.querySelectorAll(targets)].map(target => {
    const around = "label, [data-rac]:has(> div > input[type=range])";
    const inside = target.matches("input") && target.closest(around) || target;
    const shown = element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (target.disabled || target.closest("[inert]")) return null;
    if (!shown(inside) || !inside.getClientRects().length) return null;
    inside.scrollIntoView({ block: "center", behavior: "instant" });
    const box = inside.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) return null;
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const hits = (dx, dy) => inside.contains(document.elementFromPoint(x + dx, y + dy));
    if (!hits(0, 0)) return null;
    const reach = (dx, dy) => {
        let n = 0;
        while (n < 100 && hits(dx * (n + 1), dy * (n + 1))) n++;
        return n;
    };
    const label = target.getAttribute("aria-label") || inside.innerText;
    const words = label || target.className.baseVal || target.tagName;
    const across = reach(-1, 0) + 1 + reach(1, 0), down = reach(0, -1) + 1 + reach(0, 1);
    return [words.trim().replace(/\\s+/g, " ").slice(0, 40), across, down];
}).filter(Boolean)"""


def open_on_phone(browser: Browser, url: str) -> Page:
    """The page at `url` on a phone with a touch screen, at rest; its context is the caller's to close."""
    page = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True).new_page()
    page.goto(url)
    page.locator(PICTURES).locator("visible=true").first.wait_for(timeout=60_000)
    come_to_rest(page)
    return page


def come_to_rest(page: Page) -> None:
    """Wait until the page has drawn its last part."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=60_000)
    page.wait_for_timeout(1_000)


def targets(page: Page) -> list[tuple[str, int, int]]:
    """Every target on the page: its words, and how wide and high it is for a finger, in pixels, up to 200."""
    found: list[tuple[str, int, int]] = page.evaluate(MEASURE, TARGETS)
    return found


def measured(page: Page) -> dict[str, object]:
    """The figures of one page, which is on a phone and at rest."""
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight / innerHeight")
    first = min(
        box["y"]
        for box in (one.bounding_box() for one in page.locator(PICTURES).locator("visible=true").all()[:20])
        if box
    )
    found = targets(page)
    words, *size = min(found, key=lambda target: min(target[1:]))
    small = sum(min(width, height) < ENOUGH for _, width, height in found)
    return {
        "screens": round(height, 1),
        "first picture": round(first),
        "smallest": min(size),
        "it is": words,
        "under 40": small,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    table = {}
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app, sync_playwright() as playwright:
        browser = chromium(playwright)
        for name in PAGES:
            page = open_on_phone(browser, f"{app.url}/{name}")
            table[name or "home"] = measured(page)
            print(
                f"{name or 'home':16}",
                *(f"{key}: {value}" for key, value in table[name or "home"].items()),
                sep="  ",
            )
            page.context.close()
        browser.close()
    if options.output:
        options.output.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
