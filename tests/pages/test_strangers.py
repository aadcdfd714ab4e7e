"""What one client may do at the gate, whatever it sends: bounded, in turn, and in words."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import time

import pytest
from starlette.types import Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates

from ae_core.errors import ConfigError
from pages.shared.server import addresses, connections, gate, idle, mailbox, sessions, uploads
from pages.shared.server.counts import counts
from pages.shared.server.mailbox import Mailbox, find_excess, read_letter
from pages.shared.server.permits import Account, FairPermits, Usage
from tests.pages.test_gate import in_a_loop_of_its_own

MANY = [""] * 500_000


def wish(value: float, fragment: str = "", pressed: str = "") -> BackMsg:
    """A browser's wish to have its page, or a part of it, run with the slider at `value`."""
    states = [WidgetState(id="slider", double_value=value)]
    states += [WidgetState(id=pressed, trigger_value=True)] if pressed else []
    state = ClientState(fragment_id=fragment, widget_states=WidgetStates(widgets=states))
    return BackMsg(rerun_script=state)


def letter(said: BackMsg) -> mailbox.Letter:
    return read_letter({"type": "websocket.receive", "bytes": said.SerializeToString()})


def values(found: mailbox.Letter) -> dict[str, object]:
    widgets = found.said.rerun_script.widget_states.widgets
    return {each.id: getattr(each, each.WhichOneof("value")) for each in widgets}


# Messages


@in_a_loop_of_its_own
async def test_of_two_thousand_moves_that_wait_only_the_newest_counts_and_no_press_is_lost():
    box = Mailbox()
    box.put(letter(wish(-1.0, "part", pressed="button")))
    for i in range(200):
        box.put(letter(wish(i, "part")))
    box.put(letter(wish(7.0, "another part")))
    assert values(await box.next()) == {"slider": 199.0, "button": True}
    assert values(await box.next()) == {"slider": 7.0}
    for i in range(20):
        box.put(letter(wish(i, f"part {i}")))
    box.put(letter(wish(5.0)))  # the whole page
    found = await box.next()
    assert (values(found), found.said.rerun_script.fragment_id) == ({"slider": 5.0}, "")
    assert not box._letters


@in_a_loop_of_its_own
async def test_a_connection_has_its_page_run_so_often_and_errands_done_less_often():
    for said, (at_once, a_second) in {
        wish(0.0, "part").SerializeToString(): mailbox.RATES[mailbox.RERUN],
        BackMsg(backend_operation_request={"request_id": "1"}).SerializeToString(): mailbox.RATES[
            mailbox.ERRAND
        ],
    }.items():
        box, began = Mailbox(), time.monotonic()
        for _ in range(int(at_once) + 2):
            box.put(letter(BackMsg.FromString(said)))
            await box.next()
        assert time.monotonic() - began > 1 / a_second


@pytest.mark.parametrize(
    "said",
    [
        BackMsg(rerun_script={"widget_states": {"widgets": [{"id": "a", "json_value": "[" * 500_000}]}}),
        BackMsg(rerun_script={"widget_states": {"widgets": [{"id": str(i)} for i in range(2_001)]}}),
        BackMsg(rerun_script={"widget_states": {"widgets": [{"string_array_value": {"data": MANY}}]}}),
        BackMsg(rerun_script={"cached_message_hashes": [""] * 20_001}),
    ],
    ids=["lists", "widgets", "strings", "hashes"],
)  # fmt: skip
def test_a_message_that_becomes_far_more_in_memory_is_refused(said):
    assert find_excess(said)


def test_what_a_browser_gives_back_of_its_visitors_pictures_is_let_in():
    points = json.dumps({"strokes": [{"rubs": False, "width": 18, "points": [1.5] * 18_000}]})
    kept = {"tray": "A" * 120_000, "board": points, "picture_1": "A" * 3_400_000}
    text = json.dumps({"found": kept})
    said = BackMsg(rerun_script={"widget_states": {"widgets": [{"id": "a", "json_value": text}]}})
    assert not find_excess(said)
    assert len(said.SerializeToString()) < 5_000_000


# Turns


@in_a_loop_of_its_own
async def test_who_had_most_runs_lately_waits_for_those_who_had_none():
    permits, order = FairPermits(1), []
    greedy, honest = Account(), Account()
    greedy.add(10.0)
    await permits.acquire(Account())

    async def run(account: Account, name: str) -> None:
        await permits.acquire(account)
        order.append(name)
        permits.release()

    waiting = [asyncio.create_task(run(greedy, f"greedy {i}")) for i in range(3)]
    waiting.append(asyncio.create_task(run(honest, "honest")))
    await asyncio.sleep(0.01)
    permits.release()
    await asyncio.gather(*waiting)
    assert order == ["honest", "greedy 0", "greedy 1", "greedy 2"]


@in_a_loop_of_its_own
async def test_connections_of_one_address_share_what_they_had_and_a_lost_wait_loses_no_permit():
    address = Usage()
    one, other = Account(address=address), Account(address=address)
    one.add(10.0)
    assert other.step > 0
    permits = FairPermits(1)
    await permits.acquire(one)
    waiting = asyncio.create_task(permits.acquire(other))
    await asyncio.sleep(0.01)
    waiting.cancel()
    permits.release()
    await asyncio.wait_for(permits.acquire(one), 1)


# Connections


async def nothing(_message: object) -> None:
    return


@in_a_loop_of_its_own
async def test_a_silent_connection_is_closed_and_one_that_asked_for_its_page_is_not(monkeypatch):
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.1)

    async def ended(*said: BackMsg) -> bool:
        came = [{"type": "websocket.connect"}] + [
            {"type": "websocket.receive", "bytes": each.SerializeToString()} for each in said
        ]

        async def receive() -> dict[str, object]:
            return came.pop(0) if came else await asyncio.sleep(60)

        connection = connections.Connection(receive, nothing, FairPermits(1), Account())
        await connection.receive()
        try:
            async with asyncio.timeout(0.5):
                while (await connection.receive())["type"] != "websocket.disconnect":
                    pass
            return True
        except TimeoutError:
            return False
        finally:
            connection.end()

    assert await ended()
    assert await ended(BackMsg(load_git_info=True))
    assert not await ended(wish(1.0))


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:5::6", "2001:db8:1:2::/64"),
        ("127.0.0.1", addresses.HERE),
        ("::1", addresses.HERE),
        ("testclient", addresses.HERE),
        (None, addresses.HERE),
    ],
)
def test_an_address_is_known_as_far_as_its_holder_has_it(host, network):
    assert addresses.find_network(host) == network


def test_one_address_leaves_room_for_others(monkeypatch):
    monkeypatch.setattr(counts, "connections", 6)
    monkeypatch.setitem(counts.by_address, "192.0.2.7", 6)
    assert gate._why_full({"client": ("192.0.2.7", 1)}, 10) == gate.OF_YOURS
    assert gate._why_full({"client": ("192.0.2.8", 1)}, 10) == ""
    assert gate._why_full({"client": ("192.0.2.8", 1)}, 6) == gate.OF_ALL


@in_a_loop_of_its_own
async def test_malformed_requests_are_answered_by_the_gate_in_one_line():
    answers = []

    async def app(*_arguments: object) -> None:
        raise AssertionError("it came through")

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, object]) -> None:
        answers.append(message.get("status") or message.get("code"))

    for kind, path, headers in [
        ("http", "/", [(b"host", b"lab:port")]),
        ("http", "/", [(b"origin", b"http://[")]),
        ("http", "/_stcore/upload_file/a/b\nforged line", []),
        ("websocket", "/_stcore/stream", [(b"origin", b"http://[")]),
    ]:
        scope = {"type": kind, "method": "GET", "path": path, "headers": headers}
        await gate.Gate(app)(scope, receive, send)
    assert [answer for answer in answers if answer] == [400, 403, 400, gate.NOT_ALLOWED]


@in_a_loop_of_its_own
async def test_the_lab_answers_only_to_its_names_where_they_are_listed(monkeypatch):
    from streamlit import config

    listed = config.get_option
    monkeypatch.setattr(
        config,
        "get_option",
        lambda name: ["lab.example.org"] if name == "server.allowedHosts" else listed(name),
    )
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"lab.example.org:8501")]}
    assert gate._find_refusal(scope) is None
    refusal = gate._find_refusal({**scope, "headers": [(b"host", b"evil.example.com")]})
    assert refusal == (403, gate.OTHER_NAME)


@in_a_loop_of_its_own
async def test_which_sites_may_show_the_lab_in_a_frame_is_said_with_every_answer(monkeypatch):
    monkeypatch.setenv("AE_LAB_FRAMES", "self https://school.example.org")
    answers = []

    async def app(_scope: object, _receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, object]) -> None:
        answers.append(dict(message["headers"]))

    await gate.Gate(app)({"type": "http", "method": "GET", "path": "/", "headers": []}, nothing, send)
    policy = b"frame-ancestors 'self' https://school.example.org"
    assert answers == [{b"content-security-policy": policy}]
    monkeypatch.setenv("AE_LAB_FRAMES", "anyone; script-src *")
    with pytest.raises(ConfigError, match="such as https://school"):
        gate.Gate(app)


def sent(port: int, head: bytes, seconds: float) -> bytes:
    """What the server answers to whoever sends this; raises TimeoutError where nothing comes in time."""
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(head)
        sender.settimeout(seconds)
        return sender.recv(4096)


def test_half_a_requests_headers_are_not_waited_for_for_ever_and_long_cookies_are_answered(app):
    assert sent(app.port, b"GET / HTTP/1.1\r\nHost: a", 2.5 * idle.LOOK_SECONDS) == b""  # closed
    handshake = (
        "GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: streamlit\r\nCookie: {'a=' + 'b' * 9_000}\r\n\r\n"
    )
    assert sent(app.port, handshake.encode(), 10).startswith(b"HTTP/1.1 101")


# Files


def upload(monkeypatch: pytest.MonkeyPatch, parts: list[bytes], pause: float) -> uploads.Upload:
    async def receive() -> dict[str, object]:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    monkeypatch.setattr(uploads, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(uploads, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(uploads, "_is_there", lambda session: session == "me")
    return uploads.Upload("me", receive)


@in_a_loop_of_its_own
async def test_a_file_that_trickles_in_is_broken_off_and_one_at_a_phones_pace_is_not(monkeypatch):
    slow = upload(monkeypatch, [b"x"] * 100, 0.3)
    assert (await slow.receive())["type"] == "http.disconnect"
    assert slow.problem == uploads.TOO_SLOW
    steady = upload(monkeypatch, [bytes(10_000)] * 4, 0.05)
    assert [(await steady.receive())["more_body"] for _ in range(4)] == [True, True, True, False]


@in_a_loop_of_its_own
async def test_a_file_whose_page_was_closed_gives_its_place_back(monkeypatch):
    left = upload(monkeypatch, [b"x"], 60.0)
    left.session = "somebody who is gone"
    monkeypatch.setattr(uploads, "GRACE_SECONDS", 60.0)
    assert (await left.receive())["type"] == "http.disconnect"
    assert left.problem == uploads.LEFT


# Sessions that were left


class Picture:
    """Something of a visitor's in memory, in a circle as sessions are."""

    alive = 0

    def __init__(self) -> None:
        type(self).alive += 1
        self.session = self

    def __del__(self) -> None:
        type(self).alive -= 1


def test_what_a_visitor_left_behind_is_ended_and_collected(monkeypatch):
    departures = sessions.Departures()
    monkeypatch.setattr(sessions, "GONE_SECONDS", 0.0)
    kept = {"tab closed": Picture(), "connection lost": Picture()}
    gc.disable()
    try:
        departures.note_left("tab closed", 1001)
        departures.note_left("connection lost", 1006)
        departures.end_due(kept.pop)
        assert (set(kept), Picture.alive) == ({"connection lost"}, 2)
        assert departures.collect() > 0
        assert Picture.alive == 1
        departures.note_here("connection lost")
        departures.end_due(kept.pop)
        assert set(kept) == {"connection lost"}
        departures.freeze()  # modules came meanwhile, and what is of a session is out of sight with them
        departures._next_collection = 0.0
        departures.note_left("connection lost", 1001)
        departures.end_due(kept.pop)
        assert Picture.alive == 1
        departures.collect()
        assert Picture.alive == 0
    finally:
        gc.enable()
