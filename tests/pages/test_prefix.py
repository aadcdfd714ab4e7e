"""Under a prefix every rule of the gate holds, asked directly and through nginx: docs/deploy.md's table.

The bounds on visitors and files of a server below a prefix are in test_gate.py; here are its addresses.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from pages.shared.server import health
from tests.conftest import PROJECT
from tests.support.browser import App
from tests.support.copies import KEY, Nginx, nginx_path

GUIDE = (PROJECT / "docs" / "deploy.md").read_text()
PREFIX = "teaching/lab"
# Method, address below the prefix, whether the key comes along; what the server answers, and what nginx.
ANSWERS = (
    ("GET", "/", False, 200, 200),
    ("GET", "/denoising", False, 200, 200),
    ("GET", "/health", False, 200, 200),
    ("GET", "/_stcore/health", False, 200, 200),
    ("GET", "/_stcore/metrics", False, 404, 404),
    ("GET", "/_stcore/metrics/", True, 404, 404),
    ("GET", "/metrics", False, 404, 404),
    ("GET", "/metrics", True, 200, 404),
    ("PUT", "/_stcore/upload_file/nobody/1", False, 403, 403),
    ("DELETE", "/_stcore/upload_file/nobody/1", False, 403, 403),
)


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("below")
    with App(folder, STREAMLIT_SERVER_BASE_URL_PATH=PREFIX, AE_LAB_METRICS_KEY=KEY) as running:
        yield running


@pytest.fixture(scope="module")
def proxied(below: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if nginx_path() is None:
        pytest.skip("there is no nginx here; install Debian's package nginx-light")
    with Nginx(tmp_path_factory.mktemp("proxy") / "nginx", [below], PREFIX) as nginx:
        yield nginx.url


def status(url: str, method: str, keyed: bool, **headers: str) -> int:
    headers |= {"Accept": "text/html"} | ({"Authorization": f"Bearer {KEY}"} if keyed else {})
    body = b"" if method == "PUT" else None
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, body, headers, method=method), timeout=30
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


@pytest.mark.parametrize(("method", "path", "keyed", "expected", "_"), ANSWERS)
def test_the_server_answers_below_its_prefix_as_at_the_root(below, method, path, keyed, expected, _):
    assert status(below.url + path, method, keyed) == expected


@pytest.mark.parametrize(("method", "path", "keyed", "_", "expected"), ANSWERS)
def test_nginx_hands_on_what_the_server_answers_and_keeps_the_figures_inside(
    proxied, method, path, keyed, _, expected
):
    assert status(proxied + path, method, keyed) == expected


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/other/_stcore/metrics", "/teaching/_stcore/metrics"])
def test_no_other_prefix_is_a_way_around_the_gate(below, path):
    assert status(f"http://127.0.0.1:{below.port}{path}", "GET", keyed=True) == 404


def test_the_guides_table_is_what_was_tried():
    rows = re.findall(r"^`(\w+) /lab(\S+)`(, with the key)? \| (\d+) \| (\d+)", GUIDE, re.MULTILINE)
    told = {(method, path, bool(keyed), int(one), int(other)) for method, path, keyed, one, other in rows}
    assert told == set(ANSWERS)


@pytest.mark.parametrize("base", ["lab{x}", "a b", "lab/_stcore", "a//b", "läb"])
def test_a_prefix_below_which_the_bounds_would_not_hold_is_refused_at_start(monkeypatch, base):
    real = health.config.get_option
    monkeypatch.setattr(
        health.config, "get_option", lambda name: base if name == "server.baseUrlPath" else real(name)
    )
    with pytest.raises(SystemExit, match="cannot keep its bounds"):
        health.check_settings()
