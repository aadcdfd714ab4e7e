"""A lesson's beats in a real Chromium: below each other for a reader, one at a time for a room."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.test_browser_access import beats_left, listens, turn
from tests.browser.test_pages_in_browser import go
from tests.support.browser import PHONE

WHERE = "nav.lab-beats span"
# Runs in the page: the names of the beats that are to be seen.
SHOWN = """() => [...new Set([...document.querySelectorAll(".lab-beat")]
    .filter((mark) => mark.closest("[class*='st-key-beat_']").offsetParent)
    .map((mark) => mark.dataset.name))]"""


def top_of(page: Page, beat: str) -> float:
    box = page.locator(f".st-key-beat_{beat}_1").bounding_box()
    assert box is not None
    return box["y"]


def test_a_reader_steps_through_the_beats_and_a_link_opens_one(page, app):
    go(page, app, "convolutional")
    expect(page.locator(WHERE)).to_have_text(re.compile("^1 / [5-9]"))
    assert len(page.evaluate(SHOWN)) >= 5
    for _ in range(3):
        page.get_by_role("button", name="Next step").click()
    expect(page).to_have_url(re.compile("convolutional.*#predict$"))
    expect(page.locator(WHERE)).to_have_text(re.compile("^4 /"))
    page.wait_for_timeout(700)
    assert 0 < top_of(page, "predict") < 200
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
    expect(page.locator(WHERE)).to_have_text(re.compile("^1 /"))

    page.goto("about:blank")
    page.goto(f"{app.url}/convolutional#network")
    expect(page.locator(WHERE)).to_have_text(re.compile("^5 /"))
    page.wait_for_timeout(5_000)  # what comes later, above it, does not push it away
    assert 0 < top_of(page, "network") < 250


def test_a_room_sees_one_beat_at_a_time_and_the_way_back_ends_where_the_lesson_ended(page, app):
    go(page, app, "reading?present=1")
    listens(page)
    assert page.evaluate(SHOWN) == ["keras"]
    foot = page.locator(".st-key-lesson_foot")
    expect(foot).to_be_hidden()
    for i in range(beats_left(page, "PageDown")):
        page.keyboard.press("PageDown")
        expect(page.locator(WHERE)).to_have_text(re.compile(f"^{i + 2} /"))
        assert len(page.evaluate(SHOWN)) == 1
    expect(foot).to_be_visible()
    turn(page, "PageUp", "comparison")
    expect(page.locator(WHERE)).to_have_text(re.compile("^2 / 2"))
    assert page.evaluate(SHOWN) == ["predict"]


def test_on_a_phone_the_picture_comes_before_the_dials(tabs, app):
    page = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    go(page, app, "denoising")
    picture = page.locator(".st-key-dae_living .digit canvas")
    picture.wait_for()
    box, dials = picture.bounding_box(), page.locator(".st-key-dials").bounding_box()
    assert box is not None
    assert dials is not None
    assert box["y"] < PHONE["height"]
    assert box["y"] < dials["y"]
