"""Predict, lock, reveal: a question whose answer is worked out from the networks at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from ae_core import figures
from pages.shared import lab
from pages.shared.display import chart

STATE = "lessons_questions"
MOST_VOTES = 999
WHEN = ("before", "after")


@dataclass(frozen=True)
class Answer:
    """Which option is right, and one line with the figures that say so."""

    right: str
    because: str


def card(
    key: str,
    question: str,
    options: Sequence[str],
    answer: Callable[[], Answer],
    picture: Callable[[], None] | None = None,
    *,
    reveals_page: bool = False,
) -> None:
    """A question to be answered before its answer can be seen.

    `answer` is asked only then, and must take its answer from what was measured. `picture` is drawn beside it. With
    `reveals_page` the whole page is drawn again, for one that shows more once `revealed(key)`.
    """
    _card(key, question, tuple(options), answer, picture, reveals_page)


def revealed(key: str) -> bool:
    """Whether this visitor has seen the answer of the card `key`."""
    return bool(_mine(key).get("shown"))


@st.fragment
def _card(
    key: str, question: str, options: tuple[str, ...], answer: Callable[[], Answer], picture: Callable[[], None] | None, reveals_page: bool
) -> None:
    if reveals_page and _mine(key).pop("turned", False):
        st.rerun()
    with st.container(border=True, key=f"question_{key}"), lab.plain_errors():
        mine = _mine(key)
        if mine.get("question", question) != question:  # a dial has moved on: what was said was said of another network
            _ask_again(key)
        open_ = not mine.get("shown")
        st.markdown(f":material/help: **Predict first.** {question}")
        said = mine.get("choice")
        choice = st.radio(
            question, options, options.index(said) if said in options else None, key=f"{key}_choice",
            label_visibility="collapsed", disabled=not open_,
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center"):
            if open_:
                st.button(
                    "Lock my answer", key=f"{key}_lock", type="primary", icon=":material/lock:",
                    disabled=choice is None, on_click=_show, args=(key, question, choice),
                )  # fmt: skip
                st.button("Reveal without answering", key=f"{key}_reveal", type="tertiary", on_click=_show, args=(key, question, None))
            else:
                st.button("Ask again", key=f"{key}_again", icon=":material/replay:", on_click=_ask_again, args=(key,))
                st.empty()  # in the place of the second button, lest that stays while the answer is worked out
            box = st.popover("The room's votes", icon=":material/how_to_vote:", key=f"{key}_votes", on_change="rerun")
            if box.open:  # a dozen fields that most visitors never see
                with box:
                    _count(key, options)
        if not open_:
            with st.spinner("Measuring …"):
                found = answer()
            _reveal(found, said)
            if picture:
                picture()
        votes = _votes(key, options)
        if any(map(any, votes)):
            lab.ready_for_figures()
            chart(figures.paired_bars(options, *votes), f"{key}_votes_chart", "The room's votes before and after the discussion")


def _reveal(answer: Answer, said: str | None) -> None:
    if said is None:
        st.info(f"**{answer.right}** {answer.because}", icon=":material/lightbulb:")
    elif said == answer.right:
        st.success(f"That is right: **{answer.right}** {answer.because}", icon=":material/check:")
    else:
        st.warning(f"You said “{said}”, but it is: **{answer.right}** {answer.because}", icon=":material/lightbulb:")


def _count(key: str, options: Sequence[str]) -> None:
    """Fields for the hands counted before and after the discussion."""
    st.caption("Count the hands before and after the discussion.")
    votes = _mine(key).get("votes", {})
    for i, option in enumerate(options):
        st.markdown(option)
        for column, when in zip(st.columns(len(WHEN)), WHEN, strict=True):
            column.number_input(
                when, 0, MOST_VOTES, votes.get((when, i), 0), key=f"{key}_votes_{when}_{i}", on_change=_counted, args=(key, when, i)
            )


def _counted(key: str, when: str, i: int) -> None:
    """Before the page is drawn again, in which the box may be closed by now."""
    _mine(key).setdefault("votes", {})[when, i] = int(st.session_state[f"{key}_votes_{when}_{i}"])


def _votes(key: str, options: Sequence[str]) -> tuple[list[int], list[int]]:
    """Hands counted for each option before the discussion, and after it."""
    votes = _mine(key).get("votes", {})
    before, after = ([votes.get((when, i), 0) for i in range(len(options))] for when in WHEN)
    return before, after


def _mine(key: str) -> dict:
    """What this visitor has done with the question, for as long as the session lasts."""
    return st.session_state.setdefault(STATE, {}).setdefault(key, {})


def _show(key: str, question: str, choice: str | None) -> None:
    _mine(key).update(shown=True, question=question, choice=choice, turned=True)


def _ask_again(key: str) -> None:
    mine = _mine(key)
    for said in ("shown", "question", "choice"):
        mine.pop(said, None)
    mine["turned"] = True
    st.session_state.pop(f"{key}_choice", None)
