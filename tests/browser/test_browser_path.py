"""The whole path in a real Chromium: from step to step by its links, and what each step must show."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from ae_core import config
from ae_core.runs.store import Store, default_root
from pages.shared.frame.path import BESIDE, PATH
from tests.browser.test_browser_access import beats_left, show_beat
from tests.browser.test_pages_in_browser import PAGES, go
from tests.support.browser import PHONE, PROJECTOR

# A picture that each step must have, by its text alternative.
PICTURES = {
    "home": "rebuilt",
    "fully_connected": "rebuilt",
    "convolutional": "Encoder E",
    "denoising": "what the network changed",
    "difference": "noisy digits go in",
    "surprises": "letters, and a face",
    "comparison": "rebuilt",
}

AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"


def see(page: Page, lesson: str) -> None:
    """The lesson's heading, its place on the path, its question, and its picture."""
    expect(page.locator("h1")).to_contain_text(PAGES["" if lesson == "home" else lesson])
    place = [step.page for step in PATH].index(lesson) + 1
    expect(page.get_by_test_id("stMain").get_by_text(f"Step {place} of {len(PATH)}")).to_be_visible()
    expect(page.get_by_text("Predict first.").first).to_be_visible()
    if lesson in PICTURES:
        expect(page.locator(f"img[alt*='{PICTURES[lesson]}']").first).to_be_attached(timeout=120_000)


def test_next_leads_from_the_first_step_to_the_last_and_each_page_opens_at_its_top(page, app):
    go(page, app, "")
    for here, following in pairwise([*PATH, *BESIDE]):
        if here in PATH:
            see(page, here.page)
        page.get_by_role("link", name=re.compile(rf"Next: {re.escape(following.name)}")).click()
        expect(page.locator("h1")).to_contain_text(PAGES[following.page])
        page.locator(AT_REST).wait_for()
        assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") == 0


def test_on_a_phone_each_page_opens_at_its_top(tabs, app):
    page = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    go(page, app, "")
    tops = {}
    for word, steps in (("Next", PATH[1:]), ("Back", PATH[-2::-1])):
        for step in steps:
            page.get_by_role("link", name=re.compile(rf"{word}: {re.escape(step.name)}")).tap()
            expect(page.locator("h1")).to_contain_text(PAGES["" if step.page == "home" else step.page])
            page.locator(AT_REST).wait_for()
            tops[word, step.page] = page.get_by_test_id("stMain").evaluate("main => main.scrollTop")
    assert {step: top for step, top in tops.items() if top} == {}


def test_on_a_projector_the_first_dial_is_on_the_first_screen(page, app):
    go(page, app, "")
    expect(page.locator(".st-key-home_living canvas").first).to_be_visible()
    expect(page.locator(".st-key-home_test_noise")).to_be_in_viewport(ratio=1)


def test_who_leaves_a_page_with_a_box_open_sees_the_next_one(page, app):
    go(page, app, "")
    page.get_by_text("Seeds").first.click()
    expect(page.get_by_role("spinbutton").first).to_be_visible()
    page.get_by_test_id("stTopNav").get_by_role("link", name="Comparison", exact=True).click()
    # closing the box is told after the click on the link, as of a page that is no more
    page.wait_for_timeout(2_000)
    expect(page.locator("h1")).to_contain_text(PAGES["comparison"], timeout=10_000)


def test_who_loads_a_page_anew_while_presenting_finds_answers_votes_and_reveals(page, app):
    go(page, app, "?present=1")
    expect(page.get_by_text("Ready: ")).to_be_attached(timeout=200_000)
    show_beat(page, "predict")
    card = page.locator(".st-key-question_home")
    assert card.bounding_box()["y"] < 150  # what other beats hide leaves no gap above
    card.locator(".st-key-home_choice label").nth(1).click()
    card.get_by_role("button", name="Lock my answer").click()
    expect(card.get_by_text("You said")).to_be_visible()
    fields = card.get_by_role("spinbutton")
    fields.first.click()
    for count in "735":
        page.keyboard.type(count)
        page.keyboard.press("Tab")
    expect(card.get_by_text("Show the votes")).to_be_visible()
    expect(card.get_by_test_id("stPlotlyChart")).to_have_count(0)
    card.get_by_text("Show the votes").click()
    expect(card.get_by_test_id("stPlotlyChart")).to_be_visible()
    page.reload()
    show_beat(page, "predict")
    expect(card.get_by_text("You said")).to_be_visible()
    expect(card.get_by_test_id("stPlotlyChart")).to_be_visible()
    assert [field.input_value() for field in fields.all()] == ["7", "3", "5"]
    expect(page.locator("[class*=st-key-home_choice] input:checked")).to_be_disabled()
    # What is asked again is asked with nothing chosen, whatever the browser says next.
    card.get_by_role("button", name="Ask again").click()
    expect(card.get_by_role("button", name="Lock my answer")).to_be_visible()
    fields.first.fill("8")
    fields.first.press("Escape")
    fields.nth(1).fill("4")
    # then a key of the presenter's turns the page, while the field has the focus
    page.wait_for_timeout(2_000)
    assert page.locator("[class*=st-key-home_choice] input:checked").count() == 0
    for key, lesson in [("PageDown", "fully_connected"), ("PageUp", "home")]:
        for _ in range(beats_left(page, key) + 1):
            page.keyboard.press(key)
        expect(page.locator("h1")).to_contain_text(PAGES["" if lesson == "home" else lesson])
    show_beat(page, "predict")
    for i, count in enumerate("845"):
        expect(fields.nth(i)).to_have_value(count)


@pytest.mark.parametrize("size", [PROJECTOR, PHONE], ids=["projector", "phone"])
def test_the_fields_for_votes_are_all_in_view_when_they_are_opened(app, tabs, size):
    page = tabs.open(viewport=size)
    for lesson in ("", "difference"):
        go(page, app, lesson)
        button = page.get_by_role("button", name="The room's votes").first
        box = button.bounding_box()
        page.mouse.move(size["width"] / 2, size["height"] / 2)
        # the button at the window's lower edge
        page.mouse.wheel(0, box["y"] + box["height"] - size["height"] + 4)
        page.wait_for_timeout(500)
        button.click()
        fields = page.locator("[class*='_hands'] input[type=number]")
        fields.first.wait_for()
        inside = """all => all.every(one => {
            const { top, bottom } = one.getBoundingClientRect();
            return top >= 0 && bottom <= innerHeight;
        })"""
        page.wait_for_function(
            f"({inside})([...document.querySelectorAll(\"[class*='_hands'] input[type=number]\")])"
        )


def test_a_linear_network_comes_near_pca_and_the_page_says_how_near(page, app):
    go(page, app, "fully_connected?linear=true&latent_size=8")
    page.get_by_role("button", name="Reveal without answering").click()
    claim = page.get_by_text("times PCA's")
    expect(claim).to_be_visible()
    ratio = float(re.search(r"is ([\d.]+) times", claim.inner_text())[1])
    assert 1 <= ratio < 1.01


def test_two_digits_are_walked_between(page, app):
    go(page, app, "latent_space?latent_size=2&latent_model=FAE")
    walk = page.locator("img[alt^='decoded from codes']")
    expect(walk).to_be_visible()
    before = walk.get_attribute("src")
    page.get_by_role("button", name="Two other digits").click()
    page.wait_for_function(
        "before => document.querySelector('img[alt^=\"decoded from codes\"]').src !== before", arg=before
    )


def test_runs_are_compared_side_by_side_from_a_link(page, app):
    fae, dae = (Store(default_root()).shipped_like(preset) for preset in (config.FAE, config.DAE))
    labels = [
        f"FAE 30, {fae.config.training.epochs} epochs, {fae.run_id[:6]}",
        f"DAE 30, noise 0.4, {dae.config.training.epochs} epochs, {dae.run_id[:6]}",
    ]
    go(page, app, f"runs?{urlencode({'compare': labels}, doseq=True)}")
    expect(page.get_by_text("The same digits through each")).to_be_visible()
    for run in ("FAE 30", "DAE 30"):
        expect(page.locator(f"img[alt^='{run}']")).to_be_visible()


@pytest.mark.parametrize(
    "link", ["runs?compare=FAE+9,+1+epoch,+000000", "denoising?latent_size=9999&weights=junk&colour=red"]
)
def test_what_a_link_holds_and_the_lab_does_not_know_is_named(page, app, link):
    go(page, app, link)
    expect(page.get_by_text("Not everything in this link can be used").first).to_be_visible()
    assert page.locator("[data-testid=stException]").count() == 0
