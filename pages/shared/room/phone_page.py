"""The page that a phone opens: one file of HTML with its style and script in it, the same for every room."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path

from ae_core.room.rooms import GONE
from ae_core.words.sentences import say, say_in_html, spoken_language

FOLDER = Path(__file__).parent
# What the script says, by its names for it; the stages of a vote by theirs.
WORDS = {
    "nobody": say("The lab does not answer. This page tries again by itself."),
    "first": say("First vote. Answer for yourself."),
    "second": say("Talk to your neighbour. Then vote again."),
    "revealed": say("The vote is closed. The answer is on the screen."),
    "answered": say("The vote is closed. The right answer is marked."),
    "sending": say("Sending …"),
    "voted": say("Your vote is in. You can change it until the vote closes."),
    "own": say("your vote"),
    "right": say("right answer"),
    "is_in": say("Your vote is in."),
    "not_sent": say("Not sent yet: the lab does not answer. Trying again …"),
    "nothing": say("Nothing is asked just now. Look at the screen."),
    "room": say("Room {code}"),
    "gone": GONE,
    "closed": say("The room is closed, and everything of it is deleted."),
    "not_drawn": say("Not sent: the lab does not answer. Send it again."),
    "drawn": say("It is on the screen. Draw another, if you like."),
}


@cache
def phone_page() -> bytes:
    """The whole page. Raises FileNotFoundError where the copy is not whole."""
    # Nothing in the words may end the element that they stand in.
    words = json.dumps(WORDS, ensure_ascii=False).replace("<", "\\u003c")
    page = say_in_html(_read("html")).replace("{lang}", spoken_language()).replace("{words}", words)
    page = page.replace("<!-- style -->", f"<style>{_read('css')}</style>")
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
