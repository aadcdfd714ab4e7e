"""For everybody: legible, named for screen readers, and a whole lesson by keyboard, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser import FOLLOWING, PHONE, PROJECTOR, App, picture_changes_after
from tests.test_browser import PAGES, go

SERIOUS = ("serious", "critical")
# What axe finds in Streamlit's own elements, and no page can mend.
STREAMLITS_OWN: set[str] = set()


def findings(page: Page) -> list[str]:
    """What axe-core calls serious or critical, with the element."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in found
        if rule["impact"] in SERIOUS and rule["id"] not in STREAMLITS_OWN
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(browser: Browser, app: App, scheme, request):
    if scheme == "dark":
        request.getfixturevalue("full_form")
    context = browser.new_context(viewport=PROJECTOR, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(60_000)
    found = {}
    for name in PAGES:
        go(page, app, name)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        page.wait_for_timeout(700)  # what has just come fades in
        found[name] = findings(page)
    context.close()
    assert {name: what for name, what in found.items() if what} == {}


BAD = """<img src="data:,"><p style="color: #ddd; background: #fff">grey</p>"""


def test_axe_would_find_something(page, app):
    go(page, app, "reading")
    page.evaluate("bad => document.querySelector('h1').insertAdjacentHTML('afterend', bad)", BAD)
    assert {finding.split(":")[0] for finding in findings(page)} >= {"image-alt", "color-contrast"}


def listens(page: Page) -> None:
    """Until the first page hears the presenter's keys."""
    page.wait_for_function("document.labPresenter !== undefined")


def test_the_script_runs_under_two_keys(page, app):
    go(page, app, "?present=1")
    listens(page)
    for key, lesson in [("PageDown", "fully_connected"), ("ArrowRight", "convolutional"), ("PageUp", "fully_connected")]:
        page.keyboard.press(key)
        expect(page.locator("h1")).to_contain_text(PAGES[lesson])
        page.wait_for_url(re.compile(rf"{lesson}\?present=1"))


def test_no_click_of_an_impatient_presenter_is_lost(page, app):
    go(page, app, "?present=1")
    listens(page)
    for _ in range(3):
        page.keyboard.press("PageDown")
    page.wait_for_url(re.compile(r"denoising\?present=1"))
    expect(page.locator("h1")).to_contain_text(PAGES["denoising"])


def test_at_the_end_of_the_path_impatience_and_a_key_held_down_hold_nothing_up(page, app):
    go(page, app, "reading?present=1")
    listens(page)
    for _ in range(3):
        page.keyboard.press("PageDown")
    for _ in range(30):  # without a release between them, as a key that is held down repeats itself
        page.keyboard.down("PageDown")
    page.keyboard.press("PageUp")
    page.wait_for_url(re.compile(r"comparison\?present=1"), timeout=12_000)  # were each press to wait for its turn, many times that
    page.wait_for_timeout(1_000)
    assert "comparison" in page.url


def test_dials_come_when_wanted_and_the_script_is_one_key_away(page, app):
    go(page, app, "denoising?present=1&latent_size=8")
    dial = page.get_by_role("slider", name="Latent size")
    expect(dial).to_be_hidden()
    listens(page)
    page.keyboard.press("d")
    expect(dial).to_be_visible()
    expect(dial).to_have_value("8")
    page.get_by_test_id("stTopNav").get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Runs")
    page.keyboard.press("b")
    expect(page.locator("h1")).to_contain_text(PAGES["denoising"])
    expect(dial).to_be_hidden()
    page.keyboard.press("d")
    expect(dial).to_have_value("30")


def test_a_question_is_answered_by_keyboard_alone(page, app):
    go(page, app, "")
    page.locator(".st-key-home_choice input").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".st-key-home_lock button")).to_be_enabled()
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.st-key-home_lock') !== null"):
            break
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-question_home").get_by_text("of the variance between them")).to_be_visible()


@pytest.fixture
def phone(browser: Browser, app: App) -> Iterator[Page]:
    """A phone with a touch screen."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


def test_a_question_is_answered_by_touch(phone, app):
    go(phone, app, "")
    phone.locator(".st-key-home_choice label").nth(2).tap()
    expect(phone.locator(".st-key-home_lock button")).to_be_enabled()
    phone.locator(".st-key-home_lock button").tap()
    expect(phone.locator(".st-key-question_home").get_by_text("of the variance between them")).to_be_visible()


def test_a_touch_on_the_noise_slider_changes_the_pictures(phone, app):
    go(phone, app, "")
    phone.locator(FOLLOWING).first.wait_for()
    phone.wait_for_timeout(3_000)
    rail = phone.locator(".st-key-home_test_noise [role=group]").bounding_box()
    assert rail is not None
    picture_changes_after(phone, lambda: phone.touchscreen.tap(rail["x"] + 0.8 * rail["width"], rail["y"] + rail["height"] / 2))


@pytest.mark.parametrize(("wish", "at_rest"), [("reduce", True), ("no-preference", False)])
def test_whoever_wants_less_motion_gets_less(browser, app, wish, at_rest):
    context = browser.new_context(viewport=PROJECTOR, reduced_motion=wish)
    page = context.new_page()
    go(page, app, "")
    page.wait_for_timeout(1_500)
    seconds = page.evaluate("Math.max(...[...document.querySelectorAll('a')].map(a => parseFloat(getComputedStyle(a).transitionDuration)))")
    context.close()
    assert (seconds <= 0.001) == at_rest
