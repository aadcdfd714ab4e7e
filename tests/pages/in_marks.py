"""Every page in the marked language. `test_words.py` runs this in a process of its own."""

from __future__ import annotations

import os

import pytest
from streamlit.testing.v1 import AppTest

from ae_core.words.sentences import VARIABLE, say
from pages.shared.frame.lesson import BESIDE, PATH
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
