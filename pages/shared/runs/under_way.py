"""What is being trained for this visitor while the page shows something else: a bar at its foot."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from ae_core import config
from ae_core.config import RunConfig
from ae_core.runs import tickets
from pages.shared import lab, session
from pages.shared.browser.files import style_html
from pages.shared.runs import training_words

GROUND = {"light": "#FFFFFF", "dark": "#171614"}
ROOM_REM, ROOM_EACH_REM = 2, 5


def show_trainings_under_way(besides: Iterable[RunConfig] = ()) -> None:
    """Show settings, progress and Stop of each training that this visitor asked for.

    besides: those that the page shows itself. Tells once how one that was shown here has ended.
    """
    shown_by_page = {config.run_id(run) for run in besides}
    mine = [ticket.run for ticket in tickets.tickets_of(lab.store(), lab.visitor_id())]
    followed: list[RunConfig] = st.session_state.get(session.TRAININGS_FOLLOWED, [])
    elsewhere = [run for run in mine if config.run_id(run) not in shown_by_page]
    st.session_state[session.TRAININGS_FOLLOWED] = elsewhere
    ended = [run for run in followed if run not in mine and config.run_id(run) not in shown_by_page]
    if not (elsewhere or ended):
        return
    from pages.shared.runs import training_panel  # a page without a training does without it

    for run in ended:
        words, icon = training_words.ending_words(run)
        if words:
            st.toast(words, icon=icon, duration="long")
    if not elsewhere:
        return
    ground = GROUND[st.context.theme.type or "light"]
    room = f"{ROOM_REM + ROOM_EACH_REM * len(elsewhere)}rem"
    st.html(style_html("under_way", properties={"lab-ground": ground, "lab-room": room}))
    with st.container(key="under_way"):
        for run in elsewhere:
            with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
                with st.container(width="stretch"):
                    training_panel.follow_in_a_line(run)
                training_panel.draw_stop_button(run, f"under_way_stop_{config.run_id(run)}")
