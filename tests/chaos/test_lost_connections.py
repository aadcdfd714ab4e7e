"""Visitors whose connection, server or copy of it goes away while they train: what they find afterwards."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Error, Page, expect

from ae_core import config
from ae_core.config import CAE, DataConfig
from ae_core.runs import history
from tests.browser.test_browser_digit import greys, open_page, same_digit, saved, sheet
from tests.support.browser import PROJECTOR, App
from tests.support.copies import KEY, Nginx, nginx_path, status, visitors
from tests.support.handwriting import draw, prepared_picture
from tests.support.service import wait_for, with_seed

# A training that goes on for longer than any test here.
EPOCHS = 200
DIALS = f"latent_size=3&train_digits=1,000&cae_epochs_for_1000={EPOCHS}&cae_batch_size=16"
RUN = config.adjusted(
    replace(CAE, data=DataConfig(digits=1_000)),
    model={"latent_size": 3},
    training={"epochs": EPOCHS, "batch_size": 16},
)
TRAINED = "You have trained this one"
PROGRESS = "document.querySelector('[data-testid=stProgress]')?.innerText ?? ''"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the store of all apps here: one training process serves them."""
    return tmp_path_factory.mktemp("apps")


@pytest.fixture(scope="module")
def copies(folder: Path) -> Iterator[tuple[Nginx, App, App]]:
    """nginx before two copies of the app on one store."""
    if nginx_path() is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("there is no nginx here; install Debian's package nginx-light")
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(App(folder, copy=name, AE_LAB_METRICS_KEY=KEY)) for name in ("1", "2")
        )
        yield stack.enter_context(Nginx(folder / "nginx", [one, other])), one, other


@pytest.fixture(scope="module")
def alone(folder: Path) -> Iterator[App]:
    """One app, which is killed and started again."""
    with App(folder, copy="alone", AE_LAB_METRICS_KEY=KEY) as app:
        yield app


@pytest.fixture
def training(page: Page) -> Iterator[None]:
    """Stop what was trained, whatever came of the test."""
    yield
    stop = page.locator(".st-key-cae_stop button").first
    deadline = time.monotonic() + 60
    while stop.is_enabled() and time.monotonic() < deadline:
        # a page that has just come back may be drawn anew under a click, or be told that the training is over
        with suppress(Error):
            stop.click(timeout=3_000)
            stop.and_(page.locator(":disabled")).wait_for(timeout=3_000)
    expect(stop).to_be_disabled()


def press_train(page: Page, url: str, seed: int = 0) -> None:
    """With a seed of its own where another test's training on the same store may have come to its end."""
    page.goto(f"{url}/convolutional?{DIALS}&seed={seed}")
    train = page.locator(".st-key-cae_train button")
    expect(train).to_be_enabled()
    train.click()
    page.wait_for_function(f"({PROGRESS}).startsWith('Epoch')")


def seconds_until_it_moves(page: Page, since: float) -> float:
    """Until the page hears of the training again, which goes on meanwhile and may have come to its end."""
    before = page.evaluate(PROGRESS)
    finished = f"document.body.innerText.includes('{TRAINED}')"
    page.wait_for_function(
        f"""before => {{
            const now = {PROGRESS};
            return now.startsWith("Epoch") && now !== before || {finished};
        }}""",
        arg=before,
    )
    return time.monotonic() - since


def expect_as_it_was(page: Page) -> None:
    """The page, its dials, in the link and on the page, and a training that others need not start again."""
    asked = parse_qs(urlsplit(page.url).query)
    assert urlsplit(page.url).path == "/convolutional"
    expected = {
        "latent_size": "3",
        "train_digits": "1,000",
        "cae_epochs_for_1000": str(EPOCHS),
        "cae_batch_size": "16",
    }
    assert {key: asked[key] for key in expected} == {key: [value] for key, value in expected.items()}
    size = page.locator(".st-key-latent_size").get_by_role("slider")
    expect(size).to_have_attribute("aria-valuetext", "3")
    expect(page.get_by_test_id("stProgress").or_(page.get_by_text(TRAINED))).to_contain_text(
        re.compile(f"of {EPOCHS}|{TRAINED}")
    )
    expect(
        page.locator(".st-key-cae_train button").first
    ).to_be_disabled()  # with a tooltip Streamlit draws it twice, once for phones
    assert page.get_by_test_id("stException").count() == 0


def test_each_visitor_stays_with_one_copy_and_nobody_outside_sees_its_figures(copies, page):
    nginx, one, other = copies
    counts = []
    for _ in range(2):  # the same browser goes to the same copy
        page.goto(nginx.url)
        expect(page.locator("h1")).to_be_visible()
        counts.append((visitors(one), visitors(other)))
    assert sorted(counts[0]) == [0, 1]
    assert counts[0] == counts[1]
    assert status(f"{nginx.url}/metrics") == 404


@pytest.mark.usefixtures("training")
def test_visitors_of_a_killed_copy_are_back_on_the_other_within_ten_seconds(copies, page, measured):
    nginx, one, other = copies
    press_train(page, nginx.url)
    mine, others = (one, other) if visitors(one) else (other, one)
    killed = time.monotonic()
    mine.kill(signal.SIGKILL)
    seconds = seconds_until_it_moves(page, killed)
    assert seconds < 10
    assert visitors(others) == 1
    expect_as_it_was(page)
    mine.start()
    measured(f"one of two copies killed: its visitor was back on the other after {seconds:.1f} s")


def test_a_page_that_cannot_reach_the_lab_says_what_is_safe_until_it_can_again(copies, page):
    nginx, _, _ = copies
    page.goto(f"{nginx.url}/denoising")
    expect(page.get_by_text("Try this:")).to_be_attached()
    told, dialog = (
        page.get_by_text("The lab cannot be reached at the moment."),
        page.get_by_test_id("stDialog"),
    )
    nginx.stop()
    expect(told).to_be_visible()
    expect(page.get_by_text("a training goes on without you")).to_be_visible()
    # Streamlit's own dialog, about a file called yourscript.py, comes after four to six
    page.wait_for_timeout(8_000)
    expect(dialog).to_have_count(0)
    slider = page.locator(".st-key-dae_test_noise").get_by_role("slider")
    assert slider.evaluate("slider => slider.closest('[inert], [aria-hidden=true]')") is None
    nginx.start()
    expect(told).to_have_count(0)
    expect(dialog).to_have_count(0)


@pytest.mark.usefixtures("training")
def test_a_connection_that_was_lost_for_a_while_comes_back_to_where_it_was(copies, page, times, measured):
    nginx, _, _ = copies
    press_train(page, nginx.url, seed=1)
    for away in times([3], [10, 100]):
        nginx.stop()
        page.wait_for_timeout(1000 * away)
        nginx.start()
        seconds = seconds_until_it_moves(page, time.monotonic())
        expect_as_it_was(page)
        measured(f"connection lost for {away} s: back {seconds:.1f} s after it could be")


@pytest.mark.usefixtures("training")
def test_after_a_restart_visitors_find_page_dials_and_training(alone, page, times, measured):
    press_train(page, alone.url, seed=2)
    for how in times([signal.SIGKILL], [signal.SIGKILL, signal.SIGTERM]):
        ended = time.monotonic()
        alone.kill(how)
        alone.start()
        ready = time.monotonic() - ended
        seconds = seconds_until_it_moves(page, ended)
        expect_as_it_was(page)
        assert history.status_of(config.run_id(with_seed(RUN, 2)), alone.store) in ("running", "finished")
        measured(f"{how.name} and restart: ready after {ready:.1f} s, the visitor back after {seconds:.1f} s")


def test_a_drawing_and_a_picture_are_still_there_after_a_restart(alone, page, browser, digits):
    other = browser.new_context(viewport=PROJECTOR).new_page()
    other.set_default_timeout(60_000)
    open_page(page, alone, "Draw")
    draw(page, 4)
    drawing = prepared_picture(page)
    open_page(other, alone, "Upload")
    file = {"name": "3.png", "mimeType": "image/png", "buffer": saved(sheet(digits, 3), "PNG")}
    other.locator("input[type=file]").set_input_files(file)
    prepared_picture(other)
    for _ in range(2):  # also where nobody touches anything in between
        alone.kill(signal.SIGKILL)
        alone.start()
        wait_for(lambda: visitors(alone) == 2)
        page.wait_for_timeout(3_000)
    for visitor in (page, other):
        expect(visitor.get_by_text("Forget this digit")).to_be_visible()
        slider = visitor.locator(".st-key-latent_size").get_by_role("slider")
        slider.focus()
        slider.press("ArrowRight")  # another network of the same digit comes from the new server
        expect(visitor).to_have_url(re.compile("latent_size="))
    page.wait_for_timeout(3_000)
    assert prepared_picture(page) == drawing
    assert same_digit(greys(prepared_picture(other)), digits, 3)
    # What was forgotten does not come back.
    other.get_by_text("Forget this digit").click()
    expect(other.get_by_text("Forget this digit")).to_have_count(0)
    other.wait_for_timeout(1_000)
    alone.kill(signal.SIGKILL)
    alone.start()
    wait_for(lambda: visitors(alone) == 2)
    expect(page.get_by_text("Forget this digit")).to_be_visible()
    expect(other.get_by_text("Forget this digit")).to_have_count(0)
    other.context.close()
