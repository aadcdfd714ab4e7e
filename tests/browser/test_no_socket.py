"""Where a network blocks WebSockets the page says so, and what to try."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect


def test_without_websockets_the_page_says_so_after_ten_seconds_and_what_to_try(page, app):
    page.route_web_socket(re.compile("_stcore/stream"), lambda socket: socket.close())
    began = time.monotonic()
    page.goto(f"{app.url}/denoising")
    note = page.locator(".lab-no-socket")
    expect(note).to_be_visible()
    assert time.monotonic() - began > 9.5
    expect(note).to_contain_text("seems to block WebSockets", use_inner_text=True)
    expect(note).to_contain_text("Try another network", use_inner_text=True)
    expect(note).not_to_contain_text("does not answer at the moment", use_inner_text=True)


def test_with_them_there_is_no_such_note(page, app):
    page.goto(f"{app.url}/reading")
    expect(page.get_by_role("heading").first).to_be_visible()
    page.wait_for_timeout(11_500)
    expect(page.locator(".lab-no-socket")).to_have_count(0)
