"""The gate, health and figures of the real server, for visitors that speak its protocol."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import re
import resource
import runpy
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from pages.shared.own_digit.digit_source import MOST_FILES
from pages.shared.server import gate, open_files, readiness, uploads
from pages.shared.server import health as server
from pages.shared.server.connections import RunPermit
from pages.shared.server.permits import FairPermits
from tests.load.__main__ import EVERY_SECONDS, a_class
from tests.load.client import Visitor
from tests.support.browser import PROJECT, App, free_port

KEY = "a-key-of-the-tests"
A_PAGE = {"Accept": "text/html"}


def in_a_loop_of_its_own(test):
    """An asynchronous test in a thread of its own: the browser's tests leave their loop in this one."""

    @functools.wraps(test)
    def run(**fixtures):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(test(**fixtures))).result()

    return run


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server for two, below an address that is not the host's root; `app` is one at the root."""
    bounds = {"AE_LAB_MAX_VISITORS": "2", "AE_LAB_METRICS_KEY": KEY}
    with App(tmp_path_factory.mktemp("small"), STREAMLIT_SERVER_BASE_URL_PATH="lab", **bounds) as app:
        yield app


def asked(
    app: App, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers of what the server answers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(app.url + path, body, named, method=method), timeout=30
        ) as answer:
            return answer.status, answer.read().decode(errors="replace"), dict(answer.headers)
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode(), dict(refusal.headers)


def asked_at_the_root(app: App, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{app.port}{path}", timeout=30) as answer:
        return answer.status, answer.read().decode()


def figures(app: App) -> dict[str, float]:
    _, text, _ = asked(app, "/metrics", Authorization=f"Bearer {KEY}")
    return {
        name.removeprefix("autoencoder_lab_"): float(value)
        for name, value in (line.split() for line in text.splitlines())
    }


@in_a_loop_of_its_own
async def test_beyond_its_visitors_the_lab_is_full_in_words_and_those_inside_go_on(small):
    async with Visitor(small.url) as one, Visitor(small.url) as two:
        assert not (await one.open()).failed
        assert not (await two.open()).failed
        status, words, headers = await asyncio.to_thread(asked, small, "/", **A_PAGE)
        assert status == 503
        assert "The lab is full" in words
        assert headers["retry-after"] == "30"
        with pytest.raises(websockets.exceptions.InvalidStatus):
            async with Visitor(small.url):
                pass
        assert (await one.move("home_test_noise", 0.6)).picture_seconds is not None
        told = await asyncio.to_thread(figures, small)
        assert told["visitors"] == 2
        assert told["refused_pages_total"] >= 1
        assert told["refused_connections_total"] >= 1
        assert told["answers"] >= 2
    while (await asyncio.to_thread(figures, small))["visitors"]:
        await asyncio.sleep(0.1)
    assert (await asyncio.to_thread(asked, small, "/", **A_PAGE))[0] == 200


@in_a_loop_of_its_own
async def test_who_waits_for_the_lab_to_get_ready_has_a_place_until_gone(monkeypatch):
    told: list[dict] = []

    async def send(message) -> None:
        told.append(message)

    async def receive():
        return {"type": "websocket.connect"}

    async def lab(scope, receive, send) -> None:
        pytest.fail("it is not ready")

    monkeypatch.setattr(readiness, "_ready", asyncio.Event())
    monkeypatch.setattr(gate, "most_visitors", lambda: 2)
    door = gate.Gate(lab)
    most = 2 * gate.MOST_CONNECTIONS // gate.MOST_VISITORS
    before = gate.counts.connections
    scopes = [{"type": "websocket", "client": (f"192.0.2.{i}", 1), "headers": []} for i in range(most + 1)]
    waiting = [asyncio.create_task(door._serve_connection(scope, receive, send)) for scope in scopes]
    _, still = await asyncio.wait(waiting, timeout=0.2)
    assert (len(still), gate.counts.connections - before) == (most, most)
    assert [message["code"] for message in told] == [gate.TRY_AGAIN_LATER]
    for one in still:
        one.cancel()
    await asyncio.gather(*still, return_exceptions=True)
    assert gate.counts.connections == before


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are set on Linux")


@ON_LINUX
def test_the_server_takes_as_many_open_files_as_the_system_allows(tmp_path):
    """It is started as from a shell of macOS: 256, and as many as it likes if it asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    try:
        running = App(tmp_path)
        running.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with contextlib.ExitStack() as stack:
        stack.push(running.__exit__)
        limits = psutil.Process(running.process.pid).rlimit(psutil.RLIMIT_NOFILE)
        assert limits == (min(open_files.WANTED_FILES, hard), hard)


@ON_LINUX
def test_where_no_more_connections_are_allowed_the_lab_says_that_it_is_full(tmp_path):
    with App(tmp_path) as running:
        server = psutil.Process(running.process.pid)
        server.rlimit(psutil.RLIMIT_NOFILE, (256, 256))
        answers = []
        with contextlib.ExitStack() as stack:
            while len(answers) < 256 and (not answers or answers[-1][0] == 200):
                stack.enter_context(socket.create_connection(("127.0.0.1", running.port)))
                answers.append(asked(running, "/", **A_PAGE)[:2])
            status, words = answers[-1]
            assert status == 503
            assert "The lab is full" in words
            assert server.num_fds() <= 256 - open_files.SPARE_FILES + 5
            assert asked(running, "/health")[0] == 200, "those inside are answered"
        deadline = time.monotonic() + 30
        while (status := asked(running, "/", **A_PAGE)[0]) == 503 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert status == 200
    assert "out of system resource" not in running.log.read_text()


def test_a_server_that_is_allowed_few_open_files_says_for_how_many_visitors_they_do(caplog, monkeypatch):
    monkeypatch.setattr(open_files, "raise_limit", lambda: 256)
    server.check_settings()
    assert "have 256 files and connections open: enough for about 14 visitors, not for 200" in caplog.text
    assert "`ulimit -n 1000`" in caplog.text


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_the_server_answers_at_localhost_over_ipv6_too(app):
    with urllib.request.urlopen(f"http://[::1]:{app.port}/_stcore/health", timeout=30) as answer:
        assert answer.status == 200


@in_a_loop_of_its_own
async def test_one_visitor_has_room_for_as_many_files_as_the_page_takes_at_once(small):
    async with Visitor(small.url) as visitor:
        await visitor.open()
        _, _, headers = await asyncio.to_thread(asked, small, "/_stcore/health")
        token = re.search(r"_streamlit_xsrf=([^;]+)", headers["set-cookie"])[1].strip('"')
        body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\nx\r\n--b--\r\n'
        kind = {
            "Content_Type": "multipart/form-data; boundary=b",
            "Cookie": f"_streamlit_xsrf={token}",
            "X_Xsrftoken": token,
        }
        places = await visitor.ask_for_places(MOST_FILES + 1)
        paths = [place.upload_url for place in places]
        answers = [await asyncio.to_thread(asked, small, path, "PUT", body, **kind) for path in paths]
        assert [status for status, _, _ in answers] == [*[204] * MOST_FILES, 429]
        assert "more than one visitor may have" in answers[-1][1]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": KEY[:-1]}])
def test_the_figures_are_for_whoever_has_the_key(small, headers):
    assert asked(small, "/metrics", **headers)[0] == 404
    assert asked(small, "/_stcore/metrics", **headers)[0] == 404


def test_without_a_key_nobody_sees_the_figures(app):
    assert asked(app, "/metrics", Authorization="Bearer ")[0] == 404
    assert asked(app, "/_stcore/metrics")[0] == 404
    assert asked(app, "/_stcore/metrics/")[0] == 404


@pytest.mark.parametrize("prefix", ["", "/lab", "/a/b", "/_stcore"])
@in_a_loop_of_its_own
async def test_under_any_prefix_files_and_connections_are_counted_and_streamlits_figures_hidden(
    prefix, monkeypatch
):
    seen: dict[str, tuple[int, int]] = {}
    answers = []

    async def streamlit(scope, receive, send):
        seen[scope["path"]] = gate.counts.connections, gate.counts.receiving["me"]

    async def nothing():
        return {"type": "http.request"}

    async def send(message):
        answers.append(message.get("status"))

    monkeypatch.setattr(uploads, "kept_files", lambda _session="": [])
    monkeypatch.setattr(uploads, "find_problem", lambda session: "" if session == "me" else "no")
    monkeypatch.setattr(uploads, "is_issued", lambda session, file: True)
    gated = gate.Gate(streamlit)
    stream, file, hidden = (f"{prefix}/_stcore/{end}" for end in ("stream", "upload_file/me/1", "metrics"))
    await gated({"type": "websocket", "path": stream}, nothing, send)
    await gated({"type": "http", "method": "PUT", "path": file, "headers": []}, nothing, send)
    assert seen == {stream: (1, 0), file: (0, 1)}
    for path in (hidden, f"{hidden}/"):
        await gated({"type": "http", "method": "GET", "path": path, "headers": []}, nothing, send)
    await gated(
        {"type": "http", "method": "PUT", "path": file.replace("/me/", "/another/"), "headers": []},
        nothing,
        send,
    )
    assert [status for status in answers if status] == [404, 404, 429]
    assert len(seen) == 2


def test_a_lab_that_can_train_is_well(small):
    status, words, _ = asked(small, "/health")
    assert (status, json.loads(words)) == (200, {"well": True, "problem": ""})
    assert asked_at_the_root(small, "/health") == (200, words)


def test_who_asks_how_the_lab_is_again_and_again_has_nothing_written_each_time(small):
    written = set()
    for _ in range(20):
        assert asked(small, "/health")[0] == 200
        written.add((small.store.root / "locks").stat().st_mtime_ns)
    assert len(written) <= 3


@pytest.mark.parametrize(
    ("name", "reason"), [("AE_LAB_STORE", "AE_LAB_STORE"), ("AE_LAB_SCHEDULER", "does not answer")]
)
def test_a_lab_that_cannot_train_is_not_well_and_says_why(tmp_path, monkeypatch, name, reason):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv(
        name, str(tmp_path / "file" / "store") if name == "AE_LAB_STORE" else f"tcp://127.0.0.1:{free_port()}"
    )
    assert reason in server.training_problem()


@pytest.mark.parametrize("room", ["many", "0", "-3", "2.5"])
def test_a_server_with_room_for_no_such_number_says_so_and_does_not_start(monkeypatch, room):
    monkeypatch.setenv("AE_LAB_MAX_VISITORS", room)
    with pytest.raises(
        SystemExit, match=f"AE_LAB_MAX_VISITORS must be a whole number above 0.*{re.escape(repr(room))}"
    ):
        runpy.run_path(str(PROJECT / "app.py"))


def test_an_error_nobody_expected_is_a_number_to_the_visitor_and_a_traceback_in_the_log(caplog):
    def script() -> None:
        from pages.shared.server import health as server

        server.tell_error(ValueError("a secret"))

    with caplog.at_level(logging.ERROR):
        page = AppTest.from_function(script).run()
    number = re.search(r"error ([0-9a-f]{8})", page.error[0].value)[1]
    assert "secret" not in page.error[0].value
    (record,) = [record for record in caplog.records if number in record.getMessage()]
    assert "a secret" in str(record.exc_info[1])


@in_a_loop_of_its_own
async def test_no_visitor_has_the_server_forget_what_it_keeps_for_all():
    heard = []

    async def streamlit(scope, receive, send):
        while (message := await receive())["type"] != "websocket.disconnect":
            heard.append(message["bytes"])
        await send(
            {
                "type": "websocket.send",
                "bytes": ForwardMsg(script_finished=ForwardMsg.FINISHED_EARLY_FOR_RERUN).SerializeToString(),
            }
        )

    wanted, unwanted = (
        BackMsg(**{kind: True}).SerializeToString() for kind in ("stop_script", "clear_cache")
    )
    long_and_unwanted = unwanted + b"\xfa\x07\xff\x7f" + bytes(16_383)  # a field that nobody knows
    frames = (unwanted, wanted, long_and_unwanted)
    said = [
        *({"type": "websocket.receive", "bytes": frame} for frame in frames),
        {"type": "websocket.disconnect"},
    ]

    async def receive():
        return said.pop(0)

    async def send(message):
        pass

    answered = len(gate.counts.answer_seconds)
    await gate.Gate(streamlit)({"type": "websocket", "path": "/_stcore/stream"}, receive, send)
    assert heard == [wanted]
    assert len(gate.counts.answer_seconds) == answered + 1
    assert gate.counts.connections == 0


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="Linux alone tells what a process has loaded"
)
def test_the_server_has_the_faster_event_loop(app):
    assert "/uvloop/" in Path(f"/proc/{app.process.pid}/maps").read_text()


@in_a_loop_of_its_own
async def test_what_is_told_of_a_page_that_was_left_does_not_lead_back_to_it(app):
    async with Visitor(app.url) as visitor, Visitor(app.url, "reading") as elsewhere:
        await visitor.open()
        await elsewhere.open()
        part = ClientState(page_script_hash=visitor.script, fragment_id=visitor.fragment("home_test_noise"))
        assert (await visitor.move("home_test_noise", 0.6)).picture_seconds is not None
        await visitor.send(ClientState(page_script_hash=elsewhere.script))
        await visitor.send(part)
        pages, finished = [], 0
        with contextlib.suppress(TimeoutError):
            while True:
                message = ForwardMsg.FromString(await asyncio.wait_for(visitor.next(), 2))
                finished += message.WhichOneof("type") == "script_finished"
                if message.WhichOneof("type") == "navigation":
                    pages.append(message.navigation.page_script_hash)
        assert (pages, finished) == ([elsewhere.script], 1)


@in_a_loop_of_its_own
async def test_twenty_visitors_at_once_all_get_their_pictures(app):
    crowd = await a_class([app.url], 20, EVERY_SECONDS, [("", "home_test_noise")])
    assert crowd.failures == []
    assert len(crowd.answers["join"]) == len(crowd.answers["move"]) == len(crowd.answers["all at once"]) == 20
    assert all(answer.picture_seconds is not None for answer in crowd.answers["join"])


@in_a_loop_of_its_own
async def test_pages_run_a_few_at_a_time_in_the_order_in_which_they_were_asked_for():
    permits = FairPermits(2)
    first, second, third, fourth = (RunPermit(permits) for _ in range(4))
    await first.acquire()
    await first.acquire()  # who has the turn need not wait for another
    await second.acquire()
    order = []

    async def wait(permit: RunPermit, name: str) -> None:
        await permit.acquire()
        order.append(name)

    waiting = [asyncio.create_task(wait(third, "third")), asyncio.create_task(wait(fourth, "fourth"))]
    await asyncio.sleep(0.05)
    assert order == []
    first.release()
    first.release()  # twice gives nobody a second turn
    await asyncio.sleep(0.05)
    assert order == ["third"]
    await asyncio.gather(*waiting)  # the others' turns end by themselves
    assert order == ["third", "fourth"]
