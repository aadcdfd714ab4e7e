"""Every page in the marked language. `test_words.py` runs this in a process of its own."""

from __future__ import annotations

import os

import pytest
from streamlit.testing.v1 import AppTest

from ae_core.runs import links
from ae_core.words.sentences import VARIABLE, say
from pages.shared.frame import first_sight, notes
from pages.shared.frame.path import BESIDE, PATH
from pages.shared.room import phone_page
from pages.shared.runs import share
from pages.shared.server import index_page
from tests.conftest import PROJECT
from tests.support.marks import OPEN, texts_of, unmarked_words

PAGES = [lesson.page for lesson in (*PATH, *BESIDE)]
# The buttons that answer a question, or open what a page keeps back.
REVEALS = ("_reveal", "_votes")

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason="run by test_words.py")


def unmarked_on(page: AppTest) -> dict[str, list[str]]:
    return {text[:150]: found for text in texts_of(page) if (found := unmarked_words(text))}


def test_this_process_speaks_the_marked_language():
    assert say("Next step").startswith(OPEN)


@pytest.mark.parametrize("name", PAGES)
def test_every_word_on_the_page_comes_from_the_catalogue(name):
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=120)
    page.query_params["present"] = "1"
    page.run()
    assert not page.exception, page.exception
    assert list(texts_of(page))
    assert unmarked_on(page) == {}
    while buttons := [button for button in page.button if button.key.endswith("_reveal")]:
        buttons[0].click().run()
        assert not page.exception, page.exception
        assert unmarked_on(page) == {}


def test_a_link_has_english_words_and_is_understood():
    page = AppTest.from_file(str(PROJECT / "pages/fully_connected.py"), default_timeout=120)
    page.query_params.update({"fae_test_noise_kind": "Salt and pepper", "fae_layers": "784 → 128 → code"})
    page.run()
    assert not page.exception
    assert not page.warning
    assert page.selectbox(key="fae_test_noise_kind").value == "salt_and_pepper"
    assert page.selectbox(key="fae_layers").value == say("784 → 128 → code")
    assert links.find_problems({"fae_test_noise_kind": [say("Salt and pepper")]}) == []


def test_a_link_that_is_shared_has_english_words():
    for key, value, word in (
        ("fae_test_noise_kind", "salt_and_pepper", "Salt and pepper"),
        ("fae_layers", say("784 → 128 → code"), "784 → 128 → code"),
        ("fae_loss", "bce", "Binary cross-entropy"),
    ):
        assert share._link_word(key, value) == word


def test_phones_and_the_notes_are_told_in_the_marked_language():
    page = phone_page.phone_page().decode()
    assert unmarked_words(page) == []
    assert all(text.startswith(OPEN) for text in phone_page.WORDS.values())
    assert all(text.startswith(OPEN) for beats in notes.read_notes().values() for text in beats.values())
    assert unmarked_words(index_page._note().replace("WebSockets", "")) == []
    assert unmarked_words(first_sight.first_sight_html()) == []
