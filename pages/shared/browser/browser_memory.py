"""Texts that a visitor's browser keeps until its tab is closed, by name: votes, answers, strokes, digits.

A page loaded anew, or a server started anew, gets them from there. By then
they may be anything: a stranger sends them.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.shared import session
from pages.shared.browser.files import read_script

# Characters under each name. A browser keeps 5 MB for each lab.
MOST_CHARACTERS = {"picture": 1_500_000, "board": 600_000, "tray": 120_000, "question": 12_000, "room": 100}
MOST_NAMES = 200
NAME = re.compile(rf"({'|'.join(MOST_CHARACTERS)})(_\w{{1,60}})?", re.ASCII)

_memory = st.components.v2.component("autoencoder_lab_browser_memory", js=read_script("browser_memory"))


def restore_from_browser() -> None:
    """Take into the session what the browser has kept, once for each session; have it forget what is to go.

    At the top of every page, before anything asks for a text.
    """
    memory = _session()
    gone = {name: text for name, text in memory["texts"].items() if not text}
    # The mark makes a new server's question new to the browser, which heeds nothing it has been told already.
    data = {"asks": not memory["asked"], "kept": gone, "session": memory["session"]}
    found = _memory(key="unseen_browser_memory", data=data, on_found_change=lambda: None).found
    if found is not None:
        memory["asked"] = True
        memory["times"] += 1
        memory["texts"] = {**usable_texts(found), **memory["texts"]}  # what this session knows is newer


def keep_in_browser(name: str, text: str) -> None:
    """Note `text` for the browser to keep under `name`, which `hand_to_browser` then tells it.

    In place of a text that is too long it keeps nothing, and no earlier text either.
    """
    memory = _session()
    memory["asked"] = True
    memory["texts"][name] = text if len(text) <= _most_characters(name) else ""


def forget_in_browser(name: str) -> None:
    """Note for the browser to forget what it keeps under `name`."""
    keep_in_browser(name, "")


def kept_text(name: str) -> str:
    """Text that the browser keeps under `name`, not checked but for its length; empty where it keeps none."""
    return str(_session()["texts"].get(name, ""))


def kept_names(kind: str) -> list[str]:
    """Names of the texts of a kind, a key of MOST_CHARACTERS, that the browser keeps."""
    return [name for name, text in _session()["texts"].items() if text and name.startswith(f"{kind}_")]


def times_restored() -> int:
    """How often texts have come back.

    As part of a widget's key it has the widget take its value anew.
    """
    return int(_session()["times"])


def hand_to_browser(name: str, place: str = "") -> None:
    """Draw the component that hands the browser what it is to keep under `name`.

    Where it is drawn again whenever that changes. place: tells it from others for the same name.
    """
    texts = _session()["texts"]
    kept_now = {name: texts[name]} if name in texts else {}
    _memory(
        key=f"unseen_browser_memory_{name}_{place}",
        data={"asks": False, "kept": kept_now},
        on_found_change=lambda: None,
    )


def _session() -> dict[str, Any]:
    """This session's memory.

    asked: whether the browser need not be asked any more; times: how often it answered; texts: what it is to
    keep, by name, empty for what it is to forget; session: a mark of the session.
    """
    if session.BROWSER_MEMORY not in st.session_state:
        st.session_state[session.BROWSER_MEMORY] = {
            "asked": False,
            "times": 0,
            "texts": {},
            "session": secrets.token_hex(4),
        }
    memory: dict[str, Any] = st.session_state[session.BROWSER_MEMORY]
    return memory


def _most_characters(name: str) -> int:
    """Characters that may be kept under `name`; 0 for a name that is not the lab's."""
    known = NAME.fullmatch(name)
    return MOST_CHARACTERS[known[1]] if known else 0


def usable_texts(found: object) -> dict[str, str]:
    """Texts by name: of what a browser says it has kept, what can be that."""
    if not isinstance(found, Mapping) or len(found) > MOST_NAMES:
        return {}
    named = {name: text for name, text in found.items() if isinstance(name, str) and isinstance(text, str)}
    return {name: text for name, text in named.items() if text and len(text) <= _most_characters(name)}
