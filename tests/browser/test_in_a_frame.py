"""The lab in another site's frame, in a browser that keeps and sends no cookie of third parties."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Frame, FrameLocator, Page, expect

from ae_core.data import Digits
from tests.browser.test_browser_digit import saved, sheet
from tests.support.browser import PROJECTOR, App, launched

OTHER_SITE = """<!doctype html><title>Another site</title>
<iframe src="{url}" allow="camera" style="width: 1240px; height: 760px"></iframe>"""


@pytest.fixture(scope="module")
def strict_browser(browser: Browser) -> Iterator[Browser]:
    """A Chromium that blocks the cookies and the storage of third parties."""
    opened = launched(browser.browser_type, "--test-third-party-cookie-phaseout")
    yield opened
    opened.close()


@pytest.fixture
def framed(strict_browser: Browser, app: App) -> Iterator[Page]:
    """A page of `localhost`, another site than 127.0.0.1, with the lab's page Your digit in a frame."""

    class OtherSite(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(OTHER_SITE.format(url=f"{app.url}/your_digit?embed=true").encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), OtherSite)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = strict_browser.new_page(viewport=PROJECTOR)
    page.set_default_timeout(60_000)
    page.goto(f"http://localhost:{server.server_port}/")
    yield page
    page.close()
    server.shutdown()
    server.server_close()


def the_lab(page: Page, app: App) -> tuple[FrameLocator, Frame]:
    lab = page.frame_locator("iframe")
    lab.locator(".paper canvas").last.wait_for()
    (frame,) = [frame for frame in page.frames if frame.url.startswith(app.url)]
    return lab, frame


def test_files_are_taken_and_the_way_to_the_next_page_stays(framed, app, digits: Digits):
    answers = []
    framed.on(
        "response", lambda answer: answers.append(answer.status) if "upload_file" in answer.url else None
    )
    lab, frame = the_lab(framed, app)
    assert frame.evaluate("document.cookie") == "", "the browser keeps no cookie of third parties"
    lab.locator(".st-key-digit_source").get_by_text("Upload", exact=True).click()
    lab.locator("input[type=file]").first.set_input_files(
        {"name": "3.png", "mimeType": "image/png", "buffer": saved(sheet(digits, 3), "PNG")}
    )
    expect(lab.locator(".lab-tray .count")).to_have_text("Digit 1 of 1")
    assert answers == [204]
    lab.get_by_text("Next:").first.click()
    expect(lab.get_by_text("Step 1 of 9")).to_be_visible()
    assert frame.url.startswith(f"{app.url}/?embed")
    assert "embed=true" in frame.url
    expect(lab.get_by_text("Next:").first).to_be_attached()


def test_the_board_takes_strokes(framed, app):
    lab, _ = the_lab(framed, app)
    board = lab.locator(".paper canvas").last
    before = board.evaluate("canvas => canvas.toDataURL()")
    box = board.bounding_box()
    framed.mouse.move(box["x"] + 100, box["y"] + 60)
    framed.mouse.down()
    framed.mouse.move(box["x"] + 120, box["y"] + 160, steps=8)
    framed.mouse.up()
    assert board.evaluate("canvas => canvas.toDataURL()") != before
