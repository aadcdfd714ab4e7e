"""A visitor's own digit in a real browser: drawn, photographed, pasted, uploaded; and nobody else's."""

from __future__ import annotations

import base64
import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, WebSocketRoute, expect

from ae_core.data import Digits
from ae_core.pictures import decoding
from ae_core.pictures.finder import SPECKS
from ae_core.pictures.ink import ALL_INK, NO_INK
from pages.shared.own_digit.digit_source import MOST_FILES
from tests.support import junk
from tests.support.browser import LIVING, PHONE, PROJECT, PROJECTOR, App, come_to_rest, launched
from tests.support.handwriting import clear, draw, draw_with_a_finger, prepared_picture

KNOWN = (NO_INK, ALL_INK, SPECKS)

pytestmark = pytest.mark.timeout(300)


def open_page(page: Page, app: App, way: str) -> None:
    page.goto(f"{app.url}/your_digit?digit_source={way}")
    page.locator(
        {"Draw": ".paper canvas", "Upload": "input[type=file]", "Camera": "video"}[way]
    ).last.wait_for(state="attached")
    page.wait_for_timeout(1_000)


def sheet(digits: Digits, label: int) -> np.ndarray:
    """A held-back digit of this class, large, dark on light paper."""
    ink_hw = digits.test_nhw[digits.test_labels_n == label][0].numpy()
    large = Image.fromarray((255 * ink_hw).astype(np.uint8)).resize((400, 400), Image.Resampling.BICUBIC)
    return (235 - 0.8 * np.pad(np.asarray(large), 60)).astype(np.uint8)


def saved(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def greys(address: str) -> np.ndarray:
    """The 28 × 28 greys of a step's picture, which shows each eight times as large."""
    return (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("L"))[4::8, 4::8]
        / 255.0
    )


def same_digit(greys_hw: np.ndarray, digits: Digits, label: int) -> bool:
    original_hw = digits.test_nhw[digits.test_labels_n == label][0].numpy()
    shifts = [np.roll(greys_hw, shift, (0, 1)) for shift in [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]]
    return min(float(np.abs(shifted - original_hw).mean()) for shifted in shifts) < 0.05


def errors(page: Page) -> list[str]:
    """What stands below what the three networks rebuild."""
    return page.locator(".board .live .error").all_inner_texts()[1:]


def steady_errors(page: Page) -> list[str]:
    """The same as soon as it has stood for a twentieth of a second: a slow browser draws a frame later."""
    before: list[str] = []
    while before != (now := errors(page)):
        before = now
        page.wait_for_timeout(50)
    return now


# The pen's way over the board, a move a frame; what stands below the networks' pictures after each.
MOVES = """canvas => new Promise((resolve) => {
    const { left, top } = canvas.getBoundingClientRect();
    const texts = [];
    const move = (step) => {
        if (step) texts.push(canvas.getRootNode().querySelector(".live").textContent);
        if (step === 30) return resolve(texts);
        const [x, y] = [60 * Math.cos(step / 4), 4 * step + 40 * Math.sin(step / 4)];
        const place = { clientX: left + 150 + x, clientY: top + 80 + y, pointerId: 1 };
        canvas.dispatchEvent(new PointerEvent("pointermove", { ...place, pointerType: "mouse" }));
        requestAnimationFrame(() => setTimeout(() => move(step + 1)));
    };
    move(0);
})"""


def test_networks_draw_while_the_pen_moves_and_nothing_is_sent_meanwhile(page, app):
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append("frame")))
    open_page(page, app, "Draw")
    page.wait_for_timeout(2_000)
    assert errors(page) == ["", "", ""]
    board = page.get_by_label("Drawing board")
    box = board.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 210, box["y"] + 80)
    page.mouse.down()
    sent.clear()
    texts = board.evaluate(MOVES)
    assert sent == []
    assert len(set(texts)) > 25  # of 30 frames
    assert re.fullmatch(r"digit.*(FAE|CAE|DAE)(.*error \d+\.\d){3}.*", texts[-1])
    prepared_picture(page)  # the pen rests, and is still on the board
    assert "frame" in sent
    page.mouse.up()


def test_digits_drawn_with_the_mouse_are_prepared_and_rebuilt(page, app):
    open_page(page, app, "Draw")
    for digit in (4, 8):
        draw(page, digit)
        ink_hw = greys(prepared_picture(page)) > 0.1
        assert max(np.ptp(np.flatnonzero(ink_hw.any(axis))) + 1 for axis in (0, 1)) in (19, 20, 21)
        page.locator(LIVING).first.wait_for()
        assert all(re.fullmatch(r"error \d+\.\d", error) for error in errors(page))
        expect(page.locator(".board .live .reading")).to_have_text([re.compile(f"read as {digit}, ")] * 4)
        clear(page)


def test_digits_drawn_with_a_finger_are_prepared_and_the_page_does_not_scroll(app, tabs):
    page = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    open_page(page, app, "Draw")
    touch = page.context.new_cdp_session(page)
    main = page.get_by_test_id("stMain")
    for digit in (5, 7):
        page.get_by_label("Drawing board").scroll_into_view_if_needed()
        before = main.evaluate("main => main.scrollTop")
        draw_with_a_finger(page, touch, digit)
        assert main.evaluate("main => main.scrollTop") == before
        assert (greys(prepared_picture(page)) > 0.1).sum() > 20
        clear(page)


def test_strokes_are_undone_rubbed_out_and_found_again_on_other_pages_until_they_are_forgotten(page, app):
    open_page(page, app, "Draw")
    undo, redo = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    empty = page.get_by_text("Draw a digit here")
    draw(page, 7)
    seven = prepared_picture(page)
    draw(page, 1)
    both = prepared_picture(page, instead_of=seven)
    undo.click()
    assert prepared_picture(page, instead_of=both) == seven
    page.keyboard.press("Control+Shift+z")
    assert prepared_picture(page, instead_of=seven) == both
    expect(redo).to_be_disabled()
    page.keyboard.press("Control+z")
    assert prepared_picture(page, instead_of=both) == seven
    # The rubber, wherever the pen was; and what is cleared comes back.
    page.get_by_role("button", name="Rubber").click()
    draw(page, 7)
    expect(page.get_by_text("Forget this digit")).to_have_count(0)
    undo.click()
    assert prepared_picture(page) == seven
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(empty).to_be_visible()
    undo.click()
    assert prepared_picture(page) == seven
    # On another page and back; loaded anew, on other pages too.
    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_test_id("stCheckbox").get_by_text("My digit", exact=True)).to_be_visible()
    page.get_by_role("link", name="Your digit").first.click()
    assert prepared_picture(page) == seven
    page.reload()
    assert prepared_picture(page) == seven
    expect(empty).to_be_hidden()
    page.get_by_role("button", name="Medium pen").click()
    draw(page, 1)  # what comes back can be drawn on
    assert prepared_picture(page, instead_of=seven) == both
    page.goto(f"{app.url}/comparison")
    expect(page.get_by_test_id("stCheckbox").get_by_text("My digit", exact=True)).to_be_visible()
    page.goto(f"{app.url}/your_digit")
    page.get_by_text("Forget this digit").click()
    expect(empty).to_be_visible()
    expect(undo).to_be_disabled()
    page.wait_for_timeout(1_000)
    assert page.evaluate("Object.keys(sessionStorage).filter(name => name.startsWith('lab-'))") == []
    page.reload()
    expect(empty).to_be_visible()
    page.wait_for_timeout(1_000)
    expect(page.get_by_text("Forget this digit")).to_have_count(0)


def test_the_board_follows_the_latent_dial_while_it_is_dragged(page, app):
    open_page(page, app, "Draw")
    draw(page, 3)
    prepared_picture(page)
    before = errors(page)
    rail = page.locator(".st-key-latent_size [role=group]")
    thumb, along = rail.locator("[data-rac] [data-rac]").bounding_box(), rail.bounding_box()
    assert thumb is not None
    assert along is not None
    middle = thumb["y"] + thumb["height"] / 2
    page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(along["x"] + 0.1 * along["width"], middle, steps=4)
    for note, then in zip(page.locator(".board .live .error").all()[1:], before, strict=True):
        expect(note).not_to_have_text(then)
    page.wait_for_timeout(300)
    assert all(float(now[6:]) > 3 * float(then[6:]) for now, then in zip(errors(page), before, strict=True))
    page.mouse.up()
    page.wait_for_url(re.compile("latent_size="))


def test_a_board_that_cannot_run_says_so_and_the_other_ways_in_remain(page, app, digits):
    page.route("**/living/*.js", lambda route: route.fulfill(status=404))
    page.goto(f"{app.url}/your_digit")
    expect(page.get_by_text("No drawing board appears here?")).to_be_visible()
    page.locator(".st-key-digit_source").get_by_text("Upload", exact=True).click()
    page.locator("input[type=file]").set_input_files(
        {"name": "3.png", "mimeType": "image/png", "buffer": saved(sheet(digits, 3), "PNG")}
    )
    assert same_digit(greys(prepared_picture(page)), digits, 3)


def choose_files(page: Page, **contents: bytes) -> None:
    """Choose files at once, by their names without `.png`."""
    page.locator("input[type=file]").set_input_files(
        [{"name": f"{name}.png", "mimeType": "image/png", "buffer": each} for name, each in contents.items()]
    )


def test_as_many_files_as_are_promised_are_taken_at_once(page, app, digits):
    open_page(page, app, "Upload")
    labels = [label % 10 for label in range(MOST_FILES)]
    choose_files(page, **{f"of{i}": saved(sheet(digits, label), "PNG") for i, label in enumerate(labels)})
    expect(page.locator(".lab-tray .count")).to_have_text(re.compile(f"of {MOST_FILES}$"), timeout=60_000)
    assert page.get_by_test_id("stAlert").count() == 0


def on_the_tray(page: Page) -> list[str]:
    """The pixels of each digit on the tray, as texts."""
    return page.locator(".lab-tray .strip canvas").evaluate_all("all => all.map(each => each.pixels.join())")


def test_a_visit_elsewhere_keeps_what_the_visitor_changed(page, app, digits):
    open_page(page, app, "Upload")
    choose_files(page, three=saved(sheet(digits, 3), "PNG"))
    prepared = prepared_picture(page)
    page.get_by_text("Change the cut-out").click()
    threshold = page.get_by_role("slider", name="What counts as ink")
    page.wait_for_timeout(500)  # what is in the box moves while that opens
    page.get_by_text("Prepare it").click()
    unprepared = prepared_picture(page, instead_of=prepared)
    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_test_id("stCheckbox").get_by_text("My digit", exact=True)).to_be_visible()
    page.get_by_role("link", name="Your digit").first.click()
    assert prepared_picture(page) == unprepared
    # Another picture begins anew, and what was changed of the first stays with that.
    choose_files(page, eight=saved(sheet(digits, 8), "PNG"))
    page.get_by_text("Its centre of mass is in the middle").wait_for()
    assert same_digit(greys(prepared_picture(page)), digits, 8)
    page.get_by_text("Change the cut-out").click()
    expect(threshold).to_have_value("0.5")
    turn = page.get_by_role("button", name="Turn")
    for _ in range(4):
        turn.click()
        come_to_rest(page)
    assert same_digit(greys(prepared_picture(page)), digits, 8)
    # A page that is loaded anew finds them again, until it is told to forget them.
    page.reload()
    eight = prepared_picture(page)
    assert same_digit(greys(eight), digits, 8)
    page.locator(".lab-tray .strip button").first.click()
    assert prepared_picture(page, instead_of=eight) == unprepared
    page.get_by_text("Forget all my digits").click()
    expect(page.get_by_text("Choose pictures of digits")).to_be_visible()
    page.wait_for_timeout(1_000)
    page.reload()
    expect(page.get_by_text("Choose pictures of digits")).to_be_visible()
    page.wait_for_timeout(1_000)
    expect(page.locator(".lab-tray")).to_have_count(0)


def test_a_page_of_twelve_digits_is_tapped_moved_cut_out_anew_and_shown_in_lessons(page, app, digits):
    """And a bad file beside it is told by name."""
    open_page(page, app, "Upload")
    few = [sheet(digits, label)[40:480, 40:480] for label in (0, 1, 2, 3, 4, 5)] * 2
    rows = [np.concatenate(few[i : i + 4], axis=1) for i in (0, 4, 8)]
    choose_files(page, many=saved(np.concatenate(rows)[::2, ::2], "PNG"), bad=b"I am not a picture.")
    strip = page.locator(".lab-tray .strip button")
    expect(strip).to_have_count(12)
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("bad.png: This file is not a PNG")
    cards = page.locator(".lab-cards .card")
    expect(cards).to_have_count(12)
    before = on_the_tray(page)
    # A tap chooses; the networks' answers below the tray follow.
    expect(page.locator(".lab-tray .live .error").nth(3)).to_contain_text("error")
    first = page.locator(".lab-tray .live").inner_text()
    strip.nth(5).click()
    expect(page.locator(".lab-tray .live")).not_to_have_text(first)
    expect(cards.nth(5)).to_have_class(re.compile("chosen"))
    # By keys: along the tray, to another place, and off it.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Alt+ArrowLeft")
    come_to_rest(page)
    swapped = [*before[:5], before[6], before[5], *before[7:]]
    assert on_the_tray(page) == swapped
    page.keyboard.press("Delete")
    expect(cards).to_have_count(11)
    left = [*swapped[:5], *swapped[6:]]
    assert on_the_tray(page) == left
    # On the picture: a tap on another digit, and its box dragged to the one beside it.
    page.get_by_text("Change the cut-out").click()
    page.wait_for_timeout(500)
    boxes = page.locator(".lab-cutout button")
    expect(boxes).to_have_count(11)
    boxes.nth(2).click()
    expect(strip.nth(2)).to_have_attribute("aria-selected", "true")
    come_to_rest(page)
    page.locator(".lab-cutout button.chosen").scroll_into_view_if_needed()
    box, there = (
        page.locator(f".lab-cutout {each}").bounding_box() for each in (".chosen", "button >> nth=1")
    )
    assert box is not None
    assert there is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(there["x"] + there["width"] / 2, there["y"] + there["height"] / 2, steps=4)
    page.mouse.up()
    deadline = time.monotonic() + 20
    while (kept := on_the_tray(page))[2] == left[2]:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    come_to_rest(page)
    assert kept[:2] + kept[3:] == left[:2] + left[3:]
    # Loaded anew, and in the lessons: the chosen one first, then in the tray's order.
    page.reload()
    expect(strip).to_have_count(11)
    assert on_the_tray(page) == kept
    page.get_by_test_id("stTopNav").get_by_role("link", name="DAE", exact=True).click()
    expect(page.get_by_test_id("stCheckbox").get_by_text("My digits", exact=True)).to_be_visible()
    row = page.locator(".lab-rows figure:first-child canvas")
    expect(row).to_have_count(11)
    expected = [kept[2], *kept[:2], *kept[3:]]
    page.wait_for_timeout(500)
    tops = row.evaluate_all("all => all.map(each => Math.round(each.getBoundingClientRect().top))")
    assert len(set(tops)) == 1
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(500)
    tops = row.evaluate_all("all => all.map(each => Math.round(each.getBoundingClientRect().top))")
    assert [tops.count(top) for top in sorted(set(tops))] == [4, 4, 3]
    assert row.evaluate_all("all => all.map(each => each.pixels.join())") == expected


class HeldAnswers:
    """What the server says to a page from now on, held back until it is let go."""

    def __init__(self, page: Page) -> None:
        self._waiting: list[Callable[[], None]] = []
        self._holds = False
        page.route_web_socket("**/_stcore/stream", self._follow)

    def _follow(self, socket: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            self._waiting.append(lambda: socket.send(message))
            if not self._holds:
                self._waiting.pop()()

        socket.connect_to_server().on_message(pass_on)

    def hold(self) -> None:
        self._holds = True

    def count(self) -> int:
        return len(self._waiting)

    def let_go(self, count: int | None = None) -> None:
        """The first so many; all of them, and what comes later, where no number is given."""
        self._holds = count is not None
        for _ in range(len(self._waiting) if count is None else count):
            self._waiting.pop(0)()


def six_in_a_row(page: Page, app: App, digits: Digits) -> None:
    open_page(page, app, "Upload")
    few = [sheet(digits, label)[40:480, 40:480] for label in range(6)]
    choose_files(page, six=saved(np.concatenate(few, axis=1)[::2, ::2], "PNG"))
    expect(page.locator(".lab-tray .strip button")).to_have_count(6)
    come_to_rest(page)


def test_an_answer_that_comes_late_takes_nothing_back_that_the_hand_did_on_the_tray(page, app, digits):
    """What the tray told of first is answered when it has told of more."""
    answers = HeldAnswers(page)
    six_in_a_row(page, app, digits)
    strip = page.locator(".lab-tray .strip button")
    before = on_the_tray(page)
    answers.hold()
    strip.nth(3).click()
    page.wait_for_timeout(1_500)
    first = answers.count()
    assert first
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Alt+ArrowLeft")
    page.wait_for_timeout(1_500)
    answers.let_go(first)
    page.wait_for_timeout(300)
    moved = [*before[:3], before[4], before[3], before[5]]
    assert on_the_tray(page) == moved
    expect(strip.nth(3)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Delete")
    answers.let_go()
    left = [*moved[:3], *moved[4:]]
    expect(page.locator(".lab-cards .card")).to_have_count(5)  # the server has heard of it
    come_to_rest(page)
    assert on_the_tray(page) == left
    page.reload()
    expect(strip).to_have_count(5)
    assert on_the_tray(page) == left


def test_an_answer_that_comes_late_takes_no_box_out_of_the_hand(page, app, digits):
    answers = HeldAnswers(page)
    six_in_a_row(page, app, digits)
    page.get_by_text("Change the cut-out").click()
    boxes = page.locator(".lab-cutout button")
    expect(boxes).to_have_count(6)
    page.wait_for_timeout(500)
    page.locator(".lab-tray .strip button").nth(2).click()
    expect(boxes.nth(2)).to_have_class(re.compile("chosen"))
    come_to_rest(page)
    chosen = page.locator(".lab-cutout .chosen")
    chosen.scroll_into_view_if_needed()

    def left() -> float:
        return float(chosen.evaluate("button => parseFloat(button.style.left)"))

    # By keys, one of which the server has heard of when the next comes.
    at = left()
    answers.hold()
    chosen.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1_500)
    first = answers.count()
    assert first
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1_500)
    second = answers.count()
    page.keyboard.press("ArrowRight")
    answers.let_go(first)
    page.wait_for_timeout(100)
    assert left() == pytest.approx(at + 3, abs=0.01)
    answers.let_go(second - first)
    page.wait_for_timeout(100)
    assert left() == pytest.approx(at + 3, abs=0.01)
    answers.let_go()
    come_to_rest(page)
    page.wait_for_timeout(500)
    assert left() == pytest.approx(at + 3, abs=0.01)
    # And while a pointer has hold of it.
    answers.hold()
    chosen.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(1_500)
    box = chosen.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2, y)
    answers.let_go()
    come_to_rest(page)
    page.mouse.move(x + 4, y)
    moved = left()
    assert moved > at + 2.3
    page.mouse.up()
    come_to_rest(page)
    page.wait_for_timeout(500)
    assert left() == pytest.approx(moved, abs=0.05)
    # A box that was moved is told, too, where another digit is chosen before it rests.
    chosen.focus()
    page.keyboard.press("ArrowRight")
    boxes.nth(4).click()
    expect(boxes.nth(4)).to_have_class(re.compile("chosen"))
    come_to_rest(page)
    page.wait_for_timeout(500)
    expect(boxes.nth(4)).to_have_class(re.compile("chosen"))
    there = float(boxes.nth(2).evaluate("button => parseFloat(button.style.left)"))
    assert there == pytest.approx(moved + 1, abs=0.05)


def drag(page: Page, rest: int, to_x: float, to_y: float) -> None:
    """A finger takes hold of the second digit on the tray, rests for milliseconds, and goes on to a place."""
    box = page.locator(".lab-tray .strip button").nth(1).bounding_box()
    assert box is not None
    touch = page.context.new_cdp_session(page)
    x, y = box["x"] + 26, box["y"] + 26
    for i in range(9):
        place = {"x": x + i / 8 * (to_x - x), "y": y + i / 8 * (to_y - y)}
        kind = "touchMove" if i else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
        page.wait_for_timeout(40 if i else rest)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    come_to_rest(page)


def test_a_finger_carries_a_digit_that_it_rests_on_and_scrolls_with_any_other(app, digits, tabs):
    page = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    six_in_a_row(page, app, digits)
    strip = page.locator(".lab-tray .strip button")
    strip.first.scroll_into_view_if_needed()
    before = on_the_tray(page)
    main = page.get_by_test_id("stMain")
    there = strip.nth(4).bounding_box()
    assert there is not None
    scrolled = main.evaluate("main => main.scrollTop")
    drag(page, 400, there["x"] + 26, there["y"] + 26)
    moved = [before[0], *before[2:5], before[1], before[5]]
    assert on_the_tray(page) == moved
    assert main.evaluate("main => main.scrollTop") == scrolled
    expect(strip.nth(4)).to_have_attribute("aria-selected", "true")
    page.reload()
    expect(strip).to_have_count(6)
    assert on_the_tray(page) == moved  # the server has heard of it
    # A finger that does not rest scrolls the page, and carries nothing.
    strip.first.scroll_into_view_if_needed()
    come_to_rest(page)
    box = strip.nth(1).bounding_box()
    assert box is not None
    scrolled = main.evaluate("main => main.scrollTop")
    drag(page, 0, box["x"] + 26, box["y"] - 250)
    assert on_the_tray(page) == moved
    assert main.evaluate("main => main.scrollTop") > scrolled + 50


LATE_TIMERS = """() => {
    const soon = window.setTimeout;
    window.setTimeout = (callback, wait, ...given) => soon(callback, wait + 5_000, ...given);
}"""


def test_a_finger_that_rested_carries_a_digit_also_where_the_page_was_too_busy_to_notice(app, digits, tabs):
    """A busy browser hands over a finger's move before the timer that was to say that it rests."""
    page = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    six_in_a_row(page, app, digits)
    before = on_the_tray(page)
    there = page.locator(".lab-tray .strip button").nth(4).bounding_box()
    assert there is not None
    page.evaluate(LATE_TIMERS)
    drag(page, 100, there["x"] + 26, there["y"] + 26)
    assert on_the_tray(page) == before  # it did not rest
    drag(page, 400, there["x"] + 26, there["y"] + 26)
    assert on_the_tray(page) == [before[0], *before[2:5], before[1], before[5]]


def test_files_that_never_reach_the_lab_get_their_sentence(page, app, digits):
    open_page(page, app, "Upload")
    page.route("**/_stcore/upload_file/**", lambda route: route.fulfill(status=403))
    choose_files(page, held_back=saved(sheet(digits, 3), "PNG"))
    said = page.get_by_role("alert").filter(has_text="held_back.png: This file did not reach the lab")
    expect(said).to_be_visible()
    page.unroute("**/_stcore/upload_file/**")
    page.reload()
    page.locator("input[type=file]").wait_for(state="attached")
    choose_files(page, large=b"x" * (decoding.MAX_BYTES + 2_000_000))
    expect(page.get_by_role("alert").filter(has_text=f"large.png: {decoding.TOO_LARGE}")).to_be_visible()
    choose_files(page, three=saved(sheet(digits, 3), "PNG"))
    assert same_digit(greys(prepared_picture(page)), digits, 3)


def test_drawings_one_after_the_other_stay_on_the_tray_and_their_errors_are_the_boards(page, app):
    open_page(page, app, "Draw")
    said = []
    for digit in (3, 7, 2):
        draw(page, digit)
        page.wait_for_timeout(50)
        said.append(steady_errors(page))
        page.get_by_role("button", name="Next digit").click()  # before the server has heard of it
    strip, live = page.locator(".lab-tray .strip button"), page.locator(".lab-tray .live .error")
    expect(strip).to_have_count(3)
    expect(live).to_have_count(4)
    for i in range(3):
        strip.nth(i).click()
        for note, words in zip(live.all()[1:], said[i], strict=True):
            expect(note).to_have_text(words)
        for metric, words in zip(page.get_by_test_id("stMetric").all(), said[i], strict=True):
            expect(metric).to_contain_text(f"{words},")


def test_switches_and_buttons_reach_every_picture_of_a_page(page, app, digits):
    def follow(name: str) -> None:
        page.get_by_test_id("stTopNav").get_by_role("link", name=name, exact=True).click()

    open_page(page, app, "Upload")
    page.locator("input[type=file]").set_input_files(
        {"name": "3.png", "mimeType": "image/png", "buffer": saved(sheet(digits, 3), "PNG")}
    )
    prepared_picture(page)
    # Home shows one digit, and says why there is no other to be had.
    follow("Home")
    explained, new = (
        page.get_by_text("Switch My digit off to see others"),
        page.locator(".st-key-new_digits button"),
    )
    expect(explained).to_be_visible()
    expect(new).to_be_disabled()
    # The switch in one part of the page, the feature maps in another, and the link, which names the digit.
    follow("CAE")
    maps = page.get_by_text("In your digit. Switch My digit off, above")
    expect(maps).to_be_visible()
    page.locator(".st-key-digits_own label").click()
    expect(maps).to_have_count(0)
    page.get_by_text("Share and take along").click()
    page.locator(".st-key-cae_maps_digit label").filter(has_text="7").click()
    expect(page.get_by_test_id("stCode").filter(has_text="weights=")).to_contain_text("cae_maps_digit=7")
    # The digits above, the rows of PCA below.
    follow("FAE")
    # The lesson before has such a button too, and stands until the new one is there.
    expect(page.get_by_role("heading", level=1)).to_contain_text("FAE")
    page.get_by_role("button", name="Reveal without answering").click()
    rows = page.locator("img[alt*='PCA, 30 numbers']")
    rows.first.wait_for(state="attached")
    before = rows.first.get_attribute("src")
    new.click()
    expect(rows.first).not_to_have_attribute("src", str(before))
    follow("Home")
    expect(explained).to_have_count(0)
    expect(new).to_be_enabled()


def test_whatever_is_chosen_gets_pixels_or_one_plain_sentence(page, app):
    open_page(page, app, "Upload")
    answers = []
    for i, (name, content) in enumerate(junk.varied()):
        name = f"{i:02d}{Path(name).suffix}"
        with page.expect_response(lambda response: response.request.method == "PUT"):
            page.locator("input[type=file]").set_input_files(
                {"name": name, "mimeType": "image/png", "buffer": content}
            )
        page.wait_for_timeout(300)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        errors = page.get_by_test_id("stAlertContentError").all_inner_texts()
        answers.append(errors[0] if errors else "read")
        assert page.get_by_test_id("stException").count() == 0, name
        assert "Traceback" not in page.content(), name
    refusals = [answer for answer in answers if answer != "read"]
    assert len(answers) == 16
    assert len(set(refusals)) >= 4
    assert all(any(sentence in answer for sentence in (*decoding.REFUSALS, *KNOWN)) for answer in refusals), (
        refusals
    )


def test_a_pasted_picture_goes_the_way_of_a_chosen_file(page, app, digits):
    open_page(page, app, "Upload")
    page.evaluate(
        """content => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
            const how = { clipboardData, bubbles: true, cancelable: true };
            document.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        base64.b64encode(saved(sheet(digits, 3), "PNG")).decode(),
    )
    assert same_digit(greys(prepared_picture(page)), digits, 3)


def test_a_photograph_by_the_camera_is_prepared(app, browser, digits, tmp_path):
    """The browser's camera shows a film of one picture."""
    film = tmp_path / "camera.mjpeg"
    film.write_bytes(
        saved(
            np.stack([np.pad(sheet(digits, 2), ((0, 0), (100, 100)), constant_values=235)] * 3, axis=2),
            "JPEG",
        )
    )
    flags = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    with launched(browser.browser_type, *flags) as camera:
        page = camera.new_page(viewport=PROJECTOR)
        open_page(page, app, "Camera")
        page.wait_for_function(
            """() => {
                const film = document.querySelector("video");
                return film && film.readyState >= 2 && film.videoWidth;
            }"""
        )
        page.get_by_role("button", name="Take Photo").click(timeout=60_000)
        assert same_digit(greys(prepared_picture(page)), digits, 2)


@pytest.fixture
def private_app(tmp_path: Path) -> Iterator[tuple[App, Path]]:
    """An app whose home and temporary files are in a folder of their own."""
    folders = {name: tmp_path / name for name in ("home", "temporary")}
    for folder in folders.values():
        folder.mkdir()
    with App(tmp_path, HOME=str(folders["home"]), TMPDIR=str(folders["temporary"])) as app:
        yield app, tmp_path


def files_in(*folders: Path) -> dict[Path, int]:
    """Every file with the time of its last change."""
    paths = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return {path: path.stat().st_mtime_ns for path in paths}


def test_two_visitors_never_see_each_others_digits_and_no_file_of_them_remains(private_app, browser, digits):
    app, folder = private_app
    labels = {3: "mine-of-a-three.png", 8: "mine-of-an-eight.png"}
    pages = {label: browser.new_context(viewport=PROJECTOR).new_page() for label in labels}
    for page in pages.values():
        open_page(page, app, "Upload")
    before = files_in(folder, PROJECT / "ae_core", PROJECT / "pages")
    contents = {label: saved(sheet(digits, label), "PNG") for label in labels}
    for _ in range(2):
        for label, page in pages.items():  # both are read at once
            page.locator("input[type=file]").set_input_files(
                {"name": labels[label], "mimeType": "image/png", "buffer": contents[label]}
            )
        for label, page in pages.items():
            other = labels[11 - label]
            assert same_digit(greys(prepared_picture(page)), digits, label)
            assert other not in page.content()
    written = [
        path
        for path, time in files_in(folder, PROJECT / "ae_core", PROJECT / "pages").items()
        if before.get(path) != time
    ]
    for path in written:
        text = path.read_bytes()
        assert not any(
            content[100:160] in text or labels[label].encode() in text for label, content in contents.items()
        ), path
        assert Image.MIME.get(path.suffix) is None, path
    for page in pages.values():
        page.context.close()


@pytest.mark.parametrize("way", ["Next digit", "Clear"])
def test_on_an_empty_board_one_draws_though_the_rubber_was_chosen_before(page, app, way):
    open_page(page, app, "Draw")
    draw(page, 3)
    page.get_by_role("button", name="Rubber").click()
    page.get_by_role("button", name=way).click()
    expect(page.get_by_role("button", name="Rubber")).to_have_attribute("aria-pressed", "false")
    draw(page, 7)
    expect(page.get_by_role("button", name="Next digit")).to_be_enabled()
