"""Links and files that leave one lab and are opened in another, in a real Chromium."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from ae_core import config
from ae_core.service.worker import record_training
from tests.browser.test_pages_in_browser import go, wait_for_figure
from tests.support.browser import PROJECTOR, App, come_to_rest

QUICK = config.adjusted(
    config.FAE, model={"latent_size": 3, "hidden_sizes": ()}, training={"epochs": 1, "batch_size": 512}
)
DIALS = (
    "latent_size=3&fae_layers=784%20%E2%86%92%20code&fae_epochs=1&fae_batch_size=512"
    f"&whose=Yours&yours={config.run_id(QUICK)}"
)
PATIENT = 150_000


@pytest.fixture
def sender(page: Page, app: App, digits) -> Page:
    """A page that shows a quick run of its own, ready to be shared."""
    if app.store.find(config.run_id(QUICK)) is None:
        for _ in record_training(QUICK, app.store, digits):
            pass
    go(page, app, f"fully_connected?{DIALS}")
    wait_for_figure(page)
    expect(page.get_by_text("Share and take along")).to_have_count(1)  # what the run before drew has gone
    page.get_by_text("Share and take along").click()
    return page


def follow(page: Page, name: str) -> None:
    page.get_by_test_id("stTopNav").get_by_role("link", name=name, exact=True).click()


def test_a_link_opened_in_another_lab_leads_to_a_training_with_identical_weights(sender, app, tmp_path):
    link = sender.get_by_test_id("stCode").filter(has_text="weights=").inner_text().replace("\n", "")
    assert link.startswith(f"{app.url}/fully_connected?")
    with App(tmp_path) as elsewhere:
        sender.goto(link.replace(app.url, elsewhere.url))
        expect(sender.get_by_text("The run the sender saw is not here")).to_be_visible(timeout=PATIENT)
        sender.locator(".st-key-fae_train button").click()
        identical = sender.get_by_text("identical to the sender's weights, to the last bit")
        expect(identical).to_be_visible(timeout=PATIENT)
        assert (
            elsewhere.store.get(config.run_id(QUICK)).weights_sha256
            == app.store.get(config.run_id(QUICK)).weights_sha256
        )
        follow(sender, "CAE")
        expect(sender.locator("h1")).to_contain_text("convolutional")
        expect(identical).to_have_count(0)
        follow(sender, "FAE")
        expect(identical).to_be_visible()


def test_the_downloaded_report_opens_from_a_file_with_no_network(sender, browser, tmp_path):
    with sender.expect_download(timeout=PATIENT) as download:
        sender.get_by_role("button", name="Report").click()
    report = Path(tmp_path / "report.html")
    download.value.save_as(report)
    context = browser.new_context(viewport=PROJECTOR, offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    expect(page.locator("h1")).to_contain_text(config.run_id(QUICK))
    expect(page.locator(".curve polyline[stroke]")).to_have_count(2 * 3)  # and the legend's
    expect(page.locator(".lab-living canvas").first).to_be_visible()
    widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(widths) >= 8
    assert all(widths)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def test_a_junk_link_shows_what_was_not_understood_and_a_picture(page, app):
    go(page, app, "denoising?latent_size=4000&colour=%3Cb%20id%3Dinjected%3Ered%3C/b%3E&dae_loss=none")
    notice = page.get_by_test_id("stAlert").filter(has_text="Not everything in this link can be used")
    expect(notice).to_contain_text("4000")
    expect(notice).to_contain_text("colour")
    assert page.locator("#injected").count() == 0
    wait_for_figure(page)
    expect(notice).to_be_visible()
    assert page.get_by_test_id("stException").count() == 0
    page.get_by_role("slider", name="Latent size").press("ArrowLeft")
    expect(notice).to_have_count(0)


@pytest.mark.parametrize("place", ["", "runs", "surprises", "comparison"])
def test_html_in_a_link_is_shown_as_text_and_runs_nothing(page, app, place):
    evil = "<img src=x onerror=window.obeyed=1><script>window.obeyed=2</script>"
    query = urlencode([("compare", evil), ("surprises_picture", evil), (evil, evil), ("digits_seed", evil)])
    page.goto(f"{app.url}/{place}?{query}")
    expect(page.get_by_text("Not everything in this link can be used").first).to_be_visible()
    expect(page.get_by_text("onerror=window.obeyed").first).to_be_visible()
    assert page.evaluate("window.obeyed ?? null") is None
    assert page.locator("img[src=x]").count() == 0


def test_seeds_that_buttons_and_boxes_change_stay_in_the_link_in_any_order(page, app):
    go(page, app, "")
    wait_for_figure(page)
    seeds, field = page.get_by_role("button", name="Seeds"), page.get_by_label("Digits drawn with seed")
    digits, noise = (page.locator(f".st-key-{key} button") for key in ("new_digits", "new_noise"))
    seeds.click()
    expect(field).to_have_value("0")
    page.keyboard.press("Escape")
    for number in (1, 2):
        digits.click()
        page.wait_for_url(f"**digits_seed={number}*")
    seeds.click()
    expect(field).to_have_count(1)  # the closed box fades away
    field.fill("7")
    field.press("Enter")
    page.wait_for_url("**digits_seed=7*")
    page.keyboard.press("Escape")
    noise.click()
    page.wait_for_url("**digits_seed=7&noise_seed=1")
    digits.click()
    page.wait_for_url("**digits_seed=8*")
    page.reload()
    digits.click()
    page.wait_for_url("**digits_seed=9*")
    page.get_by_role("link", name="Reading").first.click()
    expect(page.get_by_role("heading", name="Reading", level=1)).to_be_visible()
    page.go_back()
    page.wait_for_url("**digits_seed=9&noise_seed=1")
    seeds.click()
    expect(field).to_have_count(1)
    expect(field).to_have_value("9")


def test_the_way_back_leads_to_the_page_before_with_its_dials_as_they_were_left(page, app):
    dial = page.get_by_role("slider", name="Latent size")
    go(page, app, "")
    page.get_by_role("link", name="FAE", exact=True).first.click()
    dial.press("ArrowLeft")
    expect(dial).to_have_attribute("aria-valuetext", "24")
    page.locator(".st-key-new_digits button").click()
    page.wait_for_url("**/fully_connected?*digits_seed=1*")
    come_to_rest(page)
    page.get_by_role("link", name="CAE", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("convolutional")
    dial.press("ArrowLeft")
    expect(dial).to_have_attribute("aria-valuetext", "16")
    come_to_rest(page)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("fully connected")
    expect(dial).to_have_attribute("aria-valuetext", "24")
    expect(page).to_have_url(re.compile(r"latent_size=24.*digits_seed=1|digits_seed=1.*latent_size=24"))
    come_to_rest(page)
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_contain_text("convolutional")
    expect(dial).to_have_attribute("aria-valuetext", "16")
    for heading in ("fully connected", "What does an autoencoder do?"):
        come_to_rest(page)
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    expect(page).to_have_url(re.compile(r":\d+/$"))
