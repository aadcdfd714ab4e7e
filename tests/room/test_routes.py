"""A room on a real server: phones join, vote and draw; what they may not is refused with a sentence."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from ae_core.room import bounds, rooms, votes
from ae_core.room.database import open_rooms
from tests.load.client import Visitor
from tests.support.browser import App
from tests.support.rooms import QUESTION, SEVEN, Phone, Screen, ask


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The app below a path of its own."""
    with App(tmp_path_factory.mktemp("rooms"), STREAMLIT_SERVER_BASE_URL_PATH="lab") as app:
        app.end_cluster = False
        yield app


@pytest.fixture
def screen(served):
    found = Screen.open_room(served.url, served.store.root)
    yield found
    asyncio.run(found.post("close", {}))


async def joined(screen: Screen) -> Phone:
    phone = Phone(screen.lab, screen.code)
    answered = await phone.open()
    assert answered.status == 200, answered
    return phone


def test_a_phone_joins_votes_and_changes_its_mind_and_only_the_screen_knows(screen):
    async def visit():
        phones = [await joined(screen) for _ in range(3)]
        assert (await screen.ask()).status == 200
        told = await phones[0].now()
        number = told["question"]["number"]
        for phone, choice in zip(phones, (0, 0, 1), strict=True):
            assert (await phone.vote(choice, number)).status == 200
        assert (await phones[0].vote(2, number)).status == 200
        assert (await phones[0].open()).status == 200  # the page loaded anew
        assert "voted" not in await phones[0].now()
        assert "Which is" in json.dumps(told)
        seen = await screen.now()
        assert (seen["phones"], seen["voted"]) == (3, {"first": 3, "second": 0})
        await screen.lead_to("second")
        late = await phones[1].vote(1, number)
        assert (late.status, late.problem) == (409, "This vote is closed.")
        assert (await phones[1].vote(1, number, "second")).status == 200
        assert (await screen.now())["voted"] == {"first": 3, "second": 1}

    asyncio.run(visit())


def test_a_phone_that_comes_back_hears_what_it_has_said(screen):
    async def visit():
        phone = await joined(screen)
        await screen.ask()
        number = (await phone.now())["question"]["number"]
        await phone.vote(1, number)
        (name, told), *_ = [each async for each in phone.hear("events?once=1")]
        assert (name, told) == ("mine", {"number": number, "stage": "first", "choice": 1})

    asyncio.run(visit())


def test_changes_arrive_by_themselves_and_the_end_too(screen):
    async def visit():
        phone = await joined(screen)
        heard, seen = phone.hear("events"), screen.hear("screen")
        assert (await anext(heard))[1]["question"] is None
        assert (await anext(seen))[1]["phones"] == 1
        await screen.ask()
        number = (await anext(heard))[1]["question"]["number"]
        assert (await anext(seen))[1]["voted"] == {"first": 0, "second": 0}
        await phone.vote(0, number)
        assert (await anext(seen))[1]["voted"]["first"] == 1
        await screen.post("close", {})
        assert [(await anext(each))[0] for each in (heard, seen)] == ["over", "over"]
        answered = await phone.vote(0, number)
        assert (answered.status, answered.problem) == (404, rooms.GONE)

    asyncio.run(visit())


def test_nobody_is_told_which_option_is_right_before_the_screen_shows_it(screen):
    async def visit():
        phone = await joined(screen)
        await screen.ask()
        number = (await phone.now())["question"]["number"]
        heard = phone.hear("events")
        assert [(await anext(heard))[0] for _ in range(2)] == ["mine", "message"]

        async def expect_nothing(votes_in: str) -> None:
            await asyncio.sleep(1 / bounds.VOTES_PER_SECOND)
            answers = [
                await phone.vote(0, number, votes_in),
                await phone.get("events?once=1"),
                await phone.get("events?once=1&as=follower"),
                await screen.get("screen?once=1"),
                await ask(f"{screen.lab}/join/{screen.code}"),
            ]
            assert [one.status for one in answers] == [200] * 5
            assert [one for one in answers[:4] if b'"right"' in one.content] == []
            assert QUESTION["text"].encode() not in answers[4].content

        await expect_nothing("first")
        for stage in ("first", "second"):  # where it is too early
            refused = await screen.post("stage", {"mark": "m1", "stage": stage, "right": 1})
            assert (refused.status, refused.problem) == (409, votes.UNKNOWN)
        await expect_nothing("first")
        await screen.lead_to("second")
        await expect_nothing("second")
        assert "right" not in (await anext(heard))[1]["question"]
        for right in (3, -1, "1", True, 1.0, [1]):
            refused = await screen.post("stage", {"mark": "m1", "stage": "revealed", "right": right})
            assert (refused.status, refused.problem) == (409, votes.UNKNOWN)
        await expect_nothing("second")
        told = {"mark": "m1", "stage": "revealed", "right": 1}
        assert (await phone.post("stage", told, Authorization="Bearer x")).status == 403
        assert (await screen.post("stage", told)).status == 200
        assert (await anext(heard))[1]["question"]["right"] == 1
        await screen.lead_to("first")  # asked again
        assert "right" not in (await anext(heard))[1]["question"]
        await expect_nothing("first")

    asyncio.run(visit())


@pytest.mark.parametrize(
    ("who", "what", "most"),
    [("phone", "events", bounds.CONNECTIONS_OF_PHONE), ("screen", "screen", bounds.SCREENS)],
)
def test_beyond_so_many_connections_one_is_told_once_and_asks_again(screen, who, what, most):
    async def visit():
        client = await joined(screen) if who == "phone" else screen
        held = [client.hear(what) for _ in range(most)]
        for heard in held:
            await anext(heard)
        assert [name async for name, _ in client.hear(what)] == ["message"]  # and that was the end
        for heard in held:
            await heard.aclose()

    asyncio.run(visit())


def test_strokes_arrive_as_a_digit_and_can_be_put_away(screen):
    async def visit():
        phone = await joined(screen)
        both = await asyncio.gather(*(phone.post("digit", {"strokes": SEVEN}) for _ in range(2)))
        answered, refused = sorted(both, key=lambda one: one.status)
        assert (answered.status, refused.status) == (200, 429)  # two at once are too fast
        (number,) = (await screen.now())["drawn"]
        (greys,) = (await screen.get("drawn")).told.values()
        assert greys == answered.told["greys"]
        assert (await screen.get(f"drawn?after={number}")).told == {}
        await screen.post("digits", {"away": number})
        assert (await screen.now())["drawn"] == []
        await screen.post("digits", {"use": True})
        assert (await phone.now())["digits"] is True

    asyncio.run(visit())


@pytest.mark.parametrize(
    ("what", "told"),
    [("steer", {"place": {}}), ("stage", {"mark": "m1", "stage": "revealed"}), ("digits", {"use": True}),
     ("close", {})],
)  # fmt: skip
def test_only_the_secret_steers(screen, what, told):
    async def visit():
        phone = await joined(screen)
        await screen.ask()
        for secret in ("", "Bearer ", "Bearer 0123456789abcdef", "Basic x", f"Bearer {screen.code}"):
            answered = await phone.post(what, told, Authorization=secret)
            assert (answered.status, answered.problem) == (
                403,
                "Only the browser that opened this room can do that.",
            )
        assert (await phone.get("screen")).status == 403
        assert (await phone.get("drawn")).status == 403
        assert (await screen.now())["question"]["stage"] == "first"

    asyncio.run(visit())


def test_posts_from_other_sites_are_refused(screen):
    async def visit():
        phone = await joined(screen)
        await screen.ask()
        number = (await phone.now())["question"]["number"]
        vote = {"number": number, "stage": "first", "choice": 0}
        for headers in (
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": screen.lab},
        ):
            answered = await phone.post("vote", vote, **headers)
            assert answered.status == 403
            assert answered.problem == "This came from another site, so it does not count."
            assert "access-control-allow-origin" not in answered.headers
        form = await phone.post("vote", vote, **{"Content-Type": "text/plain"})
        assert form.status == 415
        assert (await screen.now())["voted"]["first"] == 0
        host = screen.lab.split("/")[2]
        assert (await phone.post("vote", vote, Origin=f"http://{host}")).status == 200

    asyncio.run(visit())


def test_what_is_too_much_is_refused_and_others_go_on(screen):
    async def visit():
        phone, other = await joined(screen), await joined(screen)
        await screen.ask()
        number = (await phone.now())["question"]["number"]
        large = await phone.post("digit", b'{"strokes": "' + b"x" * 10_000_000 + b'"}')
        assert (large.status, large.problem) == (413, "That is more than may be sent at once.")
        for content in (b"", b"{", b"[]", b"\xff", b"[" * 190):
            assert (await phone.post("vote", content)).status == 400
        answered = [await phone.vote(i % 3, number) for i in range(100)]
        assert {one.status for one in answered} == {200, 429}
        assert (await other.vote(0, number)).status == 200
        assert (await screen.now())["voted"]["first"] == 2

    asyncio.run(visit())


@pytest.mark.parametrize(
    "told", [{"strokes": "<script>alert(1)</script>"}, {"strokes": [{"rubs": "<b>"}]}, {}, {"strokes": []}]
)
def test_markup_is_no_drawing(screen, told):
    async def visit():
        answered = await (await joined(screen)).post("digit", told)
        assert answered.status == 409
        assert "<" not in answered.problem
        assert (await screen.now())["drawn"] == []

    asyncio.run(visit())


def test_the_phones_page_is_small_and_runs_nothing_but_its_own(screen):
    page = asyncio.run(ask(f"{screen.lab}/join/{screen.code}"))
    assert page.status == 200
    assert len(page.content) < 20_000
    assert "default-src 'none'" in page.headers["content-security-policy"]
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert asyncio.run(ask(f"{screen.lab}/join")).content == page.content


@pytest.fixture
def copy(served, screen):
    """Another copy of the app on the same store, as behind a proxy on this machine; the same room there."""
    settings = {"AE_LAB_MAX_VISITORS": "1", "STREAMLIT_SERVER_ADDRESS": "127.0.0.1"}
    with App(served.store.root.parent, copy="other", **settings) as app:
        app.end_cluster = False
        yield app, Screen(app.url, screen.code, screen.headers)


def test_codes_cannot_be_guessed_and_whoever_is_in_stays_in(copy):
    _, screen = copy  # with its own count of wrong codes

    async def visit():
        phone = await joined(screen)
        wrong = [await Phone(screen.lab, code).open() for code in ["0000", "<b>", "AAAA", "no room", "😀"]]
        assert {one.status for one in wrong} == {404}
        assert {one.problem for one in wrong} == {rooms.GONE}
        tried = [await Phone(screen.lab, "ZZZZ").open() for _ in range(bounds.WRONG_CODES)]
        assert tried[-1].status == 429
        assert tried[-1].problem.startswith("Too many wrong codes")
        assert (await Phone(screen.lab, screen.code).open()).status == 429  # even the right one
        assert (await phone.open()).status == 200
        assert (await screen.ask()).status == 200
        elsewhere = Phone(screen.lab, screen.code, {"X-Forwarded-For": "10.0.0.9"})
        assert (await elsewhere.open()).status == 200  # as a proxy on this machine says

    asyncio.run(visit())


def test_nothing_of_a_closed_room_is_in_store_or_log(served, screen):
    async def visit():
        phone = await joined(screen)
        await screen.ask()
        number = (await phone.now())["question"]["number"]
        await phone.vote(0, number)
        await phone.post("digit", {"strokes": SEVEN})
        await screen.post("close", {})
        return phone.headers["Cookie"].split("=")[1]

    with open_rooms(served.store.root) as base:
        before = base.path.read_bytes()
        cookie = asyncio.run(visit())
        after = base.path.read_bytes()
        assert base.read(lambda db: rooms.find_room(db, screen.code)) is None
    assert screen.code.encode() in before
    files = [path.read_bytes() for path in served.store.root.rglob("*") if path.is_file()]
    for trace in (screen.code, cookie, "Which is", screen.headers["Authorization"].split()[1]):
        for content in (after, served.log.read_bytes(), *files):
            assert trace.encode() not in content


def test_a_server_that_is_told_to_end_does_so_with_phones_connected(copy):
    app, screen = copy

    async def visit():
        phone = await joined(screen)
        heard = phone.hear("events")
        await anext(heard)
        app.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(app.process.wait, 30)  # it would wait for as long as they are

    asyncio.run(visit())


def test_two_copies_are_one_room(served, screen, copy):
    async def visit():
        here, there = await joined(screen), await joined(copy[1])
        heard = there.hear("events")
        await anext(heard)
        await screen.ask()
        number = (await anext(heard))[1]["question"]["number"]
        await here.vote(0, number)
        await there.vote(0, number)
        assert (await screen.now())["voted"] == (await copy[1].now())["voted"] == {"first": 2, "second": 0}

    asyncio.run(visit())


def test_a_full_lab_lets_phones_in(copy):
    app, screen = copy
    browser = {"Accept": "text/html"}

    async def visit():
        async with Visitor(app.url):
            assert (await ask(f"{app.url}/", headers=browser)).status == 503
            assert (await ask(f"{app.url}/join/{screen.code}", headers=browser)).status == 200
            await joined(screen)

    asyncio.run(visit())
