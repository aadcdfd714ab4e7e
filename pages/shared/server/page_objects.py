"""Pages as Streamlit's objects, and the lab's icon: made for the first visitor, and kept for all others.

Making a page looks its file up on the disk, and there are eleven: a tenth of a visitor's first page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from copy import copy
from functools import cache
from pathlib import Path

import streamlit as st

PROJECT = Path(__file__).resolve().parents[3]


def make_pages(titles: Mapping[str, str]) -> list[st.Page]:
    """A page for each file and title; the first is the home page.

    Copies, because a page notes in itself that it is being run.
    """
    return [copy(_make_page(file, title, i == 0)) for i, (file, title) in enumerate(titles.items())]


@cache
def _make_page(file: str, title: str, is_home: bool) -> st.Page:
    return st.Page(file, title=title, default=is_home)


@cache
def load_icon(path: str) -> str:
    """The PNG file at `path`, below the project's folder, as a data address."""
    return "data:image/png;base64," + base64.b64encode((PROJECT / path).read_bytes()).decode()
