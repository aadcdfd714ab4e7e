"""Requests of this server's own pages, told from forged ones also where a browser keeps no cookie.

Streamlit takes a file only with a token that is in a cookie and in a header as well. In another site's frame
browsers send no cookie, and where they block those of third parties they keep none: every file would be
refused, with a red mark and no word.

Who asks stands in the header Origin all the same: browsers write it, and no page can (OWASP, Cross-Site
Request Forgery Prevention, "Verifying origin with standard headers"). Where it names this very server and
there is no cookie, the request gets a token here. Nobody has an account that could be misused, and the
address of an upload has the session's name in it, which only its own page knows.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Scope
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

TOKEN_HEADER = "x-xsrftoken"


def with_token(scope: Scope) -> Scope:
    """The HTTP request as Streamlit takes it, if a page of this server sends it without a cookie.

    As it is in every other case.
    """
    request = Request(scope)
    if XSRF_COOKIE_NAME in request.cookies or not _is_from_own_page(request):
        return scope
    token = generate_xsrf_token_string()
    cookies = "; ".join(filter(None, (request.headers.get("cookie"), f"{XSRF_COOKIE_NAME}={token}")))
    others = [pair for pair in scope["headers"] if pair[0] not in (b"cookie", TOKEN_HEADER.encode())]
    return {
        **scope,
        "headers": [*others, (b"cookie", cookies.encode()), (TOKEN_HEADER.encode(), token.encode())],
    }


def _is_from_own_page(request: Request) -> bool:
    """Whether the browser says that a page of this very host and port asks."""
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    fetched_by = request.headers.get("sec-fetch-site", "same-origin")
    return bool(host) and urlsplit(origin).netloc == host and fetched_by == "same-origin"
