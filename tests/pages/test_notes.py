"""The speaker's notes: one for every beat of the path, short, in place of the page where they are asked."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.frame import notes
from pages.shared.frame.path import BESIDE, PATH
from tests.conftest import PROJECT
from tests.test_teaching import beats_by_page

SENTENCES = range(2, 5)


def test_every_beat_of_the_path_has_a_note_and_no_note_is_of_another():
    there = {page: names for page, names in beats_by_page().items() if names}
    written = {page: set(texts) for page, texts in notes.read_notes().items()}
    assert written == there
    assert {lesson.page for lesson in PATH} <= set(written)
    assert set(written) <= {lesson.page for lesson in (*PATH, *BESIDE)}


@pytest.mark.parametrize("page", notes.read_notes())
def test_a_note_has_two_to_four_sentences_on_one_line(page):
    for beat, text in notes.read_notes()[page].items():
        assert "\n" not in text, beat
        assert "  " not in text, beat
        sentences = re.findall(r"[.?!](?: |$)", text)
        assert len(sentences) in SENTENCES, (beat, text)


def test_where_notes_are_asked_for_the_page_is_not_drawn():
    page = AppTest.from_file(str(PROJECT / "pages/comparison.py"), default_timeout=60)
    page.query_params[notes.LINK] = "1"
    page.run()
    assert not page.exception
    assert not page.slider
    assert not page.title


def test_a_presenters_box_leads_to_the_notes():
    page = AppTest.from_file(str(PROJECT / "pages/reading.py"), default_timeout=60)
    page.query_params["present"] = "1"
    page.run()
    assert not page.exception
    (link,) = [one for one in page.get("link_button") if "notes" in one.proto.label]
    assert link.proto.url == "?notes=1"
