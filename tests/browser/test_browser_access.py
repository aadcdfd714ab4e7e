"""For everybody: legible, named for screen readers, and a whole lesson by keyboard, in a real Chromium."""

from __future__ import annotations

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.test_pages_in_browser import PAGES, go
from tests.support.browser import PHONE, PROJECTOR, App, Tabs, come_to_rest
from tests.support.handwriting import draw, prepared_picture

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
def test_axe_finds_nothing_serious_on_any_page(tabs: Tabs, app: App, scheme, request):
    if scheme == "dark":
        request.getfixturevalue("full_form")
    page = tabs.open(color_scheme=scheme)
    found = {}
    for name in PAGES:
        go(page, app, name)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        page.wait_for_timeout(700)  # what has just come fades in
        if findings(page):
            page.wait_for_timeout(2_000)  # on a busy machine later
            found[name] = findings(page)
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
    for key, lesson in [
        ("PageDown", "fully_connected"),
        ("ArrowRight", "convolutional"),
        ("PageUp", "fully_connected"),
    ]:
        turn(page, key, lesson)
        page.wait_for_url(re.compile(rf"{lesson}\?present=1"))


# Runs in the page: whether the last of the scripts that are loaded ahead has come.
LOADED_AHEAD = """() => performance.getEntriesByType("resource")
    .some(({ name, responseEnd }) => responseEnd && /\\/Table[.][^\\/]*js$/.test(name))"""


def test_before_a_room_the_first_chart_waits_for_no_script(page, app):
    go(page, app, "?present=1")
    listens(page)
    page.wait_for_function(LOADED_AHEAD, timeout=60_000)
    page.wait_for_timeout(1_000)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    turn(page, "PageDown", "fully_connected")
    page.locator(".js-plotly-plot").first.wait_for(state="attached")
    assert [url for url in fetched if "/static/js/" in url] == []


def slow_down(page: Page) -> None:
    """A network, or a lab full of visitors, that takes eight seconds and more for a page."""

    def hand_on(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def send_late(message: str | bytes) -> None:
            time.sleep(0.1)
            socket.send(message)

        server.on_message(send_late)

    page.route_web_socket(re.compile("_stcore/stream"), hand_on)


@pytest.mark.parametrize("is_slow", [False, True])
def test_no_click_of_an_impatient_presenter_is_lost(page, app, is_slow):
    if is_slow:
        slow_down(page)
    go(page, app, "?present=1")
    listens(page)
    for _ in range(beats_left(page, "PageDown") + 2):
        page.keyboard.press("PageDown")
    page.wait_for_url(re.compile(r"fully_connected\?present=1#results"))
    expect(page.locator("nav.lab-beats span")).to_have_text(re.compile("^2 /"))


def test_at_the_end_of_the_path_impatience_and_a_key_held_down_hold_nothing_up(page, app):
    go(page, app, "reading?present=1")
    listens(page)
    for _ in range(beats_left(page, "PageDown") + 3):
        page.keyboard.press("PageDown")
    for _ in range(30):  # without a release between them, as a key that is held down repeats itself
        page.keyboard.down("PageDown")
    for _ in range(beats_left(page, "PageUp") + 1):
        page.keyboard.press("PageUp")
    # were each press to wait for its turn, many times that
    page.wait_for_url(re.compile(r"latent_space\?present=1"), timeout=12_000)
    page.wait_for_timeout(1_000)
    assert "latent_space" in page.url


def present(page: Page, app: App, path: str) -> None:
    """Open a page in presenter mode, and wait until it hears the keys and has every step ready."""
    go(page, app, path)
    listens(page)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=240_000)


# Runs in the page, once it knows its beats: how many presses of a key lead to others of them.
BEATS_LEFT = """key => {
    const marks = [...document.querySelectorAll(".lab-beat")];
    const count = new Set(marks.map(({ dataset }) => dataset.name)).size;
    const { at } = document.labBeats;
    const after = Math.max(count - 1 - at, 0);
    return { PageDown: after, ArrowRight: after, PageUp: at, ArrowLeft: at }[key] ?? 0;
}"""
KNOWS_BEATS = "(location.pathname.split('/').at(-1) || 'home') === document.labBeats?.page"


def beats_left(page: Page, key: str) -> int:
    """How many presses of this key lead to other beats of the lesson, before one leads to another lesson."""
    page.wait_for_function(KNOWS_BEATS)
    return int(page.evaluate(BEATS_LEFT, key))


def show_beat(page: Page, name: str) -> None:
    """Step to the beat of this name, while presenting or not."""
    page.wait_for_function(KNOWS_BEATS)
    page.evaluate(
        """name => {
            const names = [...document.querySelectorAll(".lab-beat")].map(({ dataset }) => dataset.name);
            document.labBeats.step([...new Set(names)].indexOf(name) - document.labBeats.at);
        }""",
        name,
    )


def turn(page: Page, key: str, to: str) -> None:
    """Press a key until it leads to another page."""
    for _ in range(beats_left(page, key) + 1):
        page.keyboard.press(key)
    page.wait_for_url(re.compile(rf"/{to}\?"))
    expect(page.locator("h1")).to_contain_text(PAGES[to])


def test_whoever_comes_back_finds_the_page_as_it_was(page, app):
    present(page, app, "denoising?present=1")
    size, noise = (
        page.get_by_role("slider", name="Latent size"),
        page.locator(".st-key-dae_test_noise").get_by_role("slider"),
    )
    page.keyboard.press("d")
    for _ in range(2):
        size.press("ArrowRight")
    noise.press("ArrowRight")
    page.wait_for_url(re.compile("dae_test_noise=0.45"))
    turn(page, "PageDown", "difference")
    # never visited: as it begins
    expect(page.locator(".st-key-pair_test_noise").get_by_role("slider")).to_have_value("0.4")
    turn(page, "PageUp", "denoising")
    expect(size).to_be_visible()
    expect(size).to_have_attribute("aria-valuetext", "64")
    show_beat(page, "see")  # a page that is come back to stands at its last
    expect(noise).to_have_value("0.45")
    page.wait_for_url(re.compile("latent_size=64"))


def test_page_down_keeps_the_presenters_own_digit(page, app):
    present(page, app, "your_digit?present=1")
    page.get_by_label("Drawing board").wait_for()
    draw(page, 4)
    prepared_picture(page)
    kept = page.get_by_text("Forget this digit")
    turn(page, "PageDown", "fully_connected")  # from the drawing board, too
    expect(page.locator(".st-key-digits_own")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator(".st-key-digits_own input")).not_to_be_checked()  # the script shows the lab's digits
    page.get_by_test_id("stTopNav").get_by_role("link", name="Your digit", exact=True).click()
    expect(kept).to_be_visible()


def test_the_scripts_key_resets_the_page_it_is_pressed_on_and_can_be_undone(page, app):
    present(page, app, "denoising?present=1&latent_size=8&dae_epochs=12")
    size, epochs = page.get_by_role("slider", name="Latent size"), page.locator(".st-key-dae_epochs input")
    expect(size).to_be_hidden()
    page.keyboard.press("d")
    expect(size).to_be_visible()
    expect(size).to_have_attribute("aria-valuetext", "8")
    page.keyboard.press("s")
    expect(size).to_be_hidden()
    page.wait_for_url(re.compile(r"denoising\?present=1$"))
    come_to_rest(page)
    page.keyboard.press("d")
    expect(size).to_have_attribute("aria-valuetext", "30")
    size.press("ArrowRight")  # with its next word the browser would send the old values back
    page.wait_for_url(re.compile("latent_size=48"))
    expect(epochs).to_have_value("1")
    come_to_rest(page)
    page.keyboard.press("u")
    expect(size).to_have_attribute("aria-valuetext", "8")
    expect(epochs).to_have_value("12")
    come_to_rest(page)
    size.press("ArrowRight")
    page.wait_for_url(re.compile("latent_size=12"))
    expect(epochs).to_have_value("12")
    come_to_rest(page)
    # From another page it leads to the step seen last, and its button back there.
    page.get_by_test_id("stTopNav").get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Runs")
    turn(page, "s", "denoising")
    page.get_by_role("button", name="Back as it was").click()
    expect(page.locator("h1")).to_contain_text("Runs")
    come_to_rest(page)
    turn(page, "PageUp", "convolutional")
    expect(size).to_be_visible()
    expect(size).to_have_attribute("aria-valuetext", "12")


def test_the_clickers_keys_turn_the_page_from_anywhere(page, app):
    present(page, app, "denoising?present=1")
    noise = page.locator(".st-key-dae_test_noise")
    rail = noise.locator("[role=group]").bounding_box()
    assert rail is not None
    middle = rail["y"] + rail["height"] / 2
    page.mouse.move(rail["x"] + 0.4 * rail["width"], middle)
    page.mouse.down()
    page.mouse.move(rail["x"] + 0.6 * rail["width"], middle, steps=5)
    page.mouse.up()
    page.wait_for_url(re.compile("dae_test_noise=0.6"))
    # a drag that is over lets go of the focus
    page.wait_for_function("document.activeElement === document.body")
    turn(page, "ArrowRight", "difference")
    turn(page, "PageUp", "denoising")
    for _ in range(beats_left(page, "PageUp")):
        page.keyboard.press("PageUp")
    noise.get_by_role("slider").focus()
    turn(page, "PageUp", "convolutional")
    page.locator(".st-key-cae_choice [role=radiogroup] label").first.click()
    expect(page.locator(".st-key-cae_lock button")).to_be_enabled()
    page.wait_for_function("document.activeElement === document.body")
    turn(page, "ArrowRight", "denoising")
    expect(page.locator("nav.lab-beats span")).to_have_text(re.compile("^1 /"))
    expect(noise.get_by_role("slider")).to_have_value("0.6")
    # Whoever comes by keyboard moves the slider.
    noise.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("denoising.*dae_test_noise=0.65"))


BLACK, LIST = "dialog.lab-black", "dialog.lab-keys"
# The key B as keyboards set to other scripts have it: Cyrillic, Greek, Hebrew, Arabic, Chinese input.
OTHER_SCRIPTS = ["и", "β", "נ", "لا", "Process"]


def test_the_screen_goes_black_and_comes_back_under_any_script(page, app):
    present(page, app, "?present=1")
    scroll = page.get_by_test_id("stMain")
    scroll.evaluate("main => main.scrollTo(0, 200)")
    where = scroll.evaluate("main => main.scrollTop")
    for back in ("b", ".", "Escape", "PageDown"):
        page.keyboard.press("b" if back == "." else ".")
        expect(page.locator(BLACK)).to_be_visible()
        box = page.locator(BLACK).bounding_box()
        assert box == {"x": 0, "y": 0, **PROJECTOR}
        page.keyboard.press(back)
        expect(page.locator(BLACK)).to_have_count(0)
    keys = page.context.new_cdp_session(page)
    for key in OTHER_SCRIPTS:
        for there in (1, 0):
            keys.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, "code": "KeyB"})
            keys.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "code": "KeyB"})
            expect(page.locator(BLACK)).to_have_count(there)
    page.evaluate(
        """document.body.dispatchEvent(
            new KeyboardEvent("keydown", { key: "b", code: "KeyB", bubbles: true, isComposing: true })
        )"""
    )
    expect(page.locator(BLACK)).to_have_count(0)
    page.keyboard.press("?")
    for words in ("Page Down", "full stop", "black screen", "back to the script"):
        expect(page.locator(LIST)).to_contain_text(words)
    page.keyboard.press("?")
    expect(page.locator(LIST)).to_have_count(0)
    assert scroll.evaluate("main => main.scrollTop") == where
    assert page.url.endswith("/?present=1")
    # A letter in a text is a letter.
    page.get_by_text("Seeds").click()
    page.get_by_role("spinbutton").first.press(".")
    expect(page.locator(BLACK)).to_have_count(0)


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
def phone(tabs: Tabs) -> Page:
    """A phone with a touch screen."""
    return tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)


def test_a_question_is_answered_by_touch(phone, app):
    go(phone, app, "")
    phone.locator(".st-key-home_choice label").nth(2).tap()
    expect(phone.locator(".st-key-home_lock button")).to_be_enabled()
    phone.locator(".st-key-home_lock button").tap()
    expect(phone.locator(".st-key-question_home").get_by_text("of the variance between them")).to_be_visible()


def test_presenting_on_a_phone_hides_nothing_that_a_finger_cannot_bring_back(phone, app):
    go(phone, app, "denoising")
    switch = phone.get_by_text("Present to a room")
    expect(phone.get_by_text("Presenter mode")).to_be_visible()
    expect(switch).to_be_hidden()  # beside Back, where a thumb would meet it
    phone.get_by_text("Presenter mode").tap()
    switch.tap()
    dial = phone.get_by_role("slider", name="Latent size")
    expect(dial).to_be_hidden()
    phone.get_by_role("button", name="Show the dials").tap()
    expect(dial).to_be_visible()
    phone.get_by_role("button", name="Hide the dials").tap()
    expect(dial).to_be_hidden()


@pytest.mark.parametrize(("wish", "at_rest"), [("reduce", True), ("no-preference", False)])
def test_whoever_wants_less_motion_gets_less(tabs, app, wish, at_rest):
    page = tabs.open(reduced_motion=wish)
    go(page, app, "")
    page.get_by_role("link", name=re.compile("Next: ")).wait_for()
    seconds = page.evaluate(
        """Math.max(
            ...[...document.querySelectorAll("a")]
                .map(a => parseFloat(getComputedStyle(a).transitionDuration))
        )"""
    )
    assert (seconds <= 0.001) == at_rest
