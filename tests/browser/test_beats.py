"""A lesson's beats in a real Chromium: below each other for a reader, one at a time for a room."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_browser_access import beats_left, listens, show_beat, turn
from tests.browser.test_pages_in_browser import go
from tests.conftest import PROJECT
from tests.support.browser import LARGE_PROJECTOR, PHONE, PROJECTOR, come_to_rest

WHERE = "nav.lab-beats span"
# Runs in the page: the names of the beats that are to be seen.
SHOWN = """() => [...new Set([...document.querySelectorAll(".lab-beat")]
    .filter((mark) => mark.closest("[class*='st-key-beat_']").offsetParent)
    .map((mark) => mark.dataset.name))]"""


# Runs in the page: how far down what is drawn reaches, for all that is to be seen, in shadow roots too.
LOWEST = """() => {
    const lowest = (root) => Math.max(0, ...[...root.querySelectorAll("*")].map((each) => {
        const inside = each.shadowRoot ? lowest(each.shadowRoot) : 0;
        const isDrawn = each.matches("canvas, img, .bars, .cartesianlayer") && each.checkVisibility();
        return Math.max(inside, isDrawn ? each.getBoundingClientRect().bottom : 0);
    }));
    return lowest(document.querySelector("[data-testid=stMain]"));
}"""
# Runs in the page: the classes of what is marked just now.
MARKED = """() => document.getAnimations().map(({ effect }) => effect.target?.className).join(" ")"""


def top_of(page: Page, beat: str) -> float:
    box = page.locator(f".st-key-beat_{beat}_1").bounding_box()
    assert box is not None
    return box["y"]


@pytest.mark.long
def test_a_reader_steps_through_the_beats_and_a_link_opens_one(page, app):
    go(page, app, "convolutional")
    expect(page.locator(WHERE)).to_have_text(re.compile("^1 / [5-9]"))
    assert len(page.evaluate(SHOWN)) >= 5
    for _ in range(4):
        page.get_by_role("button", name="Next step").click()
    expect(page).to_have_url(re.compile("convolutional.*#maps$"))
    expect(page.locator(WHERE)).to_have_text(re.compile("^5 /"))
    page.wait_for_timeout(700)
    assert 0 < top_of(page, "maps") < 200
    for _ in range(beats_left(page, "PageDown")):  # to the last one, which is too low to come up to the top
        before = page.locator(WHERE).inner_text()
        page.get_by_role("button", name="Next step").click()
        expect(page.locator(WHERE)).not_to_have_text(before)
        page.wait_for_timeout(300)
    expect(page.locator(WHERE)).to_have_text(re.compile(r"^(\d+) / \1$"))
    page.mouse.move(PROJECTOR["width"] / 2, PROJECTOR["height"] / 2)
    page.mouse.wheel(0, -20_000)
    expect(page.locator(WHERE)).to_have_text(re.compile("^1 /"))

    page.goto("about:blank")
    page.goto(f"{app.url}/convolutional#network")
    expect(page.locator(WHERE)).to_have_text(re.compile("^6 /"))
    page.wait_for_timeout(5_000)  # what comes later, above it, does not push it away
    assert 0 < top_of(page, "network") < 250


@pytest.mark.long
def test_a_beat_that_cannot_come_up_to_the_top_is_marked_when_it_is_stepped_to(tabs, app):
    page = tabs.open(viewport={"width": 1280, "height": 1000})
    go(page, app, "")
    page.locator(".st-key-beat_path_1").wait_for(state="attached")
    page.wait_for_timeout(1_000)
    show_beat(page, "path")
    assert "beat_path" in page.evaluate(MARKED)
    assert top_of(page, "path") > 160
    show_beat(page, "predict")
    assert "beat_predict" not in page.evaluate(MARKED)


@pytest.mark.parametrize("query", ["", "?present=1"])
def test_after_the_last_beat_next_leads_to_the_next_lesson_and_says_so(page, app, query):
    go(page, app, f"reading{query}")
    show_beat(page, "turn")
    onward = page.get_by_role("button", name="Next lesson: Your digit")
    expect(page.get_by_role("button", name="Next step")).to_have_count(0)
    page.locator(".st-key-lesson_foot a").first.wait_for(state="attached")
    if query:  # until then the server is busy, and no link leads on
        expect(page.get_by_text("Ready: ")).to_be_attached(timeout=200_000)
    onward.click()
    expect(page).to_have_url(re.compile("/your_digit"))
    expect(page.locator("h1")).to_contain_text("Your digit")


def test_a_room_sees_one_beat_at_a_time_and_the_way_back_ends_where_the_lesson_ended(page, app):
    go(page, app, "reading?present=1")
    listens(page)
    others = beats_left(page, "PageDown")
    assert page.evaluate(SHOWN) == ["keras"]
    foot = page.locator(".st-key-lesson_foot")
    expect(foot).to_be_hidden()
    for i in range(others):
        page.keyboard.press("PageDown")
        expect(page.locator(WHERE)).to_have_text(re.compile(f"^{i + 2} /"))
        assert len(page.evaluate(SHOWN)) == 1
    expect(foot).to_be_visible()
    turn(page, "PageUp", "latent_space")
    expect(page.locator(WHERE)).to_have_text(re.compile("^5 / 5"))
    assert page.evaluate(SHOWN) == ["elsewhere"]


def test_a_beat_stays_on_the_screen_when_another_comes_before_it(page, app):
    go(page, app, "convolutional?present=1")
    listens(page)
    show_beat(page, "network")
    assert page.evaluate(SHOWN) == ["network"]
    place = page.locator(WHERE).inner_text()
    page.locator(".st-key-cae_reveal button").wait_for(state="attached")
    page.evaluate("document.querySelector('.st-key-cae_reveal button').click()")  # on another beat
    page.locator(".st-key-beat_sizes_1").wait_for(state="attached")
    expect(page.locator(WHERE)).not_to_have_text(place)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(300)  # until all of the page is there again
    assert page.evaluate(SHOWN) == ["network"]


@pytest.mark.long
@pytest.mark.parametrize("presenting", ["", "?present=1"])
def test_a_step_typed_into_the_address_of_the_page_that_is_open_is_gone_to(page, app, presenting):
    go(page, app, f"convolutional{presenting}")
    expect(page.locator(WHERE)).to_have_text(re.compile("^1 / "))
    page.evaluate("location.hash = 'filter'")
    expect(page.locator(WHERE)).to_have_text(re.compile("^4 / "))
    expect(page.get_by_role("heading", name="One filter at one place")).to_be_in_viewport()


def test_on_a_phone_the_picture_comes_before_the_dials(tabs, app):
    page = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    go(page, app, "denoising")
    picture = page.locator(".st-key-dae_living .digit canvas")
    picture.wait_for()
    come_to_rest(page)
    box, dials = picture.bounding_box(), page.locator(".st-key-dials").bounding_box()
    assert box is not None
    assert dials is not None
    assert box["y"] < dials["y"]
    expect(picture).to_be_in_viewport()
    row = page.locator(".st-key-dae_rows_living .strip").first.locator("canvas")
    row.first.wait_for()
    assert [canvas.is_visible() for canvas in row.all()] == [True] * 4 + [False] * 4
    widths = [canvas.bounding_box()["width"] for canvas in row.all()[:4]]
    assert min(widths) > 75


def test_on_a_phone_the_dials_come_before_what_lies_below_the_picture_that_they_change(tabs, app):
    page = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    go(page, app, "fully_connected")
    order = [".st-key-fae_living", ".st-key-dials", ".st-key-beat_results_1", ".st-key-beat_training_1"]
    for part in order:
        page.locator(part).first.wait_for()
    come_to_rest(page)  # while the page's parts arrive one after the other, they move
    boxes = [page.locator(part).first.bounding_box() for part in order]
    tops = [box["y"] for box in boxes]
    assert tops == sorted(tops)
    assert all(box["width"] > 300 for box in boxes)


@pytest.mark.long
@pytest.mark.parametrize(
    ("lesson", "beat"),
    [(lesson, beat) for lesson in ("fully_connected", "denoising") for beat in ("see", "training")]
    + [("comparison", "see"), ("latent_space", "plane"), ("convolutional", "maps"), ("denoising", "maps")],
)
def test_before_a_room_a_beat_has_all_of_its_picture_on_the_screen(tabs, app, lesson, beat):
    page = tabs.open(viewport=PROJECTOR)
    go(page, app, f"{lesson}?present=1")
    show_beat(page, beat)
    expect(page.locator(":is(.bars, .js-plotly-plot, .lab-maps):visible").first).to_be_visible()
    for size in (PROJECTOR, LARGE_PROJECTOR):
        page.set_viewport_size(size)
        page.wait_for_timeout(1_500)
        page.wait_for_function(f"0 < ({LOWEST})() && ({LOWEST})() <= {size['height']}", timeout=20_000)


@pytest.mark.long
@pytest.mark.parametrize(("lesson", "across"), [("surprises", 7), ("difference", 4)])
def test_before_a_room_what_goes_in_is_large_enough_for_the_last_row(tabs, app, lesson, across):
    page = tabs.open(viewport=LARGE_PROJECTOR)
    go(page, app, f"{lesson}?present=1")
    strip = "document.querySelector('[class*=st-key-beat_see] img')"
    page.wait_for_function(f"{strip}?.getBoundingClientRect().width > 180 * {across}")


# A page in which the second beat is drawn only after the script has run: is it counted, and led to?
LATE_BEAT = """async (guide) => {
    const beat = (name) => `<div class="st-key-beat_${name}_1"><i class="lab-beat" data-name="${name}"
        data-title="${name}"></i><p style="height: 300px">${name}</p></div>`;
    document.body.innerHTML = `<div data-testid="stMain"><div data-testid="stMainBlockContainer">
        ${beat("see")}</div></div>`;
    location.hash = "predict";
    const { default: guideThroughBeats } = await import(URL.createObjectURL(
        new Blob([guide], { type: "text/javascript" })));
    const words = { nav: "", back: "", next: "", onward: "", keys: "" };
    guideThroughBeats({ data: { page: "difference", isPresenting: true, foot: "foot", words } });
    const early = document.querySelectorAll("nav.lab-beats").length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    document.querySelector(".st-key-beat_see_1").insertAdjacentHTML("afterend", beat("predict"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    return [early, document.querySelector("nav.lab-beats span")?.textContent];
}"""


def test_beats_that_are_drawn_late_are_counted_and_led_to(page, app):
    page.goto(f"{app.url}/_stcore/health")
    script = (PROJECT / "pages/shared/browser/beats.js").read_text()
    assert page.evaluate(LATE_BEAT, script) == [0, "2 / 2"]


def test_before_a_room_what_the_pair_gives_back_comes_after_the_questions_about_it(page, app):
    go(page, app, "difference?present=1#predict")
    expect(page.locator(WHERE)).to_have_text("2 / 2")
    for card in ("difference", "difference_clean"):
        page.locator(f".st-key-{card}_reveal button").click()
        expect(page.locator(f".st-key-{card}_answer")).to_be_visible()
    expect(page.locator(WHERE)).to_have_text("2 / 4")
    page.get_by_role("button", name="Next step").click()
    expect(page.locator(".st-key-beat_results_1 img").nth(5)).to_be_visible()
    assert page.evaluate(SHOWN) == ["results"]


@pytest.mark.parametrize(
    ("path", "link", "beat"),
    [
        ("convolutional", "one filter at one place", "filter"),
        pytest.param("convolutional", "Say it first", "predict", marks=pytest.mark.long),
        pytest.param("surprises", "a line on each", "sum", marks=pytest.mark.long),
        pytest.param("comparison", "which is best, and at what?", "verdict", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("presenting", [False, True])
def test_a_link_in_the_first_lines_leads_to_the_step_it_names(page, app, path, link, beat, presenting):
    go(page, app, path + ("?present=1" if presenting else ""))
    if presenting:
        listens(page)
    windows = len(page.context.pages)
    page.locator(f".st-key-beat_{beat}_1").wait_for(state="attached")
    page.get_by_role("link", name=link).click()
    expect(page.locator(f".st-key-beat_{beat}_1")).to_be_in_viewport()
    assert len(page.context.pages) == windows
    if presenting:
        assert page.evaluate(SHOWN) == [beat]


def test_presenting_that_is_switched_on_at_the_foot_begins_with_the_first_step(page, app):
    page.goto(f"{app.url}/denoising#why")
    page.get_by_text("Presenter mode").wait_for()
    come_to_rest(page)
    page.mouse.move(640, 400)
    page.mouse.wheel(0, 20_000)
    expect(page.locator("nav.lab-beats span")).not_to_have_text(re.compile("^1 /"))
    page.get_by_text("Presenter mode").click()
    page.get_by_text("Present to a room").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("nav.lab-beats span")).to_have_text(re.compile("^1 /"))
    expect(page.locator(".st-key-lesson_foot").first).to_be_hidden()
