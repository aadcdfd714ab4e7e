"""The lesson "What do you think of this?" in a real Chromium."""

from __future__ import annotations

import torch
from playwright.sync_api import expect

from ae_core import config
from ae_core.study.from_noise import FIRST_LEVEL, WALKER, walk_from_noise
from ae_core.study.iteration import iterate
from ae_core.study.oddities import ODDITIES
from tests.browser.test_pages_in_browser import go


def test_a_link_opens_one_strange_picture_and_a_prediction_shows_what_comes_out(page, app):
    go(page, app, "surprises?latent_size=2&surprises_picture=a+face")
    card = page.locator(".st-key-question_surprises_face")
    expect(card).to_contain_text("is given a face?")
    expect(page.locator("img[alt=DAE]")).to_have_count(0)
    card.get_by_text("More like what went in than like a digit, but worse.").click()
    card.get_by_role("button", name="Lock my answer").click()
    expect(card.locator("img[alt=DAE]")).to_be_visible()
    expect(card).to_contain_text("more like a digit")


def test_a_network_applied_again_and_again_draws_its_strips_and_curves(page, app):
    go(page, app, "surprises?latent_size=8&surprises_model=FAE")
    card = page.locator(".st-key-question_surprises_again_FAE")
    card.get_by_role("button", name="Reveal without answering").click()
    expect(card.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(3)
    expect(card.locator("img[alt='50 times']")).to_be_visible()


def test_a_press_sends_a_picture_once_more_through_all_three_and_the_link_keeps_how_often(page, app, digits):
    go(page, app, "surprises?latent_size=8&surprises_picture=a+face")
    columns = page.locator(".part.again")
    expect(columns).to_have_attribute("data-times", "0")
    expect(page.locator(".st-key-surprises_again_first")).to_be_hidden()
    _, *outputs = columns.locator("canvas").all()
    for _ in range(3):
        page.get_by_role("button", name="Once more").click()
    expect(columns).to_have_attribute("data-times", "3")
    expect(columns.get_by_text("CAE, 3 times")).to_be_visible()
    face = ODDITIES["face"].draw(digits)
    for canvas, preset in zip(outputs, (config.FAE, config.CAE, config.DAE), strict=True):
        run = app.store.shipped_like(config.adjusted(preset, model={"latent_size": 8}))
        expected = iterate(app.store.load_model(run), face[None], 3)[-1]
        pixels = torch.tensor(canvas.evaluate("canvas => [...canvas.pixels]")).reshape(1, 28, 28)
        assert float((pixels - expected).abs().max()) < 2 / 255
    page.wait_for_url("**surprises_times_face=3*")
    dial = page.locator(".st-key-surprises_times_face input")
    dial.press("Home")
    expect(columns).to_have_attribute("data-times", "0")
    dial.press("End")
    expect(columns).to_have_attribute("data-times", "50")
    expect(page.get_by_role("button", name="Once more")).to_be_disabled()


def test_the_walk_from_noise_follows_its_slider_without_the_server(page, app, digits):
    go(page, app, "surprises")
    card = page.locator(".st-key-question_surprises_noise_walk")
    card.get_by_role("button", name="Reveal without answering").click()
    steps = card.locator(".part.steps")
    expect(steps).to_have_attribute("data-step", "20")
    expect(page.locator(".st-key-surprises_walk_first")).to_be_hidden()
    model = app.store.load_model(app.store.shipped_like(WALKER))
    walk = walk_from_noise(model, 20, FIRST_LEVEL)
    dial = page.locator(".st-key-surprises_walk_step input")
    for key, step in (("Home", 1), ("ArrowRight", 2)):
        dial.press(key)
        expect(steps).to_have_attribute("data-step", f"{step}")
        for canvas, expected in zip(
            steps.locator("canvas").all(), (walk.seen_tnhw, walk.drawn_tnhw), strict=True
        ):
            pixels = torch.tensor(canvas.evaluate("canvas => [...canvas.pixels]")).reshape(-1, 28, 28)
            assert float((pixels - expected[step - 1, : len(pixels)]).abs().max()) < 1 / 255
    expect(steps.get_by_text("step 2: given, with noise of σ = 1.90")).to_be_visible()
