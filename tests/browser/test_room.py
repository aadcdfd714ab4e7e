"""A lesson in a room, in Chromium: three phones and one screen, from the code to what is taken along."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from ae_core.room import bounds, rooms
from ae_core.room.database import open_rooms
from tests.browser.test_browser_access import findings, listens
from tests.support.browser import PHONE, PROJECTOR, App, Tabs, picture_changes_after, pictures

SEVEN = ((0.25, 0.2), (0.75, 0.2), (0.6, 0.5), (0.42, 0.85))
ASKED = ".lab-room-count"


def open_room(page: Page, app: App) -> str:
    """Present the home page, open a room by its key, and put its large code away: the code."""
    page.goto(f"{app.url}/?present=1")
    expect(page.locator("h1")).to_be_visible()
    listens(page)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.keyboard.press("r")
    code = page.locator("dialog .lab-room-code").inner_text()
    expect(page.locator("dialog .lab-room-address")).to_contain_text(f"/join/{code}")
    page.keyboard.press("r")
    expect(page.locator("dialog")).to_have_count(0)
    return code


def join(tabs: Tabs, app: App, code: str, **options: object) -> Page:
    phone = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True, **options)
    phone.goto(f"{app.url}/join/{code}")
    expect(phone.locator("#ways")).to_be_visible()
    return phone


def tap_option(phone: Page, place: int) -> None:
    phone.locator("#options button").nth(place).tap()
    expect(phone.locator("#voted")).to_contain_text("Your vote is in")


def expect_own(phone: Page, place: int) -> None:
    """One option is marked as this phone's vote: in words, not by the mark that means right on the screen."""
    expect(phone.locator("#options .own:visible")).to_have_text(["your vote"])
    expect(phone.locator("#options button").nth(place)).to_contain_text("your vote")
    marks = phone.locator("#options button").evaluate_all(
        "all => all.map((each) => getComputedStyle(each, '::before').content)"
    )
    assert [i for i, mark in enumerate(marks) if "●" in mark] == [place]
    assert "✓" not in "".join(marks)


def told_now(phone: Page, code: str) -> str:
    """Every byte of what the room tells a phone now."""
    return phone.evaluate("code => fetch(`/room/${code}/events?once=1`).then((told) => told.text())", code)


def draw_and_send(phone: Page) -> None:
    draw(phone)
    phone.get_by_role("button", name="Send").tap()
    expect(phone.locator("#seen")).to_be_visible()


def draw(phone: Page) -> None:
    phone.get_by_role("button", name="Draw").tap()
    box = phone.locator("#board").bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    phone.mouse.move(*places[0])
    phone.mouse.down()
    for place in places[1:]:
        phone.mouse.move(*place, steps=6)
    phone.mouse.up()


INK = """tiles => tiles.map((tile) => tile.getContext("2d").getImageData(0, 0, tile.width, tile.height).data
    .reduce((sum, value, i) => sum + (i % 4 < 3 ? value : 0), 0) / (tile.width * tile.height))"""


@pytest.fixture
def lesson(page: Page, app: App, tabs: Tabs) -> tuple[Page, list[Page], str]:
    """A presenter's page, three phones in its room, each with cookies of its own, and the room's code."""
    code = open_room(page, app)
    phones = [join(tabs, app, code)]
    expect(page.locator(ASKED)).to_have_text("1 phone here")
    phones += [
        join(tabs, app, code, color_scheme="dark"),
        join(tabs, app, code.lower(), locale="de"),  # as somebody types it
    ]
    expect(page.locator(ASKED)).to_have_text("3 phones here")
    return page, phones, code


def test_a_question_costs_two_keys_and_the_votes_are_seen_at_the_reveal(lesson):
    page, phones, code = lesson
    page.keyboard.press("PageDown")  # the step with the question
    for phone, place in zip(phones, (0, 0, 1), strict=True):
        expect(phone.locator("#question")).to_contain_text("How much of it do those few numbers keep?")
        tap_option(phone, place)
    expect(page.locator(ASKED)).to_have_text("3 of 3 voted")
    phones[0].reload()
    expect(phones[0].locator("[aria-pressed=true]").first).to_have_text(re.compile("Less than half"))
    expect_own(phones[0], 0)
    assert page.locator(".js-plotly-plot").count() == 0
    assert '"right"' not in told_now(phones[0], code)
    page.keyboard.press("PageDown")
    for phone in phones:
        expect(phone.locator("#stage")).to_have_text("Talk to your neighbour. Then vote again.")
        expect(phone.locator("#options [aria-pressed=true]")).to_have_count(0)
        tap_option(phone, 2)
    expect(page.locator(ASKED)).to_have_text("3 of 3 voted")
    assert '"right"' not in told_now(phones[0], code)
    expect(phones[0].locator("#options .right:visible")).to_have_count(0)
    page.keyboard.press("v")
    expect(page.get_by_text("Over 10,000 held-back digits")).to_be_visible()
    counts = page.locator(".js-plotly-plot").evaluate("plot => plot.data.map(({ text }) => [...text])")
    assert [[int(each) for each in row] for row in counts] == [[2, 1, 0], [0, 0, 3]]
    expect(phones[0].locator("#stage")).to_have_text("The vote is closed. The right answer is marked.")
    right = page.get_by_text("Over 10,000 held-back digits").locator("strong").inner_text()
    for phone in phones:
        marked = phone.get_by_role("button", name="right answer")  # as a screen reader has it
        expect(marked).to_have_count(1)
        expect(marked).to_contain_text(right)
    expect_own(phones[0], 2)
    page.keyboard.press("PageDown")
    expect(phones[0].locator("#question")).to_contain_text("Nothing is asked just now")


def test_the_corner_says_what_next_does_before_anybody_has_voted_and_after(page, app, tabs):
    code = open_room(page, app)
    phone = join(tabs, app, code)
    page.keyboard.press("PageDown")
    expect(page.locator(ASKED)).to_have_text("0 of 1 voted")
    hint = page.locator(".lab-room-hint")
    expect(hint).to_have_text("Nobody has voted: Next goes on, V asks for the second vote")
    tap_option(phone, 0)
    expect(hint).to_have_text("Next or V: talk to your neighbour, and vote again")
    page.keyboard.press("v")
    expect(page.locator(ASKED)).to_have_text("0 of 1 voted")
    expect(hint).to_have_text("Next or V: the answer")


def test_a_question_that_was_answered_before_the_room_came_is_voted_on_when_it_is_asked_again(
    page, app, tabs
):
    page.goto(f"{app.url}/?present=1#predict")
    listens(page)
    page.get_by_role("button", name="Reveal without answering").click()
    expect(page.get_by_text("Over 10,000 held-back digits")).to_be_visible()
    page.keyboard.press("r")
    code = page.locator("dialog .lab-room-code").inner_text()
    page.keyboard.press("r")
    phone = join(tabs, app, code)
    expect(phone.locator("#stage")).to_have_text("The vote is closed. The right answer is marked.")
    page.get_by_role("button", name="Ask again").click()
    expect(phone.locator("#stage")).to_have_text("First vote. Answer for yourself.")
    tap_option(phone, 0)
    expect(page.locator(ASKED)).to_have_text("1 of 1 voted")
    for _ in range(2):
        page.wait_for_timeout(1_000)
        page.keyboard.press("v")
    expect(phone.locator("#stage")).to_have_text("The vote is closed. The right answer is marked.")
    page.wait_for_timeout(1_000)
    expect(phone.locator("#stage")).to_have_text("The vote is closed. The right answer is marked.")


def test_a_changed_vote_that_is_slow_to_arrive_is_not_given_up_for_the_one_before(page, app, tabs):
    code = open_room(page, app)
    phone = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    phone.route("**/events", lambda _: None)  # nothing arrives that way: the phone asks every two seconds
    phone.goto(f"{app.url}/join/{code}")
    expect(phone.locator("#ways")).to_be_visible(timeout=15_000)
    page.keyboard.press("PageDown")
    tap_option(phone, 0)
    phone.route("**/vote", lambda route: route.abort())
    phone.locator("#options button").nth(1).tap()
    expect(phone.locator("#voted")).to_contain_text("Not sent yet")
    with phone.expect_response("**/events?once=1"):  # which says what it has said before
        pass
    phone.wait_for_timeout(200)
    phone.unroute("**/vote")
    expect(phone.locator("#voted")).to_contain_text("You can change it")
    expect(phone.locator("#options button").nth(1)).to_have_attribute("aria-pressed", "true")


# A browser gives a request up after a second where the lab asks for more.
IMPATIENT = """
    const { timeout } = AbortSignal;
    AbortSignal.timeout = () => timeout.call(AbortSignal, 1000);
"""


def test_what_a_network_lost_on_its_way_is_sent_again(page, app, tabs):
    code = open_room(page, app)
    phone = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    phone.add_init_script(IMPATIENT)
    phone.route("**/join", lambda _: None, times=1)
    phone.route("**/events", lambda _: None)  # nothing arrives that way: the phone asks
    phone.route("**/events?once=1", lambda _: None, times=1)
    phone.goto(f"{app.url}/join/{code}")
    expect(phone.locator("#ways")).to_be_visible(timeout=20_000)
    page.keyboard.press("PageDown")
    phone.route("**/vote", lambda _: None, times=1)
    tap_option(phone, 0)
    expect(page.locator(ASKED)).to_have_text("1 of 1 voted")
    phone.route("**/digit", lambda _: None, times=1)
    draw(phone)
    send = phone.get_by_role("button", name="Send")
    send.tap()
    expect(phone.locator("#sent")).to_contain_text("Send it again")
    send.tap()
    expect(phone.locator("#seen")).to_be_visible()
    expect(page.locator(".lab-room-drawn")).to_have_attribute("data-count", "1")


def test_a_button_of_the_room_says_so_where_the_lab_does_not_answer(page, app):
    page.add_init_script(IMPATIENT)
    open_room(page, app)
    page.keyboard.press("r")
    said = page.locator("dialog [role=alert]")
    page.route("**/votes.csv", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Votes (CSV)").click()
    expect(said).to_have_text("The lab does not answer. Try again in a moment.")
    page.get_by_role("button", name="Back to the lesson").click()
    page.keyboard.press("r")
    expect(said).to_have_count(0)
    page.route("**/close", lambda _: None, times=1)
    page.get_by_role("button", name="Close the room").click()
    page.get_by_role("button", name="Sure?").click()
    expect(said).to_have_text("The lab does not answer. Try again in a moment.")
    page.get_by_role("button", name="Sure?").click()
    expect(page.locator(".lab-room")).to_have_count(0)


def test_drawn_digits_arrive_as_tiles_stand_in_for_others_and_can_be_put_away(lesson):
    page, phones, _ = lesson
    # A browser may tell nothing of the moves that it took together, or an empty list.
    phones[1].evaluate("PointerEvent.prototype.getCoalescedEvents = () => []")
    for phone in phones[:2]:
        draw_and_send(phone)
    tiles = page.locator(".lab-room-drawn canvas")
    expect(tiles).to_have_count(2)
    first, second = tiles.evaluate_all(INK)
    assert second == pytest.approx(first, rel=0.2)
    page.locator(".lab-room-drawn").click()
    page.locator(".lab-room-tiles button").first.click()
    expect(page.locator(".lab-room-tiles button")).to_have_count(1)
    page.get_by_role("button", name="Show them in every lesson").click()
    expect(page.get_by_text("This is the room's digit.")).to_be_attached()


def overlapping(page: Page, one: str, others: str) -> list[str]:
    """What is written on those of the visible `others` that the visible `one` lies on."""
    return page.evaluate(
        """([one, others]) => {
            const a = document.querySelector(one).getBoundingClientRect();
            return [...document.querySelectorAll(others)].filter((each) => {
                const b = each.getBoundingClientRect();
                const isBeside = a.right <= b.left || b.right <= a.left;
                const isApart = isBeside || a.bottom <= b.top || b.bottom <= a.top;
                return each.checkVisibility({ visibilityProperty: true }) && b.width && !isApart;
            }).map((each) => each.textContent);
        }""",
        [one, others],
    )


BAR = "[data-testid=stTopNavLink], [data-testid=stTopNavSection], nav.lab-beats, nav.lab-beats small"
# Windows of projectors, and whether all that the room has to say fits beside the names of the pages.
WINDOWS = [((1280, 800), False), ((1920, 1080), True), ((1024, 768), False), ((800, 600), False)]


def test_the_room_covers_nothing_of_the_bar_of_the_pages_nor_of_itself(lesson, app):
    page, phones, code = lesson
    links = page.locator("[data-testid=stTopNavLink]")
    for phone in phones[:2]:
        draw_and_send(phone)
    expect(page.locator(".lab-room-drawn canvas")).to_have_count(2)
    for crowd in (0, bounds.PHONES - 3):
        with open_rooms(app.store.root) as base:
            base.write([lambda db, i=i: rooms.join_room(db, code, f"one more {i}") for i in range(crowd)])
        expect(page.locator(ASKED)).to_have_text(f"{crowd + 3} phones here")
        for (width, height), is_whole in WINDOWS:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(600)  # it looks for its place every 150 ms
            assert overlapping(page, ".lab-room", BAR) == []
            assert overlapping(page, "nav.lab-beats", "[data-testid=stTopNavLink]:not([aria-hidden])") == []
            assert overlapping(page, ".lab-room-drawn", ".lab-room-count, .lab-room-code") == []
            expect(page.locator(".lab-room-qr svg").first).to_be_visible(visible=is_whole)
            in_bar = page.locator(".lab-room").bounding_box()["y"] < 100
            assert in_bar == (width >= 1280)
    page.set_viewport_size(PROJECTOR)
    page.wait_for_timeout(600)
    for name in ("Your digit", "Runs"):
        links.filter(has_text=name).click(trial=True)
    expect(page.get_by_role("button", name="The room’s digits: 2. Open")).to_be_visible()


def test_the_way_back_from_the_scripts_key_covers_neither_the_room_nor_the_steps(page, app):
    open_room(page, app)
    page.keyboard.press("s")
    undo = page.locator(".st-key-presenter_undo_button")
    for (width, height), _ in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(600)  # the room looks for its place every 150 ms
        expect(undo).to_be_in_viewport(ratio=1)
        seen = "nav.lab-beats, .lab-room, [data-testid=stTopNavLink]:not([aria-hidden])"
        assert overlapping(page, ".st-key-presenter_undo_button", seen) == []
    undo.get_by_role("button").click()
    expect(undo).to_have_count(0)


@pytest.mark.parametrize("width", [360, 390])
def test_on_a_followers_phone_the_two_bars_lie_side_by_side(page, app, tabs, width):
    code = open_room(page, app)
    phone = tabs.open(viewport={**PHONE, "width": width}, has_touch=True, is_mobile=True)
    phone.goto(f"{app.url}/?follow={code}")
    bar = phone.locator(".lab-follow")
    for said in ("Following the presenter", "On your own"):
        expect(bar).to_contain_text(said)
        assert overlapping(phone, ".lab-follow", "nav.lab-beats, header button") == []
        box = bar.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        bar.get_by_role("button").tap()


def test_a_follower_is_led_goes_alone_and_comes_back(lesson, app, tabs):
    page, _, code = lesson
    other = tabs.open()
    asked: list[bytes] = []
    other.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(frame)))
    other.goto(f"{app.url}/?follow={code}")
    expect(other.locator(".lab-follow")).to_contain_text("Following the presenter")
    noise = other.locator(".st-key-home_test_noise").get_by_role("slider")
    mine = page.locator(".st-key-home_test_noise").get_by_role("slider")
    mine.focus()
    mine.press("ArrowRight")
    expect(noise).to_have_attribute("aria-valuetext", "0.05")
    # Thirty followers' whole pages would take a server three times as long.
    assert BackMsg.FromString(asked[-1]).rerun_script.fragment_id
    expect(other).to_have_url(re.compile("home_test_noise=0.05"))
    other.get_by_role("button", name="New noise").click()
    expect(other.locator(".lab-follow")).to_contain_text("On your own")
    expect(noise).to_have_attribute("aria-valuetext", "0.05")
    other.get_by_role("button", name="Back to the presenter").click()
    expect(other.locator(".lab-follow")).to_contain_text("Following the presenter")
    other.wait_for_timeout(1_000)
    expect(noise).to_have_attribute("aria-valuetext", "0.05")
    mine.press("ArrowLeft")
    expect(noise).to_have_attribute("aria-valuetext", "0.00")
    page.goto(f"{app.url}/denoising?present=1&latent_size=8")
    expect(other).to_have_url(re.compile(r"/denoising\?latent_size=8"))
    size = other.locator(".st-key-latent_size").get_by_role("slider")
    expect(size).to_have_attribute("aria-valuetext", "8")
    size.focus()
    size.press("ArrowRight")
    expect(other.locator(".lab-follow")).to_contain_text("On your own")
    page.goto(f"{app.url}/comparison?present=1")
    expect(page.locator(".lab-room")).to_be_visible()
    other.wait_for_timeout(1_000)
    expect(other).to_have_url(re.compile("/denoising"))
    other.get_by_role("button", name="Back to the presenter").click()
    expect(other).to_have_url(re.compile("/comparison"))


def test_a_follower_whose_network_loses_a_request_comes_back(page, app, tabs):
    code = open_room(page, app)
    other = tabs.open()
    other.add_init_script(IMPATIENT)
    other.route("**/events?as=follower", lambda route: route.fulfill(status=503), times=1)
    other.route("**/events?as=follower&once=1", lambda _: None, times=1)
    other.goto(f"{app.url}/?follow={code}")
    expect(other.locator(".lab-follow")).to_contain_text("Following the presenter")
    page.locator(".st-key-home_test_noise").get_by_role("slider").press("ArrowRight")
    noise = other.locator(".st-key-home_test_noise").get_by_role("slider")
    expect(noise).to_have_attribute("aria-valuetext", "0.05", timeout=20_000)


def test_a_followers_picture_goes_ahead_of_a_server_that_has_others_to_lead(lesson, app, tabs):
    page, _, code = lesson
    other = tabs.open()
    waiting: list[Callable[[], None]] = []
    is_slow = False

    def delay(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            waiting.append(lambda: server.send(message))
            if not is_slow:
                waiting.pop()()

        socket.on_message(pass_on)

    other.route_web_socket("**/_stcore/stream", delay)
    other.goto(f"{app.url}/?follow={code}")
    noise = other.locator(".st-key-home_test_noise").get_by_role("slider")
    expect(noise).to_have_attribute("aria-valuetext", "0.00")
    expect(other.locator(".rebuilt canvas").first).to_be_visible()
    other.wait_for_timeout(1_000)
    is_slow = True
    mine = page.locator(".st-key-home_test_noise").get_by_role("slider")
    mine.focus()
    picture_changes_after(other, lambda: mine.press("ArrowRight"))
    expect(noise).to_have_attribute("aria-valuetext", "0.00")
    is_slow = False
    for send in waiting:
        send()
    expect(noise).to_have_attribute("aria-valuetext", "0.05")
    shown = pictures(other)
    picture_changes_after(other, lambda: mine.press("ArrowLeft"))
    mine.press("ArrowRight")
    expect(noise).to_have_attribute("aria-valuetext", "0.05")
    other.wait_for_timeout(1_000)
    assert pictures(other) == shown  # led or brought by the server, it is one picture


def test_a_closed_room_says_so_and_a_link_steers_it_until_then(lesson, app, tabs):
    page, phones, code = lesson
    secret = page.evaluate("sessionStorage['lab-kept-room']").split()[1]
    assert secret not in page.url
    other = tabs.open()
    other.goto(f"{app.url}/?steer={code}-{secret}")
    expect(other.locator(".lab-room")).to_contain_text(code)
    assert secret not in other.url
    stranger = tabs.open()
    stranger.goto(page.url)  # the presenter's address, as it stands on the screen
    expect(stranger.locator("h1")).to_be_visible()
    stranger.wait_for_timeout(1_000)
    assert stranger.locator(".lab-room").count() == 0
    page.keyboard.press("r")
    with page.expect_download() as download:
        page.get_by_role("button", name="Votes (CSV)").click()
    assert download.value.suggested_filename == f"room-{code}-votes.csv"
    page.get_by_role("button", name="Close the room").click()
    page.get_by_role("button", name="Sure?").click()
    expect(phones[0].locator("#note")).to_contain_text("closed, and everything of it is deleted")
    for screen in (page, other):
        expect(screen.locator(".lab-room")).to_have_count(0)


@pytest.mark.parametrize("typed", ["%zz", "%E0%A4", "abc", "ABCDEFG", "%F0%9F%98%80"])
def test_an_address_that_is_no_code_gets_a_sentence_and_a_field_for_another(tabs, app, typed):
    phone = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    broken: list[str] = []
    phone.on("pageerror", lambda error: broken.append(str(error)))
    phone.goto(f"{app.url}/join/{typed}")
    expect(phone.locator("#note")).to_contain_text("There is no room with this code.")
    expect(phone.get_by_role("textbox")).to_be_visible()
    assert broken == []


def violations(phone: Page) -> list[str]:
    """What axe-core finds, also what it calls moderate or minor."""
    return [f"{rule['id']}: {json.dumps(rule['nodes'])}" for rule in Axe().run(phone).response["violations"]]


def test_axe_finds_nothing_serious_in_the_room_on_the_screen(page, app, tabs):
    phone = join(tabs, app, open_room(page, app))
    draw_and_send(phone)
    expect(page.locator(".lab-room-drawn canvas")).to_have_count(1)
    assert findings(page) == []
    page.locator(".lab-room-drawn").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("r")  # at once: what was put away is not there any more
    expect(page.locator("dialog.lab-room-large")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("r")
    page.keyboard.press("PageDown")
    expect(page.locator(ASKED)).to_have_text("0 of 1 voted")
    page.wait_for_timeout(700)  # what has just come fades in
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_phones_page(page, app, tabs, scheme):
    code = open_room(page, app)
    phone = join(tabs, app, code, color_scheme=scheme)
    assert violations(phone) == []  # nothing is asked
    page.keyboard.press("PageDown")
    for words in ("First vote", "Talk to your neighbour"):
        expect(phone.locator("#stage")).to_contain_text(words)
        assert violations(phone) == []
        tap_option(phone, 2)
        assert violations(phone) == []
        with page.expect_response("**/stage"):
            page.keyboard.press("v")
        page.wait_for_timeout(400)  # for 0.3 s more the room hears no further key
    expect(phone.locator("#options .right:visible")).to_have_count(1)
    expect_own(phone, 2)  # on the right option, which has both marks
    assert violations(phone) == []
    phone.get_by_role("button", name="Draw").tap()
    assert violations(phone) == []
    draw_and_send(phone)
    assert violations(phone) == []
    for path in ("join", "join/%zz"):
        phone.goto(f"{app.url}/{path}")
        expect(phone.get_by_role("textbox")).to_be_visible()
        assert violations(phone) == []
