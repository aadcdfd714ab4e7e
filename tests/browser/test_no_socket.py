"""Where a network blocks WebSockets the page says so, and what to try."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_without_websockets_the_page_says_so_after_ten_seconds_and_what_to_try(page, app):
    page.route_web_socket(re.compile("_stcore/stream"), lambda socket: socket.close())
    page.clock.install(time=0)
    page.clock.pause_at(1)  # however long the page takes to load
    page.goto(f"{app.url}/denoising")
    note = page.get_by_role("alert").filter(has_text="not its live connection")
    page.clock.run_for(9_000)
    expect(note).to_have_count(0)
    page.clock.run_for(4_000)
    expect(note).to_be_visible()
    expect(note).to_contain_text("seems to block WebSockets")
    expect(note).to_contain_text("Try another network")
    expect(note).not_to_contain_text("does not answer at the moment", use_inner_text=True)


def test_with_them_there_is_no_such_note(page, app):
    page.clock.install()
    page.goto(f"{app.url}/reading")
    expect(page.get_by_role("heading").first).to_be_visible()
    page.clock.run_for(15_000)
    expect(page.get_by_text("not its live connection")).to_have_count(0)
