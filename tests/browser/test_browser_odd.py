"""The lesson "What do you think of this?" in a real Chromium."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.test_pages_in_browser import go


def test_a_link_opens_one_strange_picture_and_a_prediction_shows_what_comes_out(page, app):
    go(page, app, "surprises?latent_size=2&surprises_picture=a+face")
    card = page.locator(".st-key-question_surprises_face")
    expect(card).to_contain_text("is given a face?")
    expect(page.locator("img[alt=DAE]")).to_have_count(0)
    card.get_by_text("The same picture, but clearly worse.").click()
    card.get_by_role("button", name="Lock my answer").click()
    expect(card.locator("img[alt=DAE]")).to_be_visible()
    expect(card).to_contain_text("more like a digit")


def test_a_network_applied_again_and_again_draws_its_strips_and_curves(page, app):
    go(page, app, "surprises?latent_size=8&surprises_model=FAE")
    card = page.locator(".st-key-question_surprises_again_FAE")
    card.get_by_role("button", name="Reveal without answering").click()
    expect(card.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(3)
    expect(card.locator("img[alt='50 times']")).to_be_visible()
