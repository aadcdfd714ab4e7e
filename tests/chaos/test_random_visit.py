"""The pages driven at random, as by a cat on the keyboard: clicks, sliders, keys, back and forward, reloads."""

from __future__ import annotations

import random
import re
import time
from contextlib import suppress

import pytest
from playwright.sync_api import ConsoleMessage, Error, Locator, Page

from tests.browser import App

MAIN = "[data-testid=stMain]"
SLIDERS, BUTTONS, CHOICES = f"{MAIN} [role=slider]", f"{MAIN} button:enabled", f"{MAIN} label"
LINKS = "[data-testid=stTopNav] a, [data-testid=stPageLink] a"
KEYS = ["Tab", "Shift+Tab", "Enter", "Space", "Escape", "ArrowRight", "ArrowLeft", "PageDown", "PageUp", "d", "b", "7"]
SLIDER_KEYS = ["ArrowRight", "ArrowLeft", "ArrowUp", "Home", "End", "PageUp", "PageDown"]
PATIENCE = 2_000


def one_of(found: Locator, rng: random.Random) -> Locator:
    count = found.count()
    return found.nth(rng.randrange(count)) if count else found


def act(page: Page, rng: random.Random) -> str:
    """Do one thing; what it was. A thing that goes away meanwhile is no matter."""
    what = rng.choices(["link", "slider", "button", "choice", "keys", "back", "forward", "reload"], [4, 6, 5, 3, 4, 2, 1, 1])[0]
    with suppress(Error):
        match what:
            case "link":
                one_of(page.locator(LINKS), rng).click(timeout=PATIENCE)
            case "slider":
                thumb = one_of(page.locator(SLIDERS), rng)
                thumb.focus(timeout=PATIENCE)
                for _ in range(rng.randint(1, 6)):
                    page.keyboard.press(rng.choice(SLIDER_KEYS))
            case "button":
                one_of(page.locator(BUTTONS), rng).click(timeout=PATIENCE)
            case "choice":
                one_of(page.locator(CHOICES), rng).click(timeout=PATIENCE)
            case "keys":
                for _ in range(rng.randint(1, 5)):
                    page.keyboard.press(rng.choice(KEYS))
            case "back":
                page.go_back(timeout=10_000)
            case "forward":
                page.go_forward(timeout=10_000)
            case "reload":
                page.reload(timeout=10_000)
    return what


def is_ours(message: ConsoleMessage) -> bool:
    """Not what Streamlit does at every reload of a page below the home page: it looks for its server at two addresses."""
    return "/_stcore/" not in message.location["url"]


def test_nothing_that_is_pressed_breaks_a_page(page: Page, app: App, times, measured):
    rng, seconds = random.Random(0), times(10, 600)
    told: list[str] = []
    page.on("pageerror", lambda error: told.append(f"JavaScript: {error}"))
    page.on("console", lambda message: told.append(f"console: {message.text}") if message.type == "error" and is_ours(message) else None)
    page.goto(app.url)
    page.locator(f"{MAIN} h1").wait_for()
    done: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done.append(act(page, rng))
        page.wait_for_timeout(rng.choice([0, 100, 500]))
        if "127.0.0.1" not in page.url:  # back beyond the first page
            page.goto(app.url)
        try:
            page.locator(f"{MAIN} h1").first.wait_for(timeout=30_000)
        except Error:
            pytest.fail(f"blank for half a minute: {page.url} after {done[-10:]}, {page.locator('body').inner_text()[:300]!r}, {told[-3:]}")
        assert page.get_by_text("Something went wrong").count() == 0, (page.url, done[-10:])
        assert page.get_by_test_id("stException").count() == 0, (page.url, done[-10:])
    assert re.findall(r"Traceback|error [0-9a-f]{8}", app.log.read_text()) == []
    assert told == []
    measured(f"{len(done)} things done at random in {seconds} s: no traceback, no blank page, no error in the browser's console")
