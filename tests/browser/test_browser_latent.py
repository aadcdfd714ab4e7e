"""The replay of a training and the latent space, with mouse and keyboard, in a real Chromium."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from ae_core import config
from ae_core.data import Digits
from ae_core.service import worker
from tests.browser.test_pages_in_browser import go
from tests.support.browser import PROJECTOR

SMALL_CAE = config.adjusted(config.CAE, model={"latent_size": 2}, training={"epochs": 3})


@pytest.fixture
def story(page, app, few_digits: Digits) -> Locator:
    """The replay of a small training, once the browser has drawn it."""
    if app.store.find(config.run_id(SMALL_CAE)) is None:
        for _ in worker.record_training(SMALL_CAE, app.store, few_digits):
            pass
    go(page, app, f"convolutional?yours={config.run_id(SMALL_CAE)}&whose=Yours")
    replay = page.locator(".st-key-cae_story")
    replay.locator(".lab-slider-key").wait_for(state="attached")
    come_to_rest(page)
    return replay


def come_to_rest(page: Page) -> None:
    """Wait until the page has drawn its last part and fetched all that it needs."""
    expect(page.get_by_text("Presenter mode")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2_000)


def sent(page: Page) -> list[str]:
    """What the page asks for from now on, its own pictures aside, and what it says to the app."""
    asked: list[str] = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if not request.url.startswith(("data:", "blob:")) else None,
    )
    page.on("websocket", lambda socket: asked.append(socket.url))
    return asked


def seen(story: Locator) -> tuple[list[str], str, str]:
    """The pictures, where the codes lie, and how far along the loss curve its marker is.

    Not how high: the panel of the curve may settle by some pixels when it is first moved.
    """
    pictures = story.locator("image").evaluate_all("all => all.map(i => i.getAttribute('href'))")
    codes = story.locator(".subplot.x2y2 .points:has(.point)").first.inner_html()
    marker = story.locator(".point[style*='213, 94, 0']").get_attribute("transform") or ""
    return pictures, codes, marker.split(",")[0]


def test_dragging_replays_pictures_codes_and_loss_in_the_browser_and_back(page, story):
    asked = sent(page)
    untrained = seen(story)
    story.scroll_into_view_if_needed()
    rail = story.locator(".slider-rail-touch-rect").bounding_box()
    assert rail is not None
    middle = rail["y"] + rail["height"] / 2
    page.mouse.move(rail["x"] + 12, middle)
    page.mouse.down()
    page.mouse.move(rail["x"] + 0.9 * rail["width"], middle, steps=5)
    page.wait_for_timeout(1_500)
    trained = seen(story)
    page.mouse.move(rail["x"] + 12, middle, steps=5)
    page.mouse.up()
    deadline = time.monotonic() + 20
    while seen(story) != untrained and time.monotonic() < deadline:  # a busy machine draws the last step late
        page.wait_for_timeout(300)
    assert trained[0][0] == untrained[0][0]  # the digits stay
    assert [now != before for now, before in zip(trained, untrained, strict=True)] == [True, True, True]
    assert seen(story) == untrained
    assert asked == []


def test_arrow_keys_move_a_slider_inside_a_figure_also_once_it_is_drawn_again(page, story):
    handle = story.get_by_role("slider", name="step")
    steps = int(handle.get_attribute("aria-valuemax") or "")
    for width in (1000, PROJECTOR["width"]):
        page.set_viewport_size({**PROJECTOR, "width": width})
        come_to_rest(page)
        asked = sent(page)
        handle.focus()
        page.keyboard.press("Home")
        expect(handle).to_have_attribute("aria-valuenow", "0")
        first = seen(story)
        page.keyboard.press("ArrowRight")
        expect(handle).to_have_attribute("aria-valuenow", "1")
        page.keyboard.press("End")
        expect(handle).to_have_attribute("aria-valuenow", str(steps))
        expect(handle).to_be_focused()
        page.wait_for_timeout(1_000)
        assert seen(story) != first
        assert asked == []


def test_a_click_on_the_map_chooses_a_digit_and_one_on_the_grid_a_code(page, app):
    go(page, app, "latent_space?latent_size=2")
    point = page.locator(".st-key-latent_map .scatterlayer .trace").nth(1).locator(".point").first
    point.wait_for()
    page.wait_for_timeout(2_000)
    point.hover(force=True)
    point.click(force=True)
    page.wait_for_url(re.compile(r"latent_a=\d+"))
    expect(page.get_by_text("A: a 1")).to_be_visible()
    grid = page.locator(".st-key-latent_manifold .nsewdrag")
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.2 * box["height"])
    page.wait_for_url(re.compile(r"latent_z1=\d+.*latent_z2=\d+"))
    expect(page.locator(".st-key-latent_z1").get_by_role("slider")).to_have_value(
        re.compile("^(77.5|80|82.5)$")
    )


def test_the_boxes_say_what_is_shown_after_a_button_an_untrained_size_and_a_reload(page, app):
    boxes = [page.locator(f".st-key-latent_{name} input") for name in "ab"]

    def stand_at(*numbers: str) -> None:
        for box, number in zip(boxes, numbers, strict=True):
            expect(box).to_have_value(number)

    go(page, app, "latent_space?latent_size=2&latent_position=0.7")
    come_to_rest(page)
    stand_at("0", "1")
    expect(page.locator(".st-key-latent_z1").get_by_role("slider")).to_have_value("50")
    shown = page.locator(".st-key-latent_first")
    words = shown.inner_text()
    page.locator(".st-key-latent_others button").click()
    stand_at("7", "12")
    expect(shown).not_to_have_text(words, use_inner_text=True)
    words = shown.inner_text()
    for key, size in (("ArrowRight", "3"), ("ArrowLeft", "2")):
        page.get_by_role("slider", name="Latent size").press(key)
        page.wait_for_url(re.compile(f"latent_size={size}"))
        stand_at("7", "12")
    expect(shown).to_have_text(words, use_inner_text=True)
    stand_at("7", "12")
    page.get_by_role("slider", name="How far from A to B").press("ArrowRight")
    expect(shown).to_contain_text("at 75%")
    stand_at("7", "12")
    page.reload()
    expect(shown).to_contain_text("at 75%")
    stand_at("7", "12")
