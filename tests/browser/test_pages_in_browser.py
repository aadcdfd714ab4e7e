"""The lab as its users have it: started as the README says, in a real Chromium."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from ae_core import config
from ae_core.config import DataConfig, RunConfig
from ae_core.runs import history
from ae_core.runs.store import Store, default_root
from tests.support.browser import LIVING, PHONE, PROJECTOR, App, come_to_rest, picture_changes_after

PAGES = {
    "": "What does an autoencoder do?",
    "fully_connected": "The fully connected autoencoder",
    "convolutional": "The convolutional autoencoder",
    "denoising": "The denoising autoencoder",
    "difference": "so what is the difference?",
    "surprises": "What do you think of this?",
    "comparison": "One noisy digit, three answers",
    "reading": "Further reading",
    "latent_space": "The latent space",
    "your_digit": "Your digit",
    "runs": "Runs",
}

# In a link, as the dial words it.
FEW = "10%2C000"


def of_few_digits(preset: RunConfig, size: int, epochs: int) -> RunConfig:
    """The run that the dials make of 10,000 digits."""
    run = config.adjusted(preset, model={"latent_size": size}, training={"epochs": epochs})
    return replace(run, data=DataConfig(digits=10_000))


def go(page: Page, app: App, path: str) -> None:
    page.goto(f"{app.url}/{path}")
    name = path.split("?")[0]
    expect(page.locator("h1")).to_contain_text(PAGES[name])


def wait_for_figure(page: Page) -> None:
    page.locator(LIVING).first.wait_for()


@pytest.mark.parametrize("size", [PROJECTOR, PHONE], ids=["projector", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_from_a_link_and_fits_its_screen(page, app, name, size):
    page.set_viewport_size(size)
    go(page, app, name)
    page.locator("[data-testid=stMain] img, .js-plotly-plot image, canvas").locator(
        "visible=true"
    ).first.wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
    fits = "document.querySelector('[data-testid=stMain]').scrollWidth <= window.innerWidth"
    page.wait_for_function(fits, timeout=10_000)
    page.add_style_tag(content="html { font-size: 25.5px !important }")  # half as large again
    page.wait_for_timeout(300)
    page.wait_for_function(fits, timeout=10_000)


def test_the_first_visitor_of_a_fresh_server_gets_the_labs_own_navigation(page, app):
    go(page, app, "denoising")
    links = page.get_by_test_id("stTopNav").get_by_role("link")
    expect(links).to_have_text(
        [
            "Home",
            "FAE",
            "CAE",
            "DAE",
            "Difference",
            "Surprises",
            "Comparison",
            "Latent space",
            "Reading",
            "Your digit",
            "Runs",
        ]
    )


def test_a_training_survives_a_reload_and_another_page_and_ends_in_new_pictures(page, app):
    go(page, app, f"convolutional?latent_size=12&train_digits={FEW}&cae_epochs_for_10000=3")
    page.locator(".st-key-cae_train button").click()
    expect(page.get_by_test_id("stProgress")).to_contain_text("Epoch ")
    page.reload()
    expect(page.get_by_test_id("stProgress")).to_contain_text("Epoch ")
    page.get_by_role("slider", name="Latent size").press("ArrowRight")
    under_way = page.locator(".st-key-under_way")
    expect(under_way).to_contain_text(
        re.compile(r"CAE, latent size 12, 10,000 digits, 3 epochs · Epoch \d of 3")
    )
    expect(under_way.get_by_role("button", name="Stop")).to_be_in_viewport(ratio=1)
    page.get_by_test_id("stTopNav").get_by_role("link", name="Home", exact=True).click()
    expect(page.locator("h1")).to_contain_text(PAGES[""])
    expect(under_way.or_(page.get_by_text("Trained: CAE, latent size 12")).first).to_be_in_viewport()
    page.get_by_test_id("stTopNav").get_by_role("link", name="CAE", exact=True).click()
    expect(page.locator("h1")).to_contain_text(PAGES["convolutional"])
    expect(page.get_by_role("slider", name="Latent size")).to_have_attribute("aria-valuetext", "16")
    page.get_by_role("slider", name="Latent size").press("ArrowLeft")
    expect(page.get_by_role("slider", name="Latent size")).to_have_attribute("aria-valuetext", "12")
    words = page.get_by_text("what yours rebuilds").locator("visible=true")
    expect(words.first).to_be_visible(timeout=120_000)
    wait_for_figure(page)
    run = of_few_digits(config.CAE, 12, epochs=3)
    assert app.store.find(config.run_id(run)) is not None


def test_pictures_change_and_the_loss_falls_while_it_trains(page, app):
    page.set_viewport_size(PHONE)  # where what Train shows lies below its button
    go(page, app, "fully_connected?latent_size=12")
    page.locator(".st-key-fae_train button").click()
    rebuilt = page.locator("img[alt^='reconstruction after']")
    rebuilt.wait_for()
    expect(rebuilt).to_be_in_viewport(ratio=1)
    expect(page.get_by_test_id("stProgress").first).to_be_in_viewport(ratio=1)
    seen = {rebuilt.get_attribute("src")}
    deadline = time.monotonic() + 60
    while len(seen) < 3 and time.monotonic() < deadline:
        page.wait_for_timeout(300)
        if rebuilt.count():
            seen.add(rebuilt.get_attribute("src"))
    assert len(seen) >= 3
    living = page.locator(".st-key-fae_training_living .rebuilt canvas")
    living.wait_for()
    picture_changes_after(page, lambda: None)  # what the network in training makes of the digit at hand
    page.locator(".st-key-fae_stop button").click()
    expect(page.get_by_text("Stopped at epoch")).to_be_visible()
    page.wait_for_timeout(500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1_500)
    assert [url for url in asked if "/networks/latest/" in url] == []  # nobody watches what is over
    run = config.adjusted(config.FAE, model={"latent_size": 12})
    losses = [loss for _, loss in history.read_progress(config.run_id(run), app.store).batch_losses]
    assert losses[-1] < losses[0]


def test_two_browsers_with_equal_dials_follow_one_training(page, tabs, app):
    link = f"denoising?train_size=11&train_digits={FEW}&dae_epochs_for_10000=3"
    go(page, app, link)
    page.locator(".st-key-dae_train button").click()
    expect(page.get_by_test_id("stProgress")).to_contain_text("Epoch ")
    other = tabs.open(viewport=PHONE)
    go(other, app, link)
    expect(other.get_by_test_id("stProgress")).to_have_count(
        0
    )  # it is the first one's, until it is asked for
    other.locator(".st-key-dae_train button").click()
    for each in (other, page):
        words = each.get_by_text("what yours rebuilds").locator("visible=true")
        expect(words.first).to_be_visible(timeout=120_000)
    run = of_few_digits(config.DAE, 11, epochs=3)
    started = [event for event in app.store.events(config.run_id(run)) if event["event"] == "started"]
    assert len(started) == 1


def test_the_noise_slider_redraws_the_picture_and_goes_into_the_link(page, app):
    go(page, app, "denoising")
    wait_for_figure(page)
    page.wait_for_timeout(1_500)
    slider = page.locator(".st-key-dae_test_noise").get_by_role("slider")
    slider.focus()
    picture_changes_after(page, lambda: page.keyboard.press("ArrowRight"))
    page.wait_for_url(re.compile(r"dae_test_noise=0\.45"))
    page.reload()
    wait_for_figure(page)
    expect(page.locator(".st-key-dae_test_noise").get_by_role("slider")).to_have_value("0.45")


@pytest.mark.parametrize(
    "link",
    ["latent_size=10000", "latent_size=0", "latent_size=seven", "dae_test_noise=9&training_noise_kind=snow"],
)
def test_junk_in_a_link_falls_back_to_the_defaults(page, app, link):
    go(page, app, f"denoising?{link}")
    wait_for_figure(page)
    assert page.locator("[data-testid=stException]").count() == 0
    expect(page.get_by_role("slider", name="Latent size")).to_have_attribute("aria-valuetext", "30")


def open_list(page: Page, chooser: Locator) -> None:
    """Opens a chooser's list, again where a scroll or a page that is still being drawn has closed it."""
    opened = page.get_by_role("option").first
    for _ in range(10):
        chooser.press("ArrowDown")
        with contextlib.suppress(TimeoutError):
            return opened.wait_for(timeout=5_000)
    raise AssertionError("the list never opened")


def test_a_run_is_taken_along_as_a_file_and_one_that_is_here_already_is_told(page, app, tmp_path):
    go(page, app, "runs")
    chooser = page.get_by_role("combobox", name="Compare up to four runs")
    open_list(page, chooser)
    page.keyboard.type("DAE 30, noise 0.4")
    # The list narrows a moment after the last key: Enter before that would take whatever came first.
    expect(page.get_by_role("option").first).to_contain_text("DAE 30, noise 0.4")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"compare=DAE"))
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button").first.click()
    file = tmp_path / download.value.suggested_filename
    assert file.name == f"DAE-{Store(default_root()).shipped_like(config.DAE).run_id}.zip"
    download.value.save_as(file)
    page.locator("input[type=file]").set_input_files(file)
    expect(
        page.get_by_text("This run is here already, with the same weights: it came with the lab")
    ).to_be_visible()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("whose", ["The lab's", "Yours"])
def test_train_again_moves_the_dials_and_shows_the_network_that_it_trains(page, app, whose):
    """Of a network that learnt nothing at a rate that was set by hand, in a box that stays open."""
    page.goto(f"{app.url}/fully_connected?seed={len(whose)}")
    page.get_by_text("Settings of your own network").click()
    page.locator(".st-key-train_digits").get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.get_by_text("Advanced").click()
    rate = page.locator(".st-key-fae_learning_rate").get_by_role("slider")
    rate.focus()
    page.keyboard.press("End")
    page.wait_for_url(re.compile("fae_learning_rate=1"))
    page.locator(".st-key-fae_train button").click()
    card = page.locator(".st-key-fae_own_finished")
    expect(card).to_contain_text("learnt nothing", timeout=150_000)  # 200 short passes
    if whose == "Yours":
        card.get_by_role("button").click()
        expect(card).to_have_count(0)
    come_to_rest(page)  # until then the page that was drawn before stands beside the new one
    warning = page.get_by_text("This network learnt nothing")
    again = page.get_by_role("button", name="Train again with learning rate 0.004")
    expect(warning).to_be_visible()
    expect(rate).to_have_attribute("aria-valuetext", "1.0")
    again.click()
    expect(warning).to_have_count(0)
    expect(rate).to_have_attribute("aria-valuetext", "0.004")
    if whose == "Yours":
        expect(page.get_by_text("partly by heart")).to_be_visible(timeout=150_000)
    else:
        expect(card).to_contain_text("Yours is finished: ", timeout=150_000)
    expect(page).not_to_have_url(re.compile("learning_rate"))
