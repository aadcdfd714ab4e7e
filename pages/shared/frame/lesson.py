"""What every lesson begins and ends with: how far along the path it is, and the way to the next."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ae_core.words.sentences import say
from pages.shared import lab, my_room, networks, provenance, session
from pages.shared.browser import browser_memory, connection, page_top
from pages.shared.frame import beats, notes, presenter, room_view, turned_page
from pages.shared.frame.path import BESIDE, PATH, Lesson, place_on_path, progress_html
from pages.shared.runs import under_way

IN_A_ROW = 3


def begin_lesson(page: str, *, draws_figures: bool = True, trains: bool = False) -> None:
    """Set up the page called `page` and show where on the path it is. Every page's first call.

    draws_figures: wait for what Plotly needs. trains: the page itself calls `under_way`, once it knows which
    trainings it shows.
    """
    lab.open_page(draws_figures=draws_figures)
    turned_page.forget_delayed()
    notes.show_notes_if_asked(*({one.page: one.name for one in lessons} for lessons in (PATH, BESIDE)))
    networks.read_own_names()
    networks.adopt_tickets()
    networks.tell_damaged_networks()
    browser_memory.restore_from_browser()
    page_top.open_at_top(page)
    connection.announce_lost_connection()
    my_room.read_link()
    presenter.prepare_page(page, [lesson.page for lesson in PATH])
    with st.container():  # there with a room and without: what follows keeps its place on the page
        room_view.show_room(page, {lesson.page: lesson.name for lesson in (*PATH, *BESIDE)})
        room_view.show_following(page)
    if place := place_on_path(page):
        visited: set[str] = st.session_state.setdefault(session.VISITED, set())
        visited.add(page)
        st.html(progress_html(place, visited))
    if not trains:
        under_way.show_trainings_under_way()


def show_overview() -> None:
    """Show links to all of the path and to the pages beside it."""
    st.subheader(say("The way through"))
    steps = list(enumerate(PATH[1:], 2))
    for row in (
        steps[i : i + IN_A_ROW] for i in range(0, len(steps), IN_A_ROW)
    ):  # so that a phone has them in order too
        for column, (place, lesson) in zip(st.columns(IN_A_ROW, gap="medium"), row, strict=False):
            with column:
                lab.draw_page_link(lesson.page, f"**{place}. {lesson.name}** {lesson.promise}", lesson.icon)
    st.subheader(say("Beside it, at any time"))
    for column, lesson in zip(st.columns(IN_A_ROW, gap="medium"), BESIDE, strict=False):
        with column:
            lab.draw_page_link(lesson.page, f"**{lesson.name}** {lesson.promise}", lesson.icon)


def end_lesson(page: str) -> None:
    """Show the way on, the way back and the presenter's switch. Every page's last call."""
    turned_page.end_turn()
    following, before = _neighbours(page)
    beats.guide_through_beats(
        page, following.name
    )  # before the foot: a presenter's takes a while to get every step ready
    with st.container(key=beats.FOOT):  # its first link is the way on
        provenance.show_dataset_note()
        st.divider()
        onward, backward = st.columns(2, gap="medium")
        with onward:
            lab.draw_page_link(
                following.page,
                say("Next: **{name}**, {promise}", name=following.name, promise=following.promise),
                following.icon,
            )
        with backward:
            if before:
                lab.draw_page_link(
                    before.page,
                    say("Back: **{name}**, {promise}", name=before.name, promise=before.promise),
                    before.icon,
                )
        presenter.draw_presenter_switch()
    lab.import_ahead()


def _neighbours(page: str) -> tuple[Lesson, Lesson | None]:
    """The lesson after `page`, and the one before it or None.

    A page beside the path lies between the step seen last and the one after. After the path's last step come
    the pages beside it, and after these its beginning. Who has seen no step yet is led to the beginning.
    """
    if place := place_on_path(page):
        return (PATH[place] if place < len(PATH) else BESIDE[0]), (PATH[place - 2] if place > 1 else None)
    if session.SCRIPT_STEP not in st.session_state:
        return PATH[0], PATH[-1]
    seen = place_on_path(presenter.script_step([lesson.page for lesson in PATH]))
    beside = [lesson.page for lesson in BESIDE].index(page)
    rest = [*PATH[seen:], *BESIDE[beside + 1 :], PATH[0]]
    return rest[0], PATH[seen - 1]


def open_columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """A narrow column for the dials and a wide one for the pictures.

    While presenting, the dials are hidden until they are wanted.
    """
    presenter.offer_dials_by_touch()
    controls, pictures = st.columns([1, 3], gap="large")
    return controls.container(key=presenter.DIALS), pictures
