"""On a phone, with fingers, and on a stage, in Chromium: what a swipe moves, what can be hit and read."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.benchmarks.pages import ENOUGH, come_to_rest, targets
from tests.browser.test_pages_in_browser import go
from tests.support.browser import PHONE, App, Tabs, picture_changes_after

SMALL, SIDEWAYS = {"width": 320, "height": 568}, {"width": 844, "height": 390}
SWIPE = 195
OpenOnPhone = Callable[[str, dict[str, int]], Page]


@pytest.fixture
def on_phone(tabs: Tabs, app: App) -> OpenOnPhone:
    """Opens a page of the lab on a phone with a touch screen of this size, and waits until it is at rest."""

    def open_page(path: str, size: dict[str, int] = PHONE) -> Page:
        page = tabs.open(viewport=size, has_touch=True, is_mobile=True)
        go(page, app, path)
        come_to_rest(page)
        return page

    return open_page


def move_finger(page: Page, start: tuple[float, float], across: float, down: float) -> None:
    """By touch events, as a screen sends them, in a quarter of a second; no finger moves quite straight."""
    touch = page.context.new_cdp_session(page)
    (x, y), steps = start, 13
    for i in range(steps + 1):
        point = {"x": x + across * i / steps + i / 2, "y": y + down * i / steps}
        touch.send(
            "Input.dispatchTouchEvent", {"type": "touchMove" if i else "touchStart", "touchPoints": [point]}
        )
        page.wait_for_timeout(16)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)
    touch.detach()


def scrolled_by_a_swipe(element: Locator, share: float = 0.5) -> float:
    """How far a swipe over the element, this far along it, moves the page, in pixels."""
    (x, y), width = middle_of(element)
    main = element.page.get_by_test_id("stMain")
    room = main.evaluate("main => main.scrollHeight - main.clientHeight - main.scrollTop")
    before = main.evaluate("main => main.scrollTop")
    move_finger(element.page, (x + (share - 0.5) * width, y), 0, -SWIPE if room > SWIPE else SWIPE)
    return abs(main.evaluate("main => main.scrollTop") - before)


def middle_of(element: Locator) -> tuple[tuple[float, float], float]:
    """Where the middle of the element is, now that it is in the middle of the screen, and how wide it is."""
    element.evaluate("element => element.scrollIntoView({ block: 'center', behavior: 'instant' })")
    element.page.wait_for_timeout(200)
    box = element.bounding_box()
    assert box is not None
    return (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), box["width"]


def test_a_swipe_over_a_slider_scrolls_the_page_and_its_thumb_drags(on_phone):
    page = on_phone("")
    slider = page.locator(".st-key-home_test_noise [role=group]")
    thumb = slider.locator("[data-rac]:has(> div > input)")
    for size, across in ((PHONE, 60), (SMALL, -60), (SIDEWAYS, 60)):
        page.set_viewport_size(size)
        page.wait_for_timeout(1_000)
        before = slider.locator("input").input_value()
        assert [scrolled_by_a_swipe(slider, share) > SWIPE / 2 for share in (0.3, 0.7)] == [True, True]
        # the page follows a finger that goes up and down, wherever it started
        assert scrolled_by_a_swipe(thumb) > SWIPE / 2
        expect(slider.locator("input")).to_have_value(before)
        start, width = middle_of(thumb)
        assert width >= 28
        picture_changes_after(page, lambda: move_finger(page, start, across, 4))  # noqa: B023
        expect(slider.locator("input")).not_to_have_value(before)
        come_to_rest(page)


def test_a_swipe_over_a_figure_scrolls_the_page_and_a_tap_chooses_what_is_under_it(on_phone):
    page = on_phone("latent_space?latent_size=2")
    for figure in ("latent_map", "latent_manifold"):
        assert scrolled_by_a_swipe(page.locator(f".st-key-{figure} .js-plotly-plot")) > SWIPE / 2
    for digit in (0, 1, 0):  # far from all other classes
        (x, y), _ = middle_of(page.locator(".st-key-latent_map[data-stale=false] .nsewdrag"))
        points = (
            page.locator(".st-key-latent_map[data-stale=false] .scatterlayer .trace")
            .nth(digit)
            .locator(".point")
            .all()[:40]
        )
        boxes = [box for point in points if (box := point.bounding_box())]
        centres = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
        page.touchscreen.tap(*max(centres, key=lambda centre: math.dist(centre, (x, y))))
        expect(page.locator(".st-key-latent_first").first).to_contain_text(f"A: a {digit}")
        come_to_rest(page)


def test_a_finger_hits_what_it_aims_at(on_phone):
    small = {}
    for name in ("", "denoising", "latent_space", "your_digit", "runs"):
        page = on_phone(name)
        small[name] = [target for target in targets(page) if min(target[1:]) < ENOUGH]
    assert {name: what for name, what in small.items() if what} == {}


def test_the_drawing_board_is_whole_between_a_phone_and_a_laptop(on_phone):
    page = on_phone("your_digit")
    parts = [page.get_by_label("Drawing board"), page.get_by_label("What the DAE rebuilds")]
    parts += [page.get_by_role("button", name="Clear"), page.locator(".st-key-digit_source button").last]
    for width in (390, 667, 768, 1024, 1180):
        page.set_viewport_size({"width": width, "height": 820})
        page.wait_for_timeout(500)
        for part in parts:
            box = part.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width, width


WIDEST = "pictures => Math.max(...pictures.map(picture => picture.getBoundingClientRect().width))"


def test_digits_grow_when_the_answer_comes_and_locked_answers_can_be_read(on_phone):
    page = on_phone("difference")
    strips = page.locator("img[alt^='clean digits go in']")
    for size in (PHONE, {"width": 1280, "height": 800}, {"width": 1920, "height": 1080}):
        page.set_viewport_size(size)
        page.wait_for_timeout(500)
        strips.first.wait_for()
        hidden = strips.evaluate_all(WIDEST)
        page.locator(".st-key-difference_clean_reveal button").click()
        expect(strips).to_have_count(3)
        come_to_rest(page)
        assert strips.evaluate_all(WIDEST) > 1.1 * hidden, size
        expect(page.locator(".st-key-difference_clean_answer")).to_be_in_viewport(ratio=1)
        assert (
            contrast(
                page.locator(
                    ".st-key-question_difference_clean [data-testid=stRadio] label:has(input) p"
                ).first
            )
            >= 4.5
        )
        page.locator(".st-key-difference_clean_again button").click()
        expect(strips).to_have_count(1)
        come_to_rest(page)


def contrast(words: Locator) -> float:
    """Of dark words on white, whatever their elements' opacity makes of them."""
    shade = words.evaluate(
        r"""words => {
            let opacity = 1;
            for (let element = words; element; element = element.parentElement) {
                opacity *= getComputedStyle(element).opacity;
            }
            const [red, green, blue, alpha = 1] = getComputedStyle(words).color.match(/[\d.]+/g).map(Number);
            return [red, green, blue].map(part => 255 + (part - 255) * alpha * opacity);
        }"""
    )
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in shade
    ]
    return float(
        1.05
        / (sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05)
    )


SMALL_TYPE = """() => {
    const main = document.querySelector("[data-testid=stMain]");
    const found = [], walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    const unseen = "style, script, [inert], .katex, [data-testid=stIconMaterial]";
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || element.closest(unseen)) continue;
        if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const { width } = element.getBoundingClientRect();
        if (width > 2 && parseFloat(getComputedStyle(element).fontSize) < 24) {
            found.push(walk.currentNode.data.trim());
        }
    }
    return found;
}"""


@pytest.mark.parametrize("name", ["", "comparison"])
def test_nothing_on_a_projector_is_written_smaller_than_24_pixels(tabs, app, name):
    page = tabs.open(viewport={"width": 1920, "height": 1080})
    go(page, app, f"{name}?present=1")
    come_to_rest(page)
    assert page.evaluate(SMALL_TYPE) == []
