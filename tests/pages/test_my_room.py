"""The presenter's room, as the session and the browser know it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from streamlit.testing.v1 import AppTest

from ae_core.room import database
from ae_core.room.database import RoomDatabase
from ae_core.runs.disk import default_root
from pages.shared import session


def present() -> None:
    import streamlit as st

    from pages.shared import my_room

    st.button("Open", on_click=my_room.open_room)
    mine = my_room.presented_room()
    st.text(mine[0] if mine else "no room")


def test_a_store_that_is_out_of_reach_for_a_moment_closes_no_room(monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    page = AppTest.from_function(present).run()
    assert page.text[0].value == "no room"
    page.button[0].click().run()
    code, secret = page.session_state[session.ROOM]
    with closing(sqlite3.connect(RoomDatabase(default_root()).path)) as other:
        other.execute("BEGIN EXCLUSIVE")  # as another copy of the lab that writes
        assert page.run().text[0].value == code
    assert page.run().text[0].value == code
    assert page.session_state[session.ROOM] == (code, secret)
