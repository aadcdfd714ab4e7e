"""The page that a phone opens: one file of HTML with its style and script in it, the same for every room."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def phone_page() -> bytes:
    """The whole page. Raises FileNotFoundError where the copy is not whole."""
    page = _read("html").replace("<!-- style -->", f"<style>{_read('css')}</style>")
    return page.replace("<!-- script -->", f'<script type="module">{_read("js")}</script>').encode()


@cache
def phone_headers() -> dict[str, str]:
    """Headers of the page: nothing runs in it but its own script, and it talks to its own site alone."""
    policy = (
        f"default-src 'none'; script-src '{_mark('js')}'; style-src '{_mark('css')}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",  # or its cookie would not come along
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def _mark(kind: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_read(kind).encode()).digest()).decode()


@cache
def _read(kind: str) -> str:
    return (FOLDER / f"phone.{kind}").read_text(encoding="utf-8")
