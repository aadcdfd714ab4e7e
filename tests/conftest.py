"""What tests stand on: the digits, a store of their own, nothing of the developer's environment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from ae_core import data
from ae_core.config import DataConfig
from ae_core.data import Digits
from ae_core.runs.store import Store
from ae_core.training import use_one_thread
from pages.shared import session
from tests.support.browser import App, Tabs, chromium, chromium_path
from tests.support.service import clusters_below

PROJECT = Path(__file__).resolve().parents[1]
SLOW = (
    "tests/chaos/",
    "tests/browser/",
    "tests/service/test_external",
    "tests/core/test_command_line",
    "tests/service/test_jobs",
)


# What takes long, for `-m long`: an ordinary run stays below eight minutes on two cores without it.
LONG = (
    "tests/chaos/",
    "tests/browser/test_browser_access.py",
    "tests/browser/test_browser_digit.py",
    "tests/browser/test_browser_latent.py",
    "tests/browser/test_browser_links.py",
    "tests/browser/test_browser_odd.py",
    "tests/browser/test_browser_phone.py",
    "tests/browser/test_in_a_frame.py",
    "tests/browser/test_no_socket.py",
    "tests/browser/test_notes.py",
    "tests/browser/test_room.py",
    "tests/browser/test_browser_noise.py::test_one_click_trains_the_pair",
    "tests/browser/test_browser_path.py",
    "tests/browser/test_living.py::test_every_network_makes",
    "tests/browser/test_pages_in_browser.py::test_a_training_survives",
    "tests/browser/test_pages_in_browser.py::test_train_again",
    "tests/browser/test_pages_in_browser.py::test_two_browsers",
    "tests/room/test_routes.py::test_codes_cannot_be_guessed",
    "tests/room/test_routes.py::test_a_server_that_is_told",
    "tests/room/test_routes.py::test_two_copies",
    "tests/room/test_routes.py::test_a_full_lab",
    "tests/service/test_external.py",
    "tests/service/test_hang.py",
    "tests/core/test_command_line.py::test_two_who_train",
    "tests/core/test_command_line.py::test_ctrl_c",
    "tests/core/test_command_line.py::test_the_training_process",
    "tests/pages/test_class.py",
    "tests/pages/test_every_dial.py",
    "tests/pages/test_left_sessions.py",
    "tests/pages/test_strangers.py",
    "tests/pictures/test_photos.py",
    "tests/pictures/test_preparation.py::test_mnists_digits",
    "tests/runs/test_notebook.py::test_without_the_lab",
    "tests/runs/test_run_file.py::test_a_run_of_every_preset",
    "tests/test_package.py",
    "tests/test_shortest_program.py",
)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what takes long."""
    if item.nodeid.startswith(LONG):
        item.add_marker("long")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--chaos full` causes each fault of tests/chaos as often as docs/faults.md says."""
    parser.addoption(
        "--chaos",
        choices=("short", "full"),
        default="short",
        help="how often to cause each fault (default: short)",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that no process waits long at the end; those of one folder together."""
    items.sort(
        key=lambda item: next((i for i, start in enumerate(SLOW) if item.nodeid.startswith(start)), len(SLOW))
    )


@pytest.fixture
def full_form(request: pytest.FixtureRequest) -> None:
    """For tests that take long and whose like is among the short ones."""
    if request.config.getoption("--chaos") != "full":
        pytest.skip("only in the full form: --chaos full")


@pytest.fixture(scope="session", autouse=True)
def components_looked_for_once() -> Iterator[None]:
    """What packages bring components is found out once a process, as a server does, not by each `AppTest`.

    It reads what all installed packages say of themselves: half the time of a page's test.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def every_training_process_ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves one running: it would take time from all that come after."""
    yield
    _, left = psutil.wait_procs(clusters_below(tmp_path_factory.getbasetemp()), timeout=30)
    told = [process.cmdline() for process in left]
    for process in left:
        process.kill()  # what it has started ends with it
    assert told == []


@pytest.fixture(autouse=True)
def own_surroundings(
    tmp_path: Path, cache_dir: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test sees the developer's store; the digits need not be unpacked again."""
    use_one_thread()
    (tmp_path / "default_store").mkdir()
    (tmp_path / "default_store" / "cache").symlink_to(cache_dir)
    monkeypatch.delenv("AE_LAB_DATA_DIR", raising=False)
    monkeypatch.delenv("AE_LAB_SCHEDULER", raising=False)
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path / "default_store"))
    # A page takes the main module's place while it runs: processes that a later test starts would run it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where MNIST lies unpacked, once for all test processes. A test that spoils it makes a copy first."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return shared / "cache"


@pytest.fixture(scope="session")
def digits(cache_dir: Path) -> Digits:
    """All of MNIST, mapped into memory: 60,000 digits to learn from, 10,000 held back."""
    return data.load_digits(cache_dir=cache_dir)


@pytest.fixture(scope="session")
def few_digits(digits: Digits) -> Digits:
    """Genuine digits, few enough for a training of a second."""
    few = data.select_digits(digits, DataConfig(digits=512))
    return replace(few, test_nhw=few.test_nhw[:100], test_labels_n=few.test_labels_n[:100])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A writable store of this test's own, with the shipped runs behind it."""
    return Store(tmp_path / "store")


def widget_key(page: AppTest, name: str) -> str:
    """The key that a dial has now: its name, or another one for each value that buttons change too."""
    return (
        dict(page.session_state[session.WIDGET_KEYS]).get(name, name)
        if session.WIDGET_KEYS in page.session_state
        else name
    )


# In a real Chromium


@contextmanager
def real_browser() -> Iterator[Browser]:
    """A Chromium, closed at the end; skips where there is none, unless REQUIRE_BROWSER is set."""
    with sync_playwright() as playwright:
        if chromium_path(playwright.chromium) is None and not os.environ.get("REQUIRE_BROWSER"):
            pytest.skip("there is no Chromium here; install one, or see the failure with REQUIRE_BROWSER=1")
        # The first training waits for its process to come up.
        expect.set_options(timeout=60_000)
        opened = chromium(playwright)
        yield opened
        opened.close()


@contextmanager
def warm_app(folder: Path, browser: Browser) -> Iterator[App]:
    """The app with a store in `folder`, once it has shown its first page."""
    with App(folder) as running:
        # A link to a page below the home page is the first thing this fresh server is asked for.
        page = browser.new_page()
        page.goto(f"{running.url}/comparison", timeout=120_000)
        expect(page.get_by_test_id("stTopNav")).to_be_visible(timeout=120_000)
        page.close()
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with real_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[App]:
    with warm_app(tmp_path_factory.mktemp("app"), browser) as running:
        yield running


@pytest.fixture(scope="module")
def all_tabs(browser: Browser) -> Tabs:
    """The tabs of all tests that share the browser."""
    return Tabs(browser)


@pytest.fixture
def tabs(all_tabs: Tabs) -> Iterator[Tabs]:
    """Opens tabs, new ones for each test, which fails if one asks anything outside this machine."""
    yield all_tabs
    asked = all_tabs.clear()
    outside = [
        url for url in asked if not re.match(r"(data:|blob:|file:|(https?|wss?)://127\.0\.0\.1[:/])", url)
    ]
    assert outside == [], "the lab must work with no network"


@pytest.fixture
def page(tabs: Tabs) -> Page:
    """A new tab."""
    return tabs.open()
