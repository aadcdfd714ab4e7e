"""Presenting: large type, hidden dials, and the whole path under two keys.

`?present=1` in a link, or the switch at the foot of a lesson, turns it on. A clicker's keys are Page Down and
Page Up, and the full stop or B for a black screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.words.sentences import say
from pages.shared import lab, my_room, networks, session
from pages.shared.browser import scripts_ahead
from pages.shared.browser.files import read_script, style_html
from pages.shared.frame import notes, room_view, turned_page
from pages.shared.own_digit import my_digits

DIALS = "dials"
LINK = "present"
SCRIPT_SIZE = config.CAE.model.latent_size
# What the keys do, in the words that the list of keys and the switch have for them.
KEY_WORDS = (
    (say("Page Down or →"), say("next step of the lesson, then the next lesson")),
    (say("Page Up or ←"), say("one step back")),
    (say("B or full stop"), say("black screen, and back")),
    ("R", say("a room of phones: open one, show its code")),
    ("V", say("the room’s vote: on to the next, to the answer")),
    ("D", say("dials")),
    ("S", say("back to the script, with every dial as it began")),
    ("U", say("undo that")),
    ("?", say("these keys")),
)

_listener = st.components.v2.component("autoencoder_lab_presenter_keys", js=read_script("presenter_keys"))
_asker = st.components.v2.component("autoencoder_lab_presenter_again", js=read_script("presenter_again"))


@dataclass(frozen=True)
class PutAway:
    """What "back to the script" has put away.

    page: where it was pressed. script: where it led. dials: session values by key, from
    `session.put_values_away`.
    """

    page: str
    script: str
    dials: dict[str, Any]


def turn_page() -> None:
    """Open the page that a key has led to, if one has: before anything of the page that is left is drawn."""
    if wanted := st.session_state.pop(session.NEXT_PAGE, None):
        turned_page.begin_turn()
        lab.switch_page(wanted, {LINK: "1"})


def prepare_page(page: str, path: Sequence[str]) -> None:
    """Set `page` up for presenting, if that is on: type, dials, and keys that lead along `path`."""
    if session.PRESENTING not in st.session_state:
        st.session_state[session.PRESENTING] = st.query_params.get(LINK) == "1"
    if page in path:
        st.session_state[session.SCRIPT_STEP] = page
    if not lab.is_presenting():
        return
    is_empty = st.session_state.pop(session.DRAW_EMPTY, False)
    if is_empty:
        st.query_params.from_dict({LINK: "1"})  # or the dials would take their values from the link
    if st.query_params.get(LINK) != "1":  # each time it is set, the browser gets this run's whole link back
        st.query_params[LINK] = "1"
    st.html(style_html("presenter"))
    if not st.session_state.get(session.DIALS_SHOWN):
        st.html(style_html("hidden_dials"))
    _listen_for_keys(page, path)
    if is_empty:
        _asker(key="presenter_again", on_again_change=lambda: None)
        st.stop()
    _offer_undo(page)


def script_step(path: Sequence[str]) -> str:
    """Step of the path that this visitor saw last; the first where they have seen none."""
    return str(st.session_state.get(session.SCRIPT_STEP, path[0]))


def _listen_for_keys(page: str, path: Sequence[str]) -> None:
    here = script_step(path)
    leads = {
        "next": here != path[-1],
        "back": here != path[0],
        "script": True,
        "dials": True,
        "undo": session.PUT_AWAY in st.session_state,
        "room": not my_room.is_presented(),
    }
    words = {
        "list": KEY_WORDS,
        "title": say("The presenter's keys"),
        "black": say("The screen is black. B, full stop or a touch brings it back."),
    }
    # By the count the browser hears that a key was obeyed which leads to no other page.
    data = {"page": page, "leads": leads, "obeyed": st.session_state.get(session.KEYS_OBEYED, 0), **words}
    _listener(
        key=session.PRESENTER_KEYS, data=data, on_said_change=partial(_obey_key, page, here, tuple(path))
    )


def _obey_key(page: str, here: str, path: Sequence[str]) -> None:
    """Do what the pressed key says, before the page is drawn: what it sets then reaches the dials."""
    said = st.session_state[session.PRESENTER_KEYS].said
    st.session_state[session.KEYS_OBEYED] = st.session_state.get(session.KEYS_OBEYED, 0) + 1
    if said == "dials":
        toggle_dials()
    if said == "script":
        _go_back_to_script(page, here)
    if said == "room" and not my_room.is_presented():
        my_room.open_room()
    if said == "undo":
        _undo_back_to_script(page)
    if said in ("next", "back"):
        place = path.index(here) + (1 if said == "next" else -1)
        if 0 <= place < len(path):
            st.session_state[session.NEXT_PAGE] = path[place]


def toggle_dials() -> None:
    """Show the dials where they are hidden, hide them where they are shown."""
    st.session_state[session.DIALS_SHOWN] = not st.session_state.get(session.DIALS_SHOWN)


def _go_back_to_script(page: str, here: str) -> None:
    """Lead from `page` to `here` with every dial at its default and out of sight, and the lab's digits."""
    st.session_state[session.PUT_AWAY] = PutAway(page, here, session.put_values_away())
    if my_digits.own_digit() is not None:
        st.session_state[session.OWN_DIGITS_SHOWN] = False
    _redraw_dials(page, here)


def _undo_back_to_script(page: str) -> None:
    """Put everything back as it was when the script's key was pressed, on the page where it was."""
    before: PutAway | None = st.session_state.pop(session.PUT_AWAY, None)
    if before is not None:
        session.put_values_away()
        session.put_values_back(before.dials)
        _redraw_dials(page, before.page)


def _redraw_dials(page: str, to: str) -> None:
    """Have the dials take their values from the session: on another page, or on this one once it was empty.

    With every word it says the browser sends the value of each dial that is on the page, the old one.
    """
    st.session_state.update({session.DRAW_EMPTY: True} if page == to else {session.NEXT_PAGE: to})


def _offer_undo(page: str) -> None:
    """Show a button that undoes the script's key, on the page that it led to."""
    put_away: PutAway | None = st.session_state.get(session.PUT_AWAY)
    if put_away is not None and put_away.script == page:
        st.button(
            say("Back as it was (U)"),
            key="presenter_undo_button",
            icon=":material/undo:",
            on_click=_undo_back_to_script,
            args=(page,),
        )


def offer_dials_by_touch() -> None:
    """Show a button for the dials, while presenting on a touch screen; elsewhere the key D does that."""
    if lab.is_presenting():
        label = say("Hide the dials") if st.session_state.get(session.DIALS_SHOWN) else say("Show the dials")
        st.button(label, key="presenter_dials_button", icon=":material/tune:", on_click=toggle_dials)


def draw_presenter_switch() -> None:
    """Show the box with the presenter's switch and keys. A box, so that nobody else meets them."""
    with st.expander(
        say("Presenter mode"),
        icon=":material/present_to_all:",
        key="presenter_box",
        expanded=lab.is_presenting(),
    ):
        st.caption(
            say(
                "For a projector: large type, the dials out of sight, and the whole path "
                "under a clicker's keys."
            )
        )
        st.toggle(
            say("Present to a room"),
            lab.is_presenting(),
            key=session.PRESENT_SWITCH,
            on_change=_toggle_presenting,
        )
        if lab.is_presenting():
            with st.container(horizontal=True):
                room_view.offer_room()
                notes.offer_notes()
            keys = " · ".join(f"**{key}** {what}" for key, what in KEY_WORDS)
            st.caption(
                say(
                    "{keys}. Ready: {prepare_networks} networks.",
                    keys=keys,
                    prepare_networks=prepare_networks(),
                )
            )
            scripts_ahead.load_scripts_ahead()


def _toggle_presenting() -> None:
    st.session_state[session.PRESENTING] = bool(
        st.session_state.get(session.PRESENT_SWITCH, lab.is_presenting())
    )
    if not lab.is_presenting():
        st.query_params.pop(LINK, None)


def prepare_networks() -> int:
    """Load every network of the script and make the slow figures, once for all visitors. How many networks.

    The training process starts now, too: for seconds that takes a core, which a page to be turned to needs.

    At the foot of a page, so that its pictures are there first.
    """
    return _prepare_networks(lab.store().root)


@st.cache_resource(show_spinner=say("Getting every step ready …"))
def _prepare_networks(_root: object) -> int:
    # Imported when first needed: no page waits for what it does not show.
    from pages.shared import display
    from pages.shared.parts import mix_up_view, noise_view, pca_view
    from pages.shared.runs import stuck_words, training_panel, training_story

    # Where it cannot be, the pages that train say why.
    training_panel.start_training_process()

    trios = [networks.choose_trio(size) for size in config.SHIPPED_SIZES]
    # What the script's pages take longest to measure and to draw, at the dials they begin with.
    for trio in trios:
        for name, run in trio.items():
            lab.load_network(run)
            if name in pca_view.PRESETS:
                pca_view.measure_error(run)
    pca_view.measure_pca_error(SCRIPT_SIZE)
    for preset in pca_view.PRESETS.values():
        mix_up_view.prepare_mix_ups(preset)
    script = networks.choose_trio(SCRIPT_SIZE).values()
    for run in (None, *script):
        noise_view.measure_curve(run, "gaussian", 0, "psnr")
    for run in script:
        training_story.prepare_training_story(run)
        stuck_words.judge_stored_run(run)
        for level in {run.config.corruption.level, config.DAE.corruption.level}:
            display.measure(run, CorruptionConfig("gaussian", level), noise_seed=0)
    return sum(map(len, trios))
