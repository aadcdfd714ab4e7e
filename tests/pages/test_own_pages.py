"""Files without a cookie, as from another site's frame: taken from the lab's own pages, not from others."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest

from tests.load.client import Visitor
from tests.pages.test_gate import in_a_loop_of_its_own
from tests.support.browser import App

BODY = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\nx\r\n--b--\r\n'
KIND = {"Content-Type": "multipart/form-data; boundary=b"}
OWN = "http://127.0.0.1:{port}"


def sent(app: App, method: str, place: str, headers: dict[str, str]) -> int:
    """The answer to a file at an address that a session was given, or to taking one back."""
    named = {name: value.format(port=app.port) for name, value in headers.items()}
    asked = urllib.request.Request(
        f"{app.url}{place}",
        BODY if method == "PUT" else None,
        {**KIND, **named},
        method=method,
    )
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": OWN}, 204),
        ({"Origin": OWN, "Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": OWN, "Cookie": "something=else"}, 204),
        ({"Origin": OWN, "X-Xsrftoken": "invented"}, 204),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://example.org"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://127.0.0.1:{port}.example.org"}, 403),
        ({"Origin": OWN, "Sec-Fetch-Site": "cross-site"}, 403),
        # who has a cookie must show the token too, as ever
        ({"Origin": OWN, "Cookie": "_streamlit_xsrf=2|00000000|00|1"}, 403),
    ],
)
@in_a_loop_of_its_own
async def test_a_file_without_a_cookie_is_taken_from_the_labs_own_pages_alone(app, method, headers, status):
    async with Visitor(app.url) as visitor:
        await visitor.open()
        (place,) = await visitor.ask_for_places(1)
        assert await asyncio.to_thread(sent, app, method, place.upload_url, headers) == status


def test_a_file_for_a_session_that_is_not_there_is_refused(app):
    assert sent(app, "PUT", "/_stcore/upload_file/nobody/a-file", {"Origin": OWN}) == 403
