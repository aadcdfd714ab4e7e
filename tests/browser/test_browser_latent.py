"""The replay of a training and the latent space, with mouse and keyboard, in a real Chromium."""

from __future__ import annotations

import re
import time

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from torch import Tensor

from ae_core import config
from ae_core.data import Digits
from ae_core.models import codes_of, pictures_of
from ae_core.service import worker
from ae_core.study import latent
from pages.shared.parts.latent_bench import DIGITS
from tests.browser.test_pages_in_browser import go
from tests.support.browser import PROJECTOR

SMALL_CAE = config.adjusted(config.CAE, model={"latent_size": 2}, training={"epochs": 3})


@pytest.fixture
def story(page, app, few_digits: Digits) -> Locator:
    """The replay of a small training, once the browser has drawn it."""
    if app.store.find(config.run_id(SMALL_CAE)) is None:
        for _ in worker.record_training(SMALL_CAE, app.store, few_digits):
            pass
    page.emulate_media(reduced_motion="reduce")
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


def test_the_replay_is_played_and_dragged_in_the_browser_from_the_trained_network_on(page, story):
    asked = sent(page)
    handle = story.get_by_role("slider", name="step")
    last = handle.get_attribute("aria-valuemax") or ""
    trained = seen(story)
    buttons = page.locator(".st-key-cae_story_replay")
    play, speed = buttons.get_by_role("button", name="Play"), buttons.get_by_label("Speed")
    expect(speed).to_have_value("slow")  # for whoever wants less motion; and nothing plays by itself
    expect(handle).to_have_attribute("aria-valuenow", last)
    buttons.get_by_role("button", name="First step").click()
    expect(handle).to_have_attribute("aria-valuenow", "0")
    page.wait_for_timeout(1_500)
    expect(handle).to_have_attribute("aria-valuenow", "0")
    untrained = seen(story)
    assert untrained[0][0] == trained[0][0]  # the digits stay
    assert [now != before for now, before in zip(trained, untrained, strict=True)] == [True, True, True]

    handle.press("End")
    speed.select_option("fast")
    play.press("Enter")  # from the trained network it begins anew
    expect(handle).to_have_attribute("aria-valuenow", "2")
    page.keyboard.press("Space")
    expect(play).to_be_focused()
    paused = handle.get_attribute("aria-valuenow")
    assert int(paused or last) < int(last)
    page.wait_for_timeout(500)
    expect(handle).to_have_attribute("aria-valuenow", paused or "")
    play.click()
    expect(buttons.get_by_role("button", name="Pause")).to_be_visible()
    handle.scroll_into_view_if_needed()
    rail = story.locator(".slider-rail-touch-rect").bounding_box()
    assert rail is not None
    middle = rail["y"] + rail["height"] / 2
    page.mouse.move(rail["x"] + 12, middle)
    page.mouse.down()  # a hand on the figure stops it
    expect(play).to_be_visible(timeout=1_000)
    page.mouse.move(rail["x"] + 0.9 * rail["width"], middle, steps=5)
    page.mouse.move(rail["x"] + 12, middle, steps=5)
    page.mouse.up()
    deadline = time.monotonic() + 20
    while seen(story) != untrained and time.monotonic() < deadline:  # a busy machine draws the last step late
        page.wait_for_timeout(300)
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
    expect(page.locator(".part.walk").get_by_text("A: a 1")).to_be_visible()
    grid = page.locator(".st-key-latent_manifold .nsewdrag")
    grid.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # a figure that comes into view is drawn a moment later
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.2 * box["height"])
    page.wait_for_url(re.compile(r"latent_z1=\d+.*latent_z2=\d+"))
    expect(page.locator(".st-key-latent_z1").get_by_role("slider")).to_have_value(
        re.compile("^(77.5|80|82.5)$")
    )


def test_plotly_looks_for_the_point_under_the_mouse_only_once_that_rests(page, app, digits):
    lesson = Lesson(page, app, digits, 2)
    lesson.point_at("latent_manifold", 0.5, 0.5)
    page.wait_for_timeout(500)
    area = page.locator(".st-key-latent_manifold .nsewdrag")
    area.evaluate(
        """area => {
            window.labHeard = 0;
            area.addEventListener("mousemove", () => { window.labHeard += 1; });
            window.labMoves = 0;
            document.addEventListener("pointermove", () => { window.labMoves += 1; }, true);
        }"""
    )
    box = area.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], middle)
    page.mouse.move(box["x"] + 0.8 * box["width"], middle, steps=20)
    page.wait_for_function("window.labHeard > 0")
    assert page.evaluate("window.labMoves") >= 20
    assert page.evaluate("window.labHeard") <= 5  # as many as that only where the machine is busy


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


class Lesson:
    """The page with a shipped CAE, and what the server would draw there."""

    def __init__(self, page: Page, app, digits: Digits, size: int) -> None:
        go(page, app, f"latent_space?latent_size={size}")
        run = app.store.shipped_like(config.adjusted(config.CAE, model={"latent_size": size}))
        self.page, self.model, self.size = page, app.store.load_model(run), size
        self.shown = digits.test_nhw[:DIGITS]
        self.codes = codes_of(self.model, self.shown)
        page.locator(".st-key-latent_map .point").first.wait_for()
        page.locator(".st-key-latent_map").evaluate("map => map.scrollIntoView({ block: 'center' })")
        come_to_rest(page)

    def drawn(self, part: str, place: int) -> Tensor:
        """What is on a canvas of a part: (28, 28)."""
        pixels = self.page.locator(f".part.{part} canvas").nth(place).evaluate("canvas => [...canvas.pixels]")
        return torch.tensor(pixels).reshape(28, 28)

    def decoded(self, codes_nl: Tensor) -> Tensor:
        return pictures_of(self.model, codes_nl)[0]

    def place_of(self, part: str) -> Tensor:
        """The place (1, 2) that a part says it draws."""
        words = self.page.locator(f".part.{part}").get_attribute("data-place")
        return torch.tensor([[float(word) for word in (words or "").split()]])

    def point_at(self, figure: str, x: float, y: float) -> None:
        area = self.page.locator(f".st-key-{figure} .nsewdrag")
        area.scroll_into_view_if_needed()
        box = area.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        self.page.wait_for_timeout(200)

    def hold(self, dial: str) -> tuple[float, float, float]:
        """Press the mouse on a slider's thumb: the rail's left end, its width and its middle."""
        slider = self.page.locator(f".st-key-{dial}")
        slider.scroll_into_view_if_needed()
        rail = slider.locator("[role=group]").bounding_box()
        thumb = slider.get_by_test_id("stSliderThumbValue").bounding_box()
        assert rail is not None
        assert thumb is not None
        middle = rail["y"] + rail["height"] / 2
        self.page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
        self.page.mouse.down()
        return rail["x"], rail["width"], middle


def alike(one: Tensor, other: Tensor) -> bool:
    return float((one - other).abs().max()) <= 2 / 255


def test_walk_map_and_directions_follow_the_hand_with_the_servers_numbers_and_without_the_server(
    page, app, digits
):
    lesson = Lesson(page, app, digits, 30)
    expect(page.locator(".st-key-latent_first")).to_be_hidden()
    asked, plane = sent(page), latent.best_plane(lesson.codes)
    places = [(0.3, 0.4), (0.5, 0.5), (0.9, 0.05)]
    for place in places:
        lesson.point_at("latent_map", *place)
        there = plane.codes_at(lesson.place_of("walk"), 30)
        assert alike(lesson.drawn("walk", 6), lesson.decoded(there))
        expect(page.get_by_text("decoded at this place")).to_be_visible()
    expect(page.get_by_text("no digit’s point is near")).to_be_visible()
    left, width, middle = lesson.hold("latent_position")
    expect(page.get_by_text("decoded at this place")).to_be_hidden()
    dial = page.locator(".st-key-latent_position input")
    for share in (0.1, 0.6, 0.85):
        page.mouse.move(left + share * width, middle, steps=3)
        page.wait_for_timeout(200)
        at = float(dial.input_value())
        assert at == pytest.approx(share, abs=0.051)
        assert alike(lesson.drawn("walk", 1), latent.cross_fade(*lesson.shown[:2], [at])[0])
        assert alike(lesson.drawn("walk", 4), latent.walk_between(lesson.model, *lesson.shown[:2], [at])[0])
    assert asked == []
    page.mouse.up()
    page.wait_for_url(re.compile(r"latent_position=0\.\d"))
    come_to_rest(page)
    asked = sent(page)
    left, width, middle = lesson.hold("latent_direction_2")
    page.mouse.move(left + 0.8 * width, middle, steps=3)
    page.wait_for_timeout(200)
    amount = float(page.locator(".st-key-latent_direction_2 input").input_value())
    assert amount == pytest.approx(1.8, abs=0.15)
    along = latent.principal_directions(lesson.codes, 6)
    moved = lesson.decoded(along.moved([0.0, amount, 0.0, 0.0, 0.0, 0.0]))
    assert alike(lesson.drawn("directions", 1), moved)
    assert asked == []
    page.mouse.up()
    page.wait_for_url(re.compile(r"latent_direction_2="))


def test_every_place_of_the_plane_of_two_numbers_is_decoded_under_the_pointer(page, app, digits):
    lesson = Lesson(page, app, digits, 2)
    lesson.point_at("latent_map", 0.4, 0.4)
    assert alike(lesson.drawn("walk", 6), lesson.decoded(lesson.place_of("walk")))
    for place in ((0.2, 0.3), (0.7, 0.8)):
        lesson.point_at("latent_manifold", *place)
        assert alike(lesson.drawn("manifold", 0), lesson.decoded(lesson.place_of("manifold")))
        expect(page.locator(".part.manifold").get_by_text("decoded at this place")).to_be_visible()
    page.mouse.move(5, 5)
    expect(page.locator(".part.manifold").get_by_text("decoded there")).to_be_visible()
    middle = latent.bounding_area(lesson.codes).at(torch.tensor([[0.5, 0.5]]))
    assert alike(lesson.drawn("manifold", 0), lesson.decoded(middle))
