"""Answers in the page's address, for whoever wants theirs in the link: `answers=fae.1-cae.0`."""

from __future__ import annotations

import re

import streamlit as st

LINK = "answers"
REVEALED = "r"
# A card's key, and the place of the option; or that the answer was revealed without one.
PATTERN = r"(\w{1,30})\.([0-9]|r)"


def read_linked_answers() -> dict[str, int | None]:
    """The option's place by the card's key; None for one that was revealed. What is no answer is left out."""
    found = (re.fullmatch(PATTERN, each) for each in st.query_params.get(LINK, "").split("-"))
    return {each[1]: None if each[2] == REVEALED else int(each[2]) for each in found if each}


def put_answer_into_link(key: str, choice: int | None) -> None:
    """Have the address hold this answer of the card `key`, beside those of other cards."""
    _write({**read_linked_answers(), key: choice})


def drop_answer_from_link(key: str) -> None:
    """Take the answer of the card `key` out of the address, if it is there."""
    answers = read_linked_answers()
    if key in answers:
        del answers[key]
        _write(answers)


def _write(answers: dict[str, int | None]) -> None:
    words = [f"{key}.{REVEALED if choice is None else choice}" for key, choice in answers.items()]
    if words:
        st.query_params[LINK] = "-".join(words)
    else:
        st.query_params.pop(LINK, None)
