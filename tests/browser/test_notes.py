"""The speaker's notes in a second window of the presenter's browser, in a real Chromium."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from pages.shared.frame import notes
from tests.browser.test_browser_access import findings, listens
from tests.browser.test_pages_in_browser import go


def test_the_notes_follow_the_presenters_window(tabs, app):
    """One page load of each window for all that the notes promise."""
    second = tabs.open()
    told: list[object] = []
    second.on("websocket", lambda socket: socket.on("framesent", lambda frame: told.append(frame)))
    second.goto(f"{app.url}/?notes=1")
    text, title = second.locator(".lab-notes-text"), second.locator("h1.lab-notes-title")
    expect(text).to_contain_text("No window of this browser presents yet")
    first = tabs.open()
    go(first, app, "reading?present=1")
    listens(first)
    written = notes.read_notes()["reading"]
    expect(title).to_have_text("The Keras.io example")
    expect(text).to_have_text(written["keras"])
    figures = second.locator(".lab-notes-value")
    expect(figures.nth(0)).to_have_text("The papers")
    expect(figures.nth(1)).to_have_text(re.compile(r"^\d:\d\d$"))
    expect(figures.nth(2)).to_have_text(re.compile(r"^\d\d:\d\d"))
    assert findings(second) == []

    assert told  # while the page came
    told.clear()
    first.keyboard.press("PageDown")
    expect(text).to_have_text(written["papers"])
    second.bring_to_front()
    second.keyboard.press("PageDown")  # a clicker whose keys arrive here
    expect(text).to_have_text(written["after"])
    expect(first).to_have_url(re.compile("#after$"))
    assert told == []  # a step costs the server nothing

    late = tabs.open()  # asks for what is shown when it opens
    late.goto(f"{app.url}/comparison?notes=1")
    expect(late.locator(".lab-notes-text")).to_have_text(written["after"])
    for name in ("lines", "words", "turn"):
        second.keyboard.press("PageDown")
        expect(text).to_have_text(written[name])
    expect(figures.nth(0)).to_have_text("the end of the path")
    for _ in written:
        second.keyboard.press("PageUp")
    expect(second.locator(".lab-notes-where")).to_contain_text("Latent space")
