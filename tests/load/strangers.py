"""One client that does its worst, and what an honest visitor notices of it: every attack, or the named ones.

    python -m tests.load.strangers [frames reruns errands imports photographs line trickle silent leave hung
                                    history]

Each has a fresh server of its own, with an honest visitor who moves the noise slider every half second where
that says anything. Prints a line for each: the server's memory in MB before, at most and a minute after, the
honest visitor's waits in ms (median, 95 %, longest), and what was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import math
import os
import re
import secrets
import signal
import socket
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import websockets
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState

from ae_core import config
from ae_core.config import DataConfig
from ae_core.data import load_digits
from ae_core.errors import LabError
from ae_core.runs import history as runs_history
from ae_core.runs import run_file, tickets
from ae_core.runs.run_folder import CONFIG, WEIGHTS
from ae_core.runs.store import Store
from ae_core.service import cluster, jobs
from ae_core.service.worker import record_training
from tests.load.client import Visitor
from tests.load.isolation import picture
from tests.support.browser import App

SLIDER = "home_test_noise"
QUICK = config.adjusted(replace(config.FAE, data=DataConfig(digits=100)), training={"epochs": 1})
Told = dict[str, object]


class Honest:
    """A visitor who moves the slider every half second as long as the block lasts."""

    def __init__(self, url: str) -> None:
        self._visitor = Visitor(url)
        self.waits: list[float] = []
        self.asked = 0.0

    async def __aenter__(self) -> Honest:
        await self._visitor.__aenter__()
        await self._visitor.open()
        for level in (0.2, 0.4, 0.6):  # what is drawn once for everybody is drawn now
            await self._visitor.move(SLIDER, level)
        self._moving = asyncio.create_task(self._move())
        return self

    async def _move(self) -> None:
        for i in range(10_000):
            began = self.asked = time.perf_counter()
            await self._visitor.move(SLIDER, (0.2, 0.4, 0.6)[i % 3])
            self.waits.append(time.perf_counter() - began)
            self.asked = 0.0
            await asyncio.sleep(max(0.0, 0.5 - self.waits[-1]))

    async def __aexit__(self, *_error: object) -> None:
        self._moving.cancel()
        await self._visitor.__aexit__(None, None, None)

    def told(self) -> Told:
        still = [time.perf_counter() - self.asked] if self.asked else []  # one not answered yet counts, too
        waits = sorted(1000 * wait for wait in [*self.waits, *still]) or [0.0]
        at = {share: round(waits[int(share * (len(waits) - 1))]) for share in (0.5, 0.95, 1.0)}
        return {"waits_ms": list(at.values()), "moves": len(self.waits)}


def memory(app: App) -> float:
    return psutil.Process(app.process.pid).memory_info().rss / 1e6


async def beside_honest(app: App, attack: Callable[[], Awaitable[Told]], after: float = 0.0) -> Told:
    """The attack beside an honest visitor: their waits, the server's memory, what the attack tells."""
    async with Honest(app.url) as honest:
        await asyncio.sleep(5)
        calm, before = max(honest.waits), memory(app)
        honest.waits.clear()
        over, most = asyncio.Event(), [before]

        async def watch() -> None:
            while not over.is_set():
                most.append(memory(app))
                await asyncio.sleep(0.1)

        watching = asyncio.create_task(watch())
        told = await attack()
        await asyncio.sleep(2)
        waits = honest.told()
        await asyncio.sleep(after)
        over.set()
        await watching
    return {"memory_mb": [round(before), round(max(most)), round(memory(app))], **waits,
            "calm_ms": round(1000 * calm), **told}  # fmt: skip


async def opened(url: str, count: int, page: str = "", query: str = "") -> list[Visitor]:
    visitors = [Visitor(url, page, query, cookie()) for _ in range(count)]
    for visitor in visitors:
        await visitor.__aenter__()
        await visitor.open()
    return visitors


async def leave(visitors: Sequence[Visitor]) -> None:
    """All close their tabs. One that has not read what it was sent is waited for ten seconds."""
    await asyncio.gather(*(visitor.__aexit__(None, None, None) for visitor in visitors))


# The attacks


async def frames(app: App) -> Told:
    """Four messages of 24 MB, each of them a widget's value that becomes lists in Python."""

    async def attack() -> Told:
        refused = 0
        for visitor in await opened(app.url, 4):
            state = visitor.slider(SLIDER).id
            value = "[" + "[]," * 8_000_000 + "0]"
            asked = ClientState(page_script_hash=visitor.script)
            asked.widget_states.widgets.append(WidgetState(id=state, json_value=value))
            try:
                await visitor.send(asked)
                await asyncio.wait_for(visitor.next(), 10)
            except (websockets.exceptions.ConnectionClosed, TimeoutError):
                refused += 1
            await visitor.__aexit__(None, None, None)
        return {"refused": f"{refused} of 4"}

    return await beside_honest(app, attack, after=30)


async def reruns(app: App) -> Told:
    """Eight connections with 2,000 moves each that wait."""

    async def attack() -> Told:
        visitors = await opened(app.url, 8)
        began = time.monotonic()

        async def flood(visitor: Visitor) -> None:
            state = ClientState(page_script_hash=visitor.script)
            slider = WidgetState(id=visitor.slider(SLIDER).id)
            for i in range(2_000):
                del slider.double_array_value.data[:]
                slider.double_array_value.data.append((i % 20) / 20)
                del state.widget_states.widgets[:]
                state.widget_states.widgets.append(slider)
                await visitor.send(state)

        async def drain(visitor: Visitor) -> None:
            until = time.monotonic() + 45
            while time.monotonic() < until:
                try:
                    await asyncio.wait_for(visitor.next(), 3)
                except (TimeoutError, websockets.exceptions.ConnectionClosed):
                    return

        floods = [asyncio.create_task(flood(visitor)) for visitor in visitors]
        await asyncio.gather(*(drain(visitor) for visitor in visitors))
        for task in floods:
            task.cancel()
        await leave(visitors)
        return {"seconds": round(time.monotonic() - began)}

    return await beside_honest(app, attack)


async def errands(app: App) -> Told:
    """A thousand wishes for a file of a run to be made."""

    async def attack() -> Told:
        visitor = Visitor(app.url, "runs", query="compare=DAE+30,+noise+0.4,+12+epochs,+fac2f2")
        await visitor.__aenter__()
        await visitor.open()
        ids = [
            element.download_button.deferred_file_id
            for element in visitor.elements.values()
            if element.WhichOneof("type") == "download_button" and element.download_button.deferred_file_id
        ]
        before = sum(psutil.Process(app.process.pid).cpu_times()[:2])
        for i in range(1_000):
            said = BackMsg()
            said.backend_operation_request.request_id = f"{i}"
            said.backend_operation_request.session_id = visitor.session
            said.backend_operation_request.deferred_file.file_id = ids[0] if ids else ""
            await visitor._socket.send(said.SerializeToString())
        await asyncio.sleep(20)
        spent = sum(psutil.Process(app.process.pid).cpu_times()[:2]) - before
        await visitor.__aexit__(None, None, None)
        return {"files": len(ids), "processor_seconds": round(spent, 1)}

    return await beside_honest(app, attack)


def large_runs(count: int) -> list[bytes]:
    """Files of runs of the largest network that the dials can make."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        largest = {"latent_size": 256, "hidden_sizes": (512, 256)}
        found = []
        for seed in range(count):
            run = config.adjusted(QUICK, model=largest, training={"seed": seed})
            for _event in record_training(run, store, load_digits(run.data)):
                pass
            found.append(run_file.export_run(store, config.run_id(run)))
        return found


def unpacked_large(file: bytes) -> bytes:
    """The same run with 118 MB of zeros for weights, which pack to little, and settings that ask for them."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    vast = config.adjusted(QUICK, model={"latent_size": 256, "hidden_sizes": (2048,) * 4})
    said = io.BytesIO()
    with zipfile.ZipFile(said, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if name == WEIGHTS:
                content = bytes(118_000_000)
            elif name == CONFIG:
                content = config.to_json(vast).encode()
            archive.writestr(name, content)
    return said.getvalue()


async def imports(app: App) -> Told:
    """Twelve uploads at once of runs as large as the dials make them, then twelve that unpack to 118 MB."""
    large = large_runs(12)
    vast = unpacked_large(large[0])

    async def attack() -> Told:
        visitors = await opened(app.url, 12, "runs")
        began = time.monotonic()
        await asyncio.gather(
            *(
                visitor.upload("runs_upload", "run.zip", file)
                for visitor, file in zip(visitors, large, strict=True)
            )
        )
        taken = sum(1 for _ in app.store.uploads()[0])
        await asyncio.gather(*(visitor.upload("runs_upload", "run.zip", vast) for visitor in visitors))
        refused = sum("more weights, or takes more time" in visitor.text() for visitor in visitors)
        await leave(visitors)
        return {
            "seconds": round(time.monotonic() - began), "taken": taken, "refused": refused,
            "kilobytes": [round(len(file) / 1e3) for file in (large[0], vast)],
        }  # fmt: skip

    return await beside_honest(app, attack, after=30)


async def photographs(app: App) -> Told:
    """Ten visitors with PNGs of 6,000 × 6,000 at 16 bits, again and again; one with a small picture."""
    ramp = np.add.outer(np.arange(6_000), np.arange(6_000)).astype(np.uint16) * 5
    file = io.BytesIO()
    Image.fromarray(ramp).save(file, "PNG", compress_level=1)
    large = file.getvalue()

    async def attack() -> Told:
        visitors = await opened(app.url, 11, "your_digit", "digit_source=Upload")
        *strangers, honest = visitors
        over = asyncio.Event()

        async def bring(visitor: Visitor) -> None:
            while not over.is_set():
                await visitor.upload("own_file", "large.png", large)

        tasks = [asyncio.create_task(bring(visitor)) for visitor in strangers]
        await asyncio.sleep(2)
        seconds = []
        for i in range(5):
            began = time.monotonic()
            await honest.upload("own_file", f"{i}.png", picture(i))
            seconds.append(round(time.monotonic() - began, 1))
            await asyncio.sleep(2)
        over.set()
        for task in tasks:
            task.cancel()
        await leave(visitors)
        return {"megabytes": round(len(large) / 1e6, 1), "honest_picture_seconds": seconds}

    return await beside_honest(app, attack, after=30)


def cookie() -> str:
    """A cookie as Streamlit's, of a browser that nobody has."""
    return f"_streamlit_xsrf=2|{secrets.token_hex(4)}|{secrets.token_hex(16)}|{int(time.time())}"


async def line(app: App) -> Told:
    """Trainings for 67 forged cookies, three each, all from one address; then an honest one from another."""
    takes_address = "address" in jobs.submit_training.__code__.co_varnames
    refusals: list[str] = []

    def ask(seed: int, visitor: str, address: str) -> bool:
        run = config.adjusted(QUICK, training={"seed": seed, "epochs": 200})
        try:
            more = {"address": address} if takes_address else {}
            jobs.submit_training(run, app.store, visitor, **more)
        except LabError as problem:
            refusals.append(str(problem))
            return False
        return True

    began = time.monotonic()
    taken = await asyncio.to_thread(lambda: sum(ask(i, f"{i // 3:016x}", "one client") for i in range(201)))
    filled = time.monotonic() - began
    honest = config.adjusted(QUICK, training={"seed": 999})
    more = {"address": "home"} if takes_address else {}
    try:
        jobs.submit_training(honest, app.store, "honest", **more)
        began, name, started = time.monotonic(), config.run_id(honest), math.inf
        while not app.store.has_own(name) and time.monotonic() - began < 180:
            if math.isinf(started) and runs_history.status_of(name, app.store) == "running":
                started = time.monotonic() - began
            await asyncio.sleep(0.1)
        waited = f"begun after {started:.0f} s, trained after {time.monotonic() - began:.0f} s"
    except LabError as problem:
        waited = f"refused: {problem}"
    for ticket in tickets.tickets_in_line(app.store):
        tickets.remove_ticket(app.store, ticket.run_id)
    return {"taken": taken, "seconds": round(filled, 1), "honest": waited, "told": refusals[-1:]}


def trickle_socket(app: App, place: str) -> socket.socket:
    """An upload that has begun and goes on by single bytes."""
    with urllib.request.urlopen(f"{app.url}/_stcore/health") as answer:
        token = re.search(r"_streamlit_xsrf=([^;]+)", answer.headers["set-cookie"])[1].strip('"')
    sender = socket.create_connection(("127.0.0.1", app.port))
    head = (
        f"PUT {place} HTTP/1.1\r\nHost: 127.0.0.1:{app.port}\r\nContent-Length: 1000000\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nCookie: _streamlit_xsrf={token}\r\n"
        f'X-Xsrftoken: {token}\r\n\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
    )
    sender.sendall(head.encode())
    return sender


async def trickle(app: App) -> Told:
    """Four uploads at a byte every few seconds, which go on when their websockets are closed."""
    visitors = await opened(app.url, 4, "your_digit")
    places = [(await visitor.ask_for_places(1))[0].upload_url for visitor in visitors]
    senders = [trickle_socket(app, place) for place in places]
    await asyncio.sleep(1)
    (honest,) = await opened(app.url, 1, "your_digit")
    (place,) = await honest.ask_for_places(1)
    waits = []
    began = time.monotonic()
    while time.monotonic() - began < 40:
        for sender in senders:
            with suppress(OSError):
                sender.send(b"x")
        status = await asyncio.to_thread(honest.bring, place.upload_url, b"x" * 100)
        waits.append(status)
        if status == 204:
            break
    await leave([*visitors, honest])
    return {"honest_seconds": round(time.monotonic() - began), "answers": waits}


async def silent(app: App) -> Told:
    """Six websockets that say nothing, at a bound of five: seconds until an honest visitor comes in."""
    address = f"ws://127.0.0.1:{app.port}/_stcore/stream"
    held = []
    for _ in range(8):
        try:
            held.append(await websockets.connect(address, subprotocols=["streamlit"], ping_interval=None))
        except websockets.exceptions.InvalidStatus:
            break
    began = time.monotonic()
    while time.monotonic() - began < 40:
        asked = urllib.request.Request(app.url, headers={"Accept": "text/html"})
        try:
            with await asyncio.to_thread(urllib.request.urlopen, asked):
                return {"held": len(held), "honest_seconds": round(time.monotonic() - began)}
        except urllib.error.HTTPError:
            await asyncio.sleep(1)
    return {"held": len(held), "honest_seconds": "more than 40"}


async def leavers(app: App) -> Told:
    """Forty visitors with 2 MB of their own in the session, who close the tab: memory a minute later."""

    async def attack() -> Told:
        visitors = await opened(app.url, 40)
        for visitor in visitors:
            state = ClientState(page_script_hash=visitor.script)
            text = json.dumps({"found": {"picture_1": secrets.token_hex(1_000_000)}})
            memory_id = next(
                (
                    element.bidi_component.id
                    for element in visitor.elements.values()
                    if element.WhichOneof("type") == "bidi_component"
                ),
                visitor.slider(SLIDER).id,
            )
            state.widget_states.widgets.append(WidgetState(id=memory_id, json_value=text))
            await visitor.send(state)
        await asyncio.sleep(5)
        inside = memory(app)
        await leave(visitors)
        await asyncio.sleep(60)
        return {"inside_mb": round(inside), "a_minute_later_mb": round(memory(app))}

    return await beside_honest(app, attack)


async def hung(app: App) -> Told:
    """The training process stopped by SIGSTOP with one training in the line: what /health says, and when."""
    jobs.submit_training(config.adjusted(config.FAE, training={"epochs": 200}), app.store, "somebody")
    while not cluster.read_process(app.store) or not cluster.is_cluster_running(app.store):
        await asyncio.sleep(0.2)
    await asyncio.sleep(10)
    pid = cluster.read_process(app.store)["pid"]
    os.kill(pid, signal.SIGSTOP)
    began, words = time.monotonic(), ""
    try:
        while time.monotonic() - began < 90:
            try:
                with urllib.request.urlopen(f"{app.url}/health", timeout=30) as answer:
                    words = answer.read().decode()
            except urllib.error.HTTPError as refusal:
                words = refusal.read().decode()
                break
            await asyncio.sleep(1)
    finally:
        os.kill(pid, signal.SIGCONT)
    return {"seconds": round(time.monotonic() - began), "health": words}


async def history(app: App) -> Told:
    """A run whose result claims no digits and 9e14 seconds among the trained ones: what Train says then."""
    run = config.adjusted(QUICK, training={"seed": 77})
    app.store.start_log(run)
    weights = SimpleNamespace(state_dict=dict)
    result = {"train_seconds": 9e14, "dataset": {"name": "mnist", "train": 0, "test": 1}, "test": {}}
    app.store.commit(run, weights, result)
    try:
        seconds = jobs.expected_seconds(config.adjusted(QUICK, training={"seed": 78}), app.store)
        return {"expected_seconds": round(seconds, 1)}
    except Exception as problem:
        return {"expected_seconds": repr(problem)}


ATTACKS = {
    "frames": frames, "reruns": reruns, "errands": errands, "imports": imports,
    "photographs": photographs, "line": line, "trickle": trickle,
    "silent": silent, "leave": leavers, "hung": hung, "history": history,
}  # fmt: skip
SETTINGS = {"silent": {"AE_LAB_MAX_VISITORS": "5"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ATTACKS, []])
    options = parser.parse_args()
    for name in options.names or ATTACKS:
        with tempfile.TemporaryDirectory() as folder, App(Path(folder), **SETTINGS.get(name, {})) as app:
            try:
                told = asyncio.run(ATTACKS[name](app))
            except Exception as problem:
                told = {"ended": repr(problem)}
        print(f"{name}: {json.dumps(told)}", flush=True)


if __name__ == "__main__":
    main()
