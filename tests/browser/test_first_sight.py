"""What Home begins with is there before Streamlit is, and makes way for Home without a jump."""

from __future__ import annotations

import gzip
import json
import re
import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import LARGE_PROJECTOR, PHONE, PROJECTOR, App

SIGHT = "#lab-first-sight"
# Where the heading, and the picture with all its parts, are: in pixels from the corner.
PLACES = """(root) => [...root.querySelectorAll(
    ".lab-path, h1, .heading, .lab-living, .lab-living :is(figure, .path, .well, .reader)"
)].map((each) => {
    const { left, top, width, height } = each.getBoundingClientRect();
    const name = each.matches("h1, .heading") ? "heading" : each.className;
    return [name, ...[left, top, width, height].map(Math.round)].join(" ");
})"""
# The same of Home itself: its picture is drawn in a shadow root, or still as the server has drawn it.
HOME = f"""() => {{
    const places = {PLACES};
    const main = document.querySelector("[data-testid=stMain]");
    const first = document.querySelector(".st-key-home_living_first");
    const living = [...main.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
        .map((host) => host.shadowRoot).find((root) => root?.querySelector(".lab-living"));
    first.remove();
    return [...places(main), ...places(living)];
}}"""
BARS = """(root) => [...root.querySelectorAll(".bar")].map((bar) =>
    bar.textContent + bar.querySelector("i").className + bar.querySelector("i").style.backgroundSize)"""
LIVING_ROOT = """[...document.querySelectorAll("[data-testid=stMain] [data-testid=stBidiComponentIsolated]")]
    .map((host) => host.shadowRoot).find((root) => root?.querySelector(".lab-living"))"""


def without_connection(page: Page) -> None:
    """The page gets everything but its connection."""
    page.route_web_socket(re.compile("_stcore/stream"), lambda _socket: None)


def wait_for_home(page: Page) -> None:
    expect(page.locator(".lab-living canvas").first).to_be_visible()
    expect(page.locator(SIGHT)).to_have_count(0)


@pytest.mark.parametrize(
    "size",
    [
        PROJECTOR,
        pytest.param(LARGE_PROJECTOR, marks=pytest.mark.long),
        pytest.param(PHONE, marks=pytest.mark.long),
    ],
    ids=["laptop", "projector", "phone"],
)
def test_heading_and_picture_stand_where_home_has_them(browser: Browser, app: App, size):
    context = browser.new_context(viewport=size)
    page = context.new_page()
    without_connection(page)
    page.goto(app.url)
    expect(page.locator(SIGHT).get_by_role("heading")).to_have_text("What does an autoencoder do?")
    page.evaluate("document.fonts.ready.then(() => null)")
    begins = page.evaluate(f"({PLACES})(document.querySelector('{SIGHT}'))")
    bars = page.evaluate(f"({BARS})(document.querySelector('{SIGHT}'))")
    page.close()
    page = context.new_page()
    page.goto(app.url)
    wait_for_home(page)
    page.wait_for_timeout(1_000)
    assert page.evaluate(f"({BARS})({LIVING_ROOT})") == bars
    assert page.evaluate(HOME) == begins
    context.close()


@pytest.mark.long
def test_it_says_that_the_lab_gets_ready_and_the_note_on_websockets_lies_above_it(page, app):
    without_connection(page)
    page.goto(app.url)
    expect(page.locator(f"{SIGHT} .soon")).to_contain_text("getting ready")
    note = page.locator(".lab-no-socket")
    expect(note).to_be_visible(timeout=15_000)
    assert note.evaluate(
        """(note) => {
            const { left, top, width, height } = note.getBoundingClientRect();
            return note.contains(document.elementFromPoint(left + width / 2, top + height / 2));
        }"""
    )


@pytest.mark.parametrize(
    ("system", "chosen", "ground"),
    [
        pytest.param("light", None, "rgb(255, 255, 255)", marks=pytest.mark.long),
        pytest.param("dark", None, "rgb(23, 22, 20)", marks=pytest.mark.long),
        ("light", "Dark", "rgb(23, 22, 20)"),
        pytest.param("dark", "Light", "rgb(255, 255, 255)", marks=pytest.mark.long),
    ],
)
def test_it_is_as_dark_as_the_page_will_be(browser: Browser, app: App, system, chosen, ground):
    context = browser.new_context(viewport=PROJECTOR, color_scheme=system)
    if chosen:
        other = "Light" if chosen == "Dark" else "Dark"  # of another address on this host, told before
        for path, theme in (("/other", other), ("/", chosen)):
            value = json.dumps(json.dumps(theme))
            context.add_init_script(f"localStorage.setItem('stActiveTheme-{path}-v2', {value})")
    page = context.new_page()
    without_connection(page)
    page.goto(app.url)
    of = "element => [getComputedStyle(element).backgroundColor, getComputedStyle(element).color]"
    begins = page.locator(SIGHT).evaluate(of)
    assert begins[0] == ground
    page.close()
    page = context.new_page()
    page.goto(app.url)
    wait_for_home(page)
    assert page.get_by_test_id("stApp").evaluate(of) == begins
    context.close()


# Runs in a new page: whether the beginning was ever there when a frame was drawn.
SEEN = f"""(() => {{
    window.labSeen = false;
    const look = () => {{
        window.labSeen ||= document.querySelector("{SIGHT}") !== null;
        requestAnimationFrame(look);
    }};
    look();
}})()"""


def test_who_comes_back_with_digits_of_their_own_does_not_see_another_first(page, app):
    page.goto(app.url)
    wait_for_home(page)
    without_connection(page)
    page.add_init_script(SEEN)
    page.evaluate("sessionStorage.setItem('lab-kept-question_home', '{}')")
    page.reload()
    page.wait_for_function("window.labSeen")
    page.evaluate("sessionStorage.setItem('lab-kept-tray', '[]')")
    page.reload()
    expect(page.get_by_test_id("stApp")).to_be_visible()
    assert page.evaluate("window.labSeen") is False


def test_it_leaves_with_the_page(page, app):
    """Somebody goes on to another one before Home has drawn its picture."""
    page.route(re.compile(r"/living/.+\.js"), lambda route: None)  # it never draws it
    page.goto(app.url)
    page.get_by_test_id("stTopNav").get_by_text("CAE", exact=True).click(timeout=30_000)
    expect(page.locator(SIGHT)).to_have_count(0, timeout=1_500)
    expect(page.get_by_role("heading", level=1)).to_contain_text("convolution")


@pytest.mark.long
@pytest.mark.parametrize(
    "sign",
    [
        "root.insertAdjacentHTML('beforeend', '<div data-testid=stAlert></div>')",  # an error in words
        "root.querySelector('[data-testid=stApp]').dataset.testScriptState = 'notRunning'",  # and no picture
    ],
)
def test_it_leaves_where_home_ends_without_a_picture(page, app, sign):
    without_connection(page)
    page.goto(app.url)
    expect(page.get_by_test_id("stApp")).to_be_attached()
    expect(page.locator(SIGHT)).to_be_visible()
    page.evaluate(f"() => {{ const root = document.getElementById('root'); {sign} }}")
    expect(page.locator(SIGHT)).to_have_count(0, timeout=2_000)


@pytest.mark.long
def test_it_leaves_where_home_has_its_still_picture_alone(page, app):
    page.route(re.compile(r"/living/.+\.js"), lambda route: None)
    page.goto(app.url)
    expect(page.locator(".st-key-home_living_first img").first).to_be_attached(timeout=30_000)
    expect(page.locator(SIGHT)).to_have_count(0, timeout=4_000)


@pytest.mark.long
def test_a_browser_that_keeps_nothing_shows_it_all_the_same(page, app):
    refused = "{ get() { throw new DOMException('refused', 'SecurityError'); } }"
    for name in ("localStorage", "sessionStorage"):
        page.add_init_script(f"Object.defineProperty(window, '{name}', {refused})")
    without_connection(page)
    page.goto(app.url)
    expect(page.locator(SIGHT).get_by_role("heading")).to_be_visible()


def test_it_comes_compressed_to_whoever_takes_that(app):
    def ask(method: str, encoding: str) -> tuple[bytes, str | None]:
        headers = {"Accept": "text/html", "Accept-Encoding": encoding}
        request = urllib.request.Request(app.url, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read(), answer.headers["content-encoding"]

    plain, encoding = ask("GET", "identity")
    assert encoding is None
    assert b'<div id="lab-first-sight">' in plain
    small, encoding = ask("GET", "gzip, br")
    assert encoding == "gzip"
    assert gzip.decompress(small) == plain
    assert 3 * len(small) < len(plain)
    assert ask("HEAD", "identity")[0] == b""


@pytest.mark.long
@pytest.mark.parametrize("address", ["convolutional", "?home_test_noise=0.4", "?embed=true"])
def test_no_other_page_begins_so(page, app, address):
    without_connection(page)
    page.goto(f"{app.url}/{address}")
    expect(page.get_by_test_id("stApp")).to_be_visible()
    expect(page.locator(SIGHT)).to_have_count(0)
