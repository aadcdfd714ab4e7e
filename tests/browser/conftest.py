"""One Chromium and one server for all the files of this folder that a process of the tests runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import real_browser, warm_app
from tests.support.browser import App, Tabs


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with real_browser() as opened:
        yield opened


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[App]:
    with warm_app(tmp_path_factory.mktemp("app"), browser) as running:
        yield running


@pytest.fixture(scope="package")
def all_tabs(browser: Browser) -> Tabs:
    return Tabs(browser)
