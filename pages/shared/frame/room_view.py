"""The room while presenting: opened by a key or a button, on every page from then on."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit import config as streamlit_config

from ae_core.words.sentences import say
from pages.shared import lab, my_room, session
from pages.shared.browser import browser_memory
from pages.shared.browser.files import read_script, style_html
from pages.shared.own_digit import tray
from pages.shared.room import address

WORDS = {
    "title": say("The room"),
    "large": say("The room’s code, large (R)"),
    "how": say("On your phone, take a picture of this, or open"),
    "phone": say("1 phone here"),
    "phones": say("{phones} phones here"),
    "voted": say("{voted} of {phones} voted"),
    "first": say("First vote"),
    "second": say("Talk, then vote again"),
    "revealed": "",
    "nobody_hint": say("Nobody has voted: Next goes on, V asks for the second vote"),
    "first_hint": say("Next or V: talk to your neighbour, and vote again"),
    "second_hint": say("Next or V: the answer"),
    "digits": say("The room’s digits"),
    "drawn": say("The room’s digits: {count}. Open"),
    "away": say("Put this digit away"),
    "empty": say("Nobody has drawn one yet: “Draw” on the phone."),
    "use": say("Show them in every lesson"),
    "unuse": say("Show the lab’s digits again"),
    "back": say("Back to the lesson"),
    "keep": say("Copy the link that steers this room"),
    "kept": say("Copied. Keep it to yourself"),
    "silent": say("The lab does not answer. Try again in a moment."),
    "close": say("Close the room"),
    "sure": say("Sure? Its votes and digits are deleted"),
}
# What can be taken along, and the words on its button.
FILES = (
    ("results.html", say("Save a page of results")),
    ("votes.csv", say("Votes (CSV)")),
    ("digits.png", say("Digits (PNG)")),
    ("digits.npy", say("Digits (.npy)")),
)
ONLY_HERE = say(
    "Phones cannot reach this address: it is this machine’s own name for itself. Start "
    "the lab with --server.address 0.0.0.0 in a network that the phones are in, or set "
    "AE_LAB_PUBLIC_URL."
)

FOLLOWING = {
    "following": say("Following the presenter"),
    "leave": say("On my own"),
    "own": say("On your own"),
    "back": say("Back to the presenter"),
}

_screen = st.components.v2.component("autoencoder_lab_room", js=read_script("room"))
_follower = st.components.v2.component("autoencoder_lab_follow", js=read_script("follow"))


def show_room(page: str, names: Mapping[str, str]) -> None:
    """Show the presenter's room, if there is one, on the page called `page`. names: of lessons, by page."""
    if problem := st.session_state.pop(session.ROOM_PROBLEM, ""):
        st.warning(problem, icon=":material/group_off:")
    mine = my_room.presented_room() if lab.is_presenting() else None
    if mine is None:
        return
    code, secret = mine
    browser_memory.hand_to_browser(my_room.KEPT)
    asked = str(st.context.url or "http://localhost").rstrip("/").removesuffix(f"/{page}")
    found = address.find_address(asked, str(streamlit_config.get_option("server.address") or ""))
    shown = f"{found.url}/join/{code}"
    st.html(style_html("room"))
    _screen(
        key=session.ROOM_SCREEN,
        data={
            "code": code,
            "secret": secret,
            "address": shown.split("://")[-1],
            "note": "" if found.is_reachable else ONLY_HERE,
            "qr": address.qr_svg(shown),
            "keep": f"{asked}/?{my_room.STEER}={code}-{secret}",
            "isNew": bool(st.session_state.pop(session.ROOM_NEW, False)),
            "page": page,
            "pages": dict(names),
            "words": {**WORDS, "files": FILES},
        },
        on_said_change=_obey_screen,
    )


def show_following(page: str) -> None:
    """Have the browser lead to where the presenter is, where this visitor follows a room."""
    code = my_room.followed_code()
    if not code or lab.is_presenting():
        return
    st.html(style_html("follow"))
    _follower(
        key=session.ROOM_FOLLOWER,
        data={"code": code, "page": page, "words": FOLLOWING},
        on_said_change=_obey_follower,
    )


def _obey_follower() -> None:
    """Do what a follower's browser tells: the room is over, or its digits come or go, for which it is enough
    that the page is drawn anew.
    """
    if st.session_state[session.ROOM_FOLLOWER].said == "over":
        my_room.stop_following()


def _obey_screen() -> None:
    """Do what was pressed on the room's own view: the page is drawn anew after it."""
    said = st.session_state[session.ROOM_SCREEN].said
    if said == "closed":
        my_room.leave_room()
    if said == "digits":
        tray.show_in_lessons(are_shown=True)


def offer_room() -> None:
    """Draw the button that opens a room, where this visitor has none."""
    if my_room.is_presented():
        st.caption(say("Your room is open: its code stands in the corner, and **R** makes it large."))
        return
    st.button(
        say("Open a room"),
        key="room_open",
        icon=":material/groups:",
        on_click=my_room.open_room,
        help=say(
            "Phones join by a code, vote on the question that is on the screen, and draw "
            "digits. Nobody needs an account, and everything of a room is deleted when it is "
            "closed, or after 12 hours."
        ),
    )
