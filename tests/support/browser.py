"""The app started as the README says, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from playwright.sync_api import Browser, BrowserType, Page, Playwright

from ae_core.runs.store import Store
from ae_core.service import jobs

PROJECTOR, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
LARGE_PROJECTOR = {"width": 1920, "height": 1080}
PROJECT = Path(__file__).resolve().parents[2]
# Nobody answers there: the test hands the page over. It is of the same site as each server on this machine.
OPENER = "http://127.0.0.1/opener"
# What a network in the browser has drawn, once it has.
LIVING = ".lab-living canvas"
# Everything that networks have drawn in the browser, and the pictures in Plotly figures, as texts.
PICTURES = """[
    ...[...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")].flatMap(
        (host) => [...(host.shadowRoot?.querySelectorAll("canvas") ?? [])].map((each) => each.toDataURL())
    ),
    ...[...document.querySelectorAll(".js-plotly-plot image")].map((each) => each.getAttribute("href")),
]"""
# Without these Chromium looks up its maker's hosts; as root it needs to be told to run without its sandbox.
CHROMIUM_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class App:
    """`streamlit run app.py` on a free port with its store in `folder`, until the block ends.

    Its training process ends with it, unless `end_cluster` is False. A `copy` shares another's store.
    """

    def __init__(self, folder: Path, copy: str = "", **environment: str) -> None:
        self.store = Store(folder / "store")
        self.log = folder / f"app{copy}.log"
        self.environment = environment
        self.end_cluster = True
        self.port = free_port()
        base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
        self.url = f"http://127.0.0.1:{self.port}" + (f"/{base}" if base else "")

    def __enter__(self) -> App:
        self.start()
        return self

    def start(self) -> None:
        """Start it, or start it again on its port once it was killed. TimeoutError after two minutes."""
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AE_LAB_")}
        surroundings |= {"AE_LAB_STORE": str(self.store.root), **self.environment}
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "app.py",
            "--server.port",
            str(self.port),
            "--server.headless",
            "true",
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=PROJECT, env=surroundings, stdout=log, stderr=log)
        try:
            wait_until_up(self.url)
        except TimeoutError as problem:
            raise TimeoutError(f"the app did not come up:\n{self.log.read_text()}") from problem

    def kill(self, how: signal.Signals) -> None:
        """End it as a machine that fails does (SIGKILL), or as a service manager asks it to (SIGTERM)."""
        self.process.send_signal(how)
        self.process.wait(timeout=30)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        if self.end_cluster:
            jobs.stop_cluster(self.store)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until_up(url: str, seconds: float = 120) -> None:
    """Wait until the server at `url` says that it is well. TimeoutError when it has not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nobody answers at {url}")


def chromium_path(kind: BrowserType) -> str | None:
    """Debian's Chromium, or the one that Playwright brought, or None."""
    own = kind.executable_path
    return (
        shutil.which("chromium") or shutil.which("chromium-browser") or (own if Path(own).exists() else None)
    )


def chromium(playwright: Playwright) -> Browser:
    """A headless Chromium; RuntimeError where there is none."""
    path = chromium_path(playwright.chromium)
    if path is None:
        raise RuntimeError(
            "there is no Chromium here: install Debian's package chromium, or run "
            "`playwright install chromium`"
        )
    return launched(playwright.chromium)


def launched(kind: BrowserType, *more_flags: str) -> Browser:
    """A headless Chromium with these flags besides the usual ones."""
    flags = (
        [*CHROMIUM_FLAGS, "--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else CHROMIUM_FLAGS
    )
    return kind.launch(executable_path=chromium_path(kind), args=[*flags, *more_flags])


class Tabs:
    """Tabs of one Chromium, each as new as in a browser of its own, and quick to open.

    Tabs with equal options share a process that has Streamlit's scripts compiled: a page costs 1.2 s of
    processor time instead of 2.3. What a visitor could leave behind there goes with `clear`.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._openers: dict[str, Page] = {}
        self._asked: list[str] = []

    def open(self, **options: Any) -> Page:
        """A new tab. options: of `Browser.new_context`; a projector's window where they name no viewport."""
        options = {"viewport": PROJECTOR, **options}
        key = repr(sorted(options.items()))
        if key not in self._openers:
            context = self._browser.new_context(**options)
            context.on("request", lambda request: self._asked.append(request.url))
            context.route(
                OPENER,
                lambda route: route.fulfill(body="<title>opens tabs</title>", content_type="text/html"),
            )
            self._openers[key] = context.new_page()
            self._openers[key].goto(OPENER)
            context.unroute(OPENER)  # as long as anything is routed, Chromium keeps no cache
            self._asked.clear()
        opener = self._openers[key]
        with opener.context.expect_page() as opened:
            opener.evaluate("() => { window.open('about:blank') }")
        tab = opened.value
        tab.set_default_timeout(60_000)
        return tab

    def clear(self) -> list[str]:
        """Every address asked since the last time. Closes all tabs and forgets what visitors left."""
        origins = {"/".join(url.split("/")[:3]) for url in self._asked if url.startswith("http")}
        for opener in self._openers.values():
            for tab in opener.context.pages:
                if tab is not opener:
                    tab.close()
            opener.context.clear_cookies()
            opener.context.clear_permissions()
            session = opener.context.new_cdp_session(opener)
            for origin in origins:
                session.send(
                    "Storage.clearDataForOrigin",
                    {"origin": origin, "storageTypes": "local_storage,indexeddb"},
                )
            session.detach()
        asked, self._asked = self._asked, []
        return asked


def rebuilt_picture(page: Page) -> str | None:
    """The data address of the newest reconstruction on the page while it trains."""
    newest = "img[alt^='reconstruction after']"
    address: str | None = page.evaluate("newest => document.querySelector(newest)?.src", newest)
    return address


def pictures(page: Page) -> list[str]:
    """What `PICTURES` finds on the page now; equal texts are equal pictures."""
    found: list[str] = page.evaluate(PICTURES)
    return found


def picture_changes_after(page: Page, act: Callable[[], object], timeout: float = 10_000) -> float:
    """Seconds from `act` until one of `pictures` shows other pixels."""
    before = pictures(page)
    started = time.monotonic()
    act()
    page.wait_for_function(
        f"before => {{ const now = {PICTURES}; return now.length && now.join() !== before.join() }}",
        arg=before,
        timeout=timeout,
    )
    return time.monotonic() - started


def come_to_rest(page: Page) -> None:
    """Wait until the server has done what the hand asked for: a hand pauses, too."""
    page.wait_for_timeout(400)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
