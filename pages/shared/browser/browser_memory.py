"""What a visitor's browser keeps for them, under names, until its tab is closed: votes, answers, strokes, a picture.

A page loaded anew, or a server started anew, gets it from there. What comes back comes from a stranger, as every message.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.shared import session
from pages.shared.browser.files import read_script

# Of characters, under each name and together. A browser keeps 5 MB for each lab.
MOST_CHARACTERS = {"picture": 2_700_000, "board": 600_000, "digit": 5_000, "question": 12_000}
MOST_NAMES = 100
NAME = re.compile(rf"({'|'.join(MOST_CHARACTERS)})(_\w{{1,60}})?", re.ASCII)

_memory = st.components.v2.component("autoencoder_lab_browser_memory", js=read_script("browser_memory"))


def restore() -> None:
    """At the top of every page: take what the browser has kept, once for each session, and have it forget what is to go."""
    memory = _session()
    gone = {name: text for name, text in memory["texts"].items() if not text}
    # A server that was started anew asks in the same words as the one before it: a browser heeds only what is new to it.
    data = {"asks": not memory["asked"], "kept": gone, "session": memory["session"]}
    found = _memory(key="unseen_browser_memory", data=data, on_found_change=lambda: None).found
    if found is not None:
        memory["asked"] = True
        memory["times"] += 1
        memory["texts"] = {**_usable(found), **memory["texts"]}  # what this session knows is newer


def keep(name: str, text: str) -> None:
    """Have the browser keep `text` under `name`, once `tell` is called; if it is too long, nothing, and not what was there before."""
    memory = _session()
    memory["asked"] = True
    memory["texts"][name] = text if len(text) <= _most(name) else ""


def forget(name: str) -> None:
    """Have the browser forget what it kept under `name`."""
    keep(name, "")


def kept(name: str) -> str:
    """What the browser keeps under `name`; empty where that is nothing. It may be anything of up to MOST_CHARACTERS."""
    return str(_session()["texts"].get(name, ""))


def times_restored() -> int:
    """How often something has come back: a widget that was there before takes what came under another key."""
    return int(_session()["times"])


def tell(name: str, place: str = "") -> None:
    """Draw what tells the browser, where it is drawn again whenever `name` changes. `place`: where, if in more than one."""
    texts = _session()["texts"]
    kept_now = {name: texts[name]} if name in texts else {}
    _memory(
        key=f"unseen_browser_memory_{name}_{place}",
        data={"asks": False, "kept": kept_now},
        on_found_change=lambda: None,
    )


def _session() -> dict[str, Any]:
    """Of this session: its mark, whether the browser need no longer be asked, how often it answered, what it is to keep, by name."""
    if session.BROWSER_MEMORY not in st.session_state:
        st.session_state[session.BROWSER_MEMORY] = {
            "asked": False,
            "times": 0,
            "texts": {},
            "session": secrets.token_hex(4),
        }
    memory: dict[str, Any] = st.session_state[session.BROWSER_MEMORY]
    return memory


def _most(name: str) -> int:
    known = NAME.fullmatch(name)
    return MOST_CHARACTERS[known[1]] if known else 0


def _usable(found: object) -> dict[str, str]:
    """Of what a browser says it has kept, what can be that."""
    if not isinstance(found, Mapping) or len(found) > MOST_NAMES:
        return {}
    named = {name: text for name, text in found.items() if isinstance(name, str) and isinstance(text, str)}
    return {name: text for name, text in named.items() if text and len(text) <= _most(name)}
