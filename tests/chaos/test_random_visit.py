"""The pages driven at random: clicks, sliders, keys, back and forward, reloads, and what controls promise."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page

from tests.chaos.random_visit import MAIN, RandomVisit
from tests.support.browser import App

# Of the server's log: an error, or a value that has two owners.
BAD_NEWS = r"Traceback|error [0-9a-f]{8}|created with a default value but also had its value set"


def is_ours(message: ConsoleMessage) -> bool:
    """Not Streamlit's own: a page below the home page looks at two addresses for its server."""
    return "/_stcore/" not in message.location["url"]


def test_nothing_that_is_pressed_breaks_a_page_or_a_promise(page: Page, app: App, times, measured):
    visit, seconds = RandomVisit(page, seed=0), times(10, 600)
    told: list[str] = []
    page.on("pageerror", lambda error: told.append(f"JavaScript: {error}"))
    page.on(
        "console",
        lambda message: (
            told.append(f"console: {message.text}") if message.type == "error" and is_ours(message) else None
        ),
    )
    page.goto(app.url)
    page.locator(f"{MAIN} h1").wait_for()
    done: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done.append(visit.act())
        page.wait_for_timeout(visit.rng.choice([0, 100, 500]))
        if "127.0.0.1" not in page.url:  # back beyond the first page
            page.goto(app.url)
        try:
            page.locator(f"{MAIN} h1").first.wait_for(timeout=30_000)
        except Error:
            pytest.fail(
                f"blank for half a minute: {page.url} after {done[-10:]}, "
                f"{page.locator('body').inner_text()[:300]!r}, {told[-3:]}"
            )
        assert page.get_by_text("Something went wrong").count() == 0, (page.url, done[-10:])
        assert page.get_by_test_id("stException").count() == 0, (page.url, done[-10:])
    log = sorted(set(re.findall(BAD_NEWS, app.log.read_text())))
    assert (visit.findings, told, log) == ([], [], [])
    measured(
        f"{len(done)} things done at random in {seconds} s: "
        "no traceback, no blank page, no broken promise, no error in the console"
    )
