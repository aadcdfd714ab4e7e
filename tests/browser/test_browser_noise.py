"""The lessons about noise in a real Chromium."""

from __future__ import annotations

import re
import time
from dataclasses import replace

from playwright.sync_api import expect

from ae_core import config
from ae_core.config import DataConfig
from tests.browser.test_pages_in_browser import go, wait_for_figure
from tests.support.browser import picture_changes_after

# Keeps count of who listens to the slider's value.
COUNTED = """
const { observe, disconnect } = MutationObserver.prototype;
window.listening = new Set();
MutationObserver.prototype.observe = function (target, options) {
    if (options.attributeFilter?.includes("value")) window.listening.add(this);
    observe.call(this, target, options);
};
MutationObserver.prototype.disconnect = function () {
    window.listening.delete(this);
    disconnect.call(this);
};
"""


def test_dragging_the_slider_beyond_the_training_noise_says_so_over_the_picture(page, app):
    go(page, app, "denoising")
    wait_for_figure(page)
    page.wait_for_timeout(2_000)
    label = page.locator(".st-key-dae_rows_living figcaption").nth(1)
    expect(label).to_have_text("noisy input x + ε, clipped to 0–1")
    thumb = page.locator(".st-key-dae_test_noise [data-testid=stSliderThumbValue]").bounding_box()
    rail = page.locator(".st-key-dae_test_noise [role=group]").bounding_box()
    middle = rail["y"] + rail["height"] / 2
    page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(rail["x"] + rail["width"] - 2, middle, steps=5)
    expect(label).to_have_text("noisy input, σ = 1: beyond its training (σ = 0.4)")
    page.mouse.up()
    page.wait_for_url(re.compile(r"dae_test_noise=1"))
    expect(label).to_have_text("noisy input, σ = 1: beyond its training (σ = 0.4)")
    page.locator(".st-key-dae_test_noise").get_by_role("slider").focus()
    page.keyboard.press("Home")
    rows = page.locator(".st-key-dae_rows_living figcaption:visible")
    expect(rows.first).to_have_text("digit x goes in, no noise on it")
    expect(rows).to_have_count(2)  # without noise the digits are there once


def test_the_slider_is_listened_to_once_however_often_its_pictures_change(page, app):
    page.add_init_script(COUNTED)
    go(page, app, "denoising")
    wait_for_figure(page)
    page.wait_for_timeout(2_000)
    at_first = page.evaluate("window.listening.size")
    assert at_first > 0
    for _ in range(3):
        picture_changes_after(page, page.get_by_role("button", name="New digits").first.click)
        page.wait_for_timeout(1_000)
    assert page.evaluate("window.listening.size") == at_first


def test_one_click_trains_the_pair(page, app):
    go(page, app, "difference?train_size=3&train_digits=10%2C000&pair_epochs_for_10000=2")
    page.locator(".st-key-pair_train button").click()
    in_training = page.locator(".st-key-pair_training_living .rebuilt")
    for network in range(2):  # one digit through both, as they are now
        expect(in_training.nth(network)).to_contain_text(re.compile(r"error \d"), timeout=60_000)
    page.get_by_role("radio", name="Yours").click(timeout=170_000)
    expect(page.get_by_text("CAE: yours")).to_be_visible()
    page.get_by_role("button", name="Reveal without answering").first.click()
    expect(page.get_by_text("Yours", exact=True)).to_have_count(3)  # the switch, and each of the two
    expect(page.get_by_text("Compared, setting by setting.")).to_be_visible()
    for preset in (config.CAE, config.DAE):
        assert app.store.find(
            config.run_id(
                replace(
                    config.adjusted(preset, model={"latent_size": 3}, training={"epochs": 2}),
                    data=DataConfig(digits=10_000),
                )
            )
        )


def test_the_curves_come_with_their_crossings_in_words_and_a_line_that_follows_slider_and_pointer(page, app):
    go(page, app, "difference")
    page.locator(".st-key-difference_clean_reveal button").click()
    expect(page.locator(".st-key-pair_robustness .js-plotly-plot")).to_be_visible(timeout=120_000)
    words = page.get_by_text("than the CAE up to")
    expect(words).to_be_visible()
    assert re.search(
        r"The DAE is worse than the CAE up to σ = 0\.\d+ and better from σ = 0\.\d+ on\.", words.inner_text()
    )
    told, line = page.locator(".part.cursor p"), page.locator(".st-key-pair_robustness .js-plotly-plot > i")
    expect(told).to_have_text(re.compile(r"^At noise 0\.40: CAE \d+\.\d dB, DAE \d+\.\d dB, doing nothing"))
    slider = page.locator(".st-key-pair_test_noise").get_by_role("slider")
    slider.press("ArrowRight")
    expect(told).to_have_text(re.compile(r"^At noise 0\.45:"))
    area = page.locator(".st-key-pair_robustness .nsewdrag")
    deadline = time.monotonic() + 60
    while True:  # as a hand does: what the slider has drawn anew may move away under a single move
        area.scroll_into_view_if_needed()
        box = area.bounding_box()
        assert box is not None
        pointed = box["x"] + 0.8 * box["width"]
        page.mouse.move(pointed, box["y"] + 0.4 * box["height"])
        page.mouse.move(pointed, box["y"] + 0.3 * box["height"])
        page.wait_for_timeout(300)
        if told.inner_text().startswith("At noise 0.80:") or time.monotonic() > deadline:
            break
    expect(told).to_have_text(re.compile(r"^At noise 0\.80:"))
    place = line.bounding_box()
    assert place is not None
    assert abs(place["x"] + place["width"] / 2 - pointed) < 0.03 * box["width"]
