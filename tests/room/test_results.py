"""What is taken along from a room: every vote once, every digit as it was drawn, nobody's markup."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PIL import Image

from ae_core.room import digits, results, rooms, votes
from ae_core.room.database import RoomError, open_rooms

GREYS = [bytes([value]) * 784 for value in (0, 51, 255)]


@pytest.fixture
def filled(tmp_path):
    """A room with a question of which one option looks like a formula and one like markup, and its code."""
    with open_rooms(tmp_path) as base:
        ((code, _),) = base.write([rooms.open_room])
        options = ("=1+1", "**More** <b>than</b> half")
        (asked,) = base.write([lambda db: votes.ask(db, code, "m", "How <i>much</i>?", options)])
        base.write([lambda db: rooms.set_place(db, code, {}, asked.number)])
        for phone, choice in (("a", 0), ("b", 1)):
            base.write([lambda db, phone=phone: rooms.join_room(db, code, phone)])
            base.write([cast(code, phone, asked.number, "first", choice)])
        base.write([lambda db: votes.set_stage(db, code, asked.number, "second")])
        base.write([cast(code, "a", asked.number, "second", 1)])
        base.write([lambda db, one=one: digits.add_digit(db, code, "a", one) for one in GREYS])
        yield base, code


def cast(code, phone, number, stage, choice):
    return lambda db: votes.cast_vote(db, code, phone, number, stage, choice)


def test_the_table_has_every_vote_once_and_each_phone_under_a_number(filled):
    base, code = filled
    content = base.read(lambda db: results.votes_csv(db, code)).decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(content))
    assert tuple(head) == results.HEAD
    assert sorted((row[1], row[3]) for row in rows) == [
        ("after the discussion", "More <b>than</b> half"),
        ("before the discussion", "'=1+1"),  # no spreadsheet calculates it
        ("before the discussion", "More <b>than</b> half"),
    ]
    assert {row[2] for row in rows} == {"1", "2"}


def test_the_digits_are_those_that_were_drawn(filled):
    base, code = filled
    stacked_nhw = np.load(io.BytesIO(base.read(lambda db: results.digits_npy(db, code))))
    assert stacked_nhw.shape == (3, 28, 28)
    assert [round(float(each.max() * 255)) for each in stacked_nhw] == [0, 51, 255]
    sheet = Image.open(io.BytesIO(base.read(lambda db: results.digits_png(db, code))))
    assert sheet.size == (3 * 28, 28)


def test_the_page_of_results_shows_both_votes_and_obeys_no_text(filled):
    base, code = filled
    page = base.read(lambda db: results.results_page(db, code)).decode()
    assert "How &lt;i&gt;much&lt;/i&gt;?" in page
    assert "1 before the discussion" in page
    assert "1 after the discussion" in page
    assert "3 digits" in page
    assert code not in page
    assert "http" not in page  # it needs nothing from anywhere
    assert "<dt>=1+1</dt>" in page  # no spreadsheet's mark: nothing calculates it here


def test_a_question_without_a_second_vote_is_told_without_one(tmp_path):
    with open_rooms(tmp_path) as base:
        ((code, _),) = base.write([rooms.open_room])
        (asked,) = base.write([lambda db: votes.ask(db, code, "m", "How much?", ("A little", "A lot"))])
        base.write([lambda db: rooms.set_place(db, code, {}, asked.number)])
        base.write([lambda db: rooms.join_room(db, code, "a"), cast(code, "a", asked.number, "first", 1)])
        page = base.read(lambda db: results.results_page(db, code)).decode()
    assert "1 before the discussion" in page
    assert "0 after the discussion" not in page
    assert "1 phone." in page


def test_without_digits_there_is_a_sentence(tmp_path):
    with open_rooms(tmp_path) as base:
        ((code, _),) = base.write([rooms.open_room])
        with pytest.raises(RoomError, match="Nobody has drawn"):
            base.read(lambda db: results.digits_png(db, code))
        assert b"0 phones" in base.read(lambda db: results.results_page(db, code))
