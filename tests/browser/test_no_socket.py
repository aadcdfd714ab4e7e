"""Where a network blocks WebSockets the page says so, and what to try."""

from __future__ import annotations

import re
import signal
import time

import pytest
from playwright.sync_api import Page, expect

# Streamlit's skeleton comes half a second after the empty element in which it stands.
LATE_SKELETON = """
    const { setTimeout } = window;
    window.setTimeout = (act, wait, ...more) => setTimeout(act, wait === 500 ? 4000 : wait, ...more);
"""


def block_websockets(page: Page) -> None:
    page.route_web_socket(re.compile("_stcore/stream"), lambda socket: socket.close())


@pytest.mark.parametrize("browser_has", ["", "AbortSignal.timeout = undefined"], ids=["new", "old"])
def test_without_websockets_the_page_says_so_after_ten_seconds_and_what_to_try(page, app, browser_has):
    page.add_init_script(browser_has)
    block_websockets(page)
    began = time.monotonic()
    page.goto(f"{app.url}/denoising")
    note = page.locator(".lab-no-socket")
    expect(note).to_be_visible()
    assert time.monotonic() - began > 9.5
    expect(note).to_contain_text("seems to block WebSockets", use_inner_text=True)
    expect(note).to_contain_text("Try another network", use_inner_text=True)
    expect(note).not_to_contain_text("does not answer at the moment", use_inner_text=True)


def test_an_element_with_nothing_in_it_is_no_sign_of_a_connection(page, app):
    block_websockets(page)
    page.add_init_script(LATE_SKELETON)
    page.goto(f"{app.url}/denoising")
    element = page.locator("[data-testid=stMain] [data-testid=stElementContainer]")
    element.wait_for(state="attached")
    assert element.inner_html() == ""
    expect(page.locator(".lab-no-socket")).to_be_visible()


def test_a_server_that_stops_answering_is_said_to(page, app):
    block_websockets(page)
    page.goto(f"{app.url}/denoising")
    note = page.locator(".lab-no-socket")
    app.process.send_signal(signal.SIGSTOP)
    try:
        expect(note).to_contain_text("does not answer at the moment", use_inner_text=True)
    finally:
        app.process.send_signal(signal.SIGCONT)
    expect(note).to_contain_text("seems to block WebSockets", use_inner_text=True)


def test_with_them_there_is_no_such_note(page, app):
    page.goto(f"{app.url}/reading")
    expect(page.get_by_role("heading").first).to_be_visible()
    page.wait_for_timeout(11_500)
    expect(page.locator(".lab-no-socket")).to_have_count(0)
