"""The lessons about noise in a real Chromium."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from ae_core import config
from tests.test_browser import go, wait_for_figure


def test_scrubbing_beyond_the_training_noise_says_so_in_the_picture(page, app):
    go(page, app, "denoising")
    wait_for_figure(page)
    label = page.locator(".st-key-dae_rows_place .js-plotly-plot .annotation-text").nth(1)
    expect(label).to_have_text("noisy input x + ε, clipped to 0–1")
    before = label.evaluate("text => [getComputedStyle(text).fill, getComputedStyle(text).fontSize, text.getBoundingClientRect().x]")
    handle = page.locator(".st-key-dae_rows_place .slider-grip-rect").bounding_box()
    rail = page.locator(".st-key-dae_rows_place .slider-rail-rect").bounding_box()
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(rail["x"] + rail["width"] - 2, handle["y"] + handle["height"] / 2, steps=5)
    page.mouse.up()
    expect(label).to_have_text("noisy input, σ = 1: beyond its training (σ = 0.4)")
    after = label.evaluate("text => [getComputedStyle(text).fill, getComputedStyle(text).fontSize, text.getBoundingClientRect().x]")
    assert after == before


def test_one_click_trains_the_pair(page, app):
    go(page, app, "difference?latent_size=3&pair_epochs=1")
    expect(page.get_by_text("No pair with these settings")).to_be_visible()
    page.locator(".st-key-pair_train button").click()
    page.get_by_role("button", name="Reveal without answering").first.click(timeout=170_000)
    expect(page.get_by_text("Trained here")).to_have_count(2)
    expect(page.get_by_text("Compared, setting by setting.")).to_be_visible()
    for preset in (config.CAE, config.DAE):
        assert app.store.find(config.run_id(config.adjusted(preset, model={"latent_size": 3}, training={"epochs": 1})))


def test_the_curves_come_with_their_crossings_in_words(page, app):
    go(page, app, "comparison")
    page.locator(".st-key-comparison_reveal button").click()
    expect(page.locator(".st-key-comparison_robustness .js-plotly-plot")).to_be_visible(timeout=120_000)
    words = page.get_by_text("overtakes the CAE at")
    expect(words).to_be_visible()
    assert re.search(r"The DAE overtakes the CAE at σ = 0\.\d\d\.", words.inner_text())
