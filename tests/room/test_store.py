"""A room on disk: who gets in, what counts, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ae_core.errors import StoreError
from ae_core.room import bounds, digits, drawings, places, rooms, votes
from ae_core.room.database import RoomDatabase, RoomError, open_rooms
from pages.shared.room import expiry
from tests.conftest import PROJECT

QUESTION = ("m", "Which?", ("This.", "That."))
SEVEN = [{"rubs": False, "width": 18, "points": [60, 60, 0.5, 200, 60, 0.5, 110, 220, 0.5]}]


@pytest.fixture
def base(tmp_path):
    with open_rooms(tmp_path) as found:
        yield found


@pytest.fixture
def room(base):
    """A room's code, its question on the screen, two phones in it."""
    code, _ = done(base, rooms.open_room)
    number = done(base, lambda db: votes.ask(db, code, *QUESTION)).number
    done(base, lambda db: rooms.set_place(db, code, {"page": "home"}, number))
    for phone in "ab":
        done(base, lambda db, phone=phone: rooms.join_room(db, code, phone))
    return code, number


def done(base: RoomDatabase, operation):
    (outcome,) = base.write([operation])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def vote(base, room, phone, choice, stage="first"):
    done(base, lambda db: votes.cast_vote(db, room[0], phone, room[1], stage, choice))


def tally(base, room):
    return base.read(lambda db: votes.count_votes(db, votes.find_question(db, *room)))


def test_a_code_has_no_letters_that_look_alike(base):
    codes = [done(base, rooms.open_room)[0] for _ in range(bounds.ROOMS)]
    assert len(set(codes)) == bounds.ROOMS
    assert all(rooms.is_code(code) and not set(code) & set("0O1I") for code in codes)
    with pytest.raises(RoomError, match="As many rooms are open"):
        done(base, rooms.open_room)


def test_only_the_secret_steers_and_it_is_kept_nowhere(base, tmp_path):
    code, secret = done(base, rooms.open_room)
    assert base.read(lambda db: rooms.is_presenter(db, code, secret))
    for other in ("", secret[:-1], code):
        assert not base.read(lambda db, other=other: rooms.is_presenter(db, code, other))
    assert secret.encode() not in base.path.read_bytes()


def test_a_phone_counts_once_over_changes_and_reloads(base, room):
    for choice in (0, 1, 1, 0, 1):
        done(base, lambda db: rooms.join_room(db, room[0], "a"))
        vote(base, room, "a", choice)
    vote(base, room, "b", 0)
    assert tally(base, room) == {"first": [1, 1], "second": [0, 0]}
    assert base.read(lambda db: rooms.count_phones(db, room[0])) == 2


def test_a_vote_counts_in_the_vote_that_it_was_cast_in_and_not_after(base, room):
    vote(base, room, "a", 0)
    done(base, lambda db: votes.set_stage(db, *room, "second"))
    with pytest.raises(RoomError, match="closed"):
        vote(base, room, "b", 1, "first")
    vote(base, room, "a", 1, "second")
    done(base, lambda db: votes.set_stage(db, *room, "revealed"))
    for stage in ("second", "revealed"):
        with pytest.raises(RoomError, match="closed"):
            vote(base, room, "b", 1, stage)
    assert tally(base, room) == {"first": [1, 0], "second": [0, 1]}


def test_a_vote_belongs_to_the_question_as_it_was_asked(base, room):
    vote(base, room, "a", 0)
    other = done(base, lambda db: votes.ask(db, room[0], "other dials", *QUESTION[1:]))
    done(base, lambda db: rooms.set_place(db, room[0], {"page": "home"}, other.number))
    with pytest.raises(RoomError, match="closed"):
        vote(base, room, "b", 0)
    again = done(base, lambda db: votes.ask(db, room[0], *QUESTION))
    assert again.number == room[1]
    assert tally(base, room)["first"] == [1, 0]
    done(base, lambda db: votes.set_stage(db, *room, "first"))  # asked anew
    assert tally(base, room)["first"] == [0, 0]


def find(base, room):
    return base.read(lambda db: votes.find_question(db, *room))


def test_the_right_option_is_known_from_the_reveal_until_the_room_votes_again(base, room):
    assert find(base, room).right is None
    done(base, lambda db: votes.set_stage(db, *room, "revealed"))
    assert find(base, room).right is None  # the screen is still at it
    done(base, lambda db: votes.set_stage(db, *room, "revealed", 1))
    done(base, lambda db: votes.set_stage(db, *room, "revealed"))
    assert find(base, room).right == 1
    done(base, lambda db: votes.set_stage(db, *room, "first"))
    assert find(base, room).right is None


@pytest.mark.parametrize(
    ("stage", "right"),
    [
        ("first", 0),
        ("second", 0),
        *(("revealed", right) for right in (-1, 2, 2**70, True, "0", 0.0, [0], {})),
    ],
)
def test_no_right_option_is_told_before_the_reveal_and_none_that_there_is_not(base, room, stage, right):
    vote(base, room, "a", 1)
    with pytest.raises(RoomError, match="no such answer"):
        done(base, lambda db: votes.set_stage(db, *room, stage, right))
    assert (find(base, room).stage, find(base, room).right) == ("first", None)
    assert tally(base, room)["first"] == [0, 1]


def test_a_file_of_a_lab_that_knew_no_right_options_is_taken_over(base, room, tmp_path):
    vote(base, room, "a", 1)
    done(base, lambda db: db.execute("DROP TABLE answers"))
    with open_rooms(tmp_path) as later:
        done(later, lambda db: votes.set_stage(db, *room, "revealed", 1))
        assert find(later, room).right == 1
        assert tally(later, room)["first"] == [0, 1]


@pytest.mark.parametrize("choice", [-1, 2, True, None, "0", 0.0, [0]])
def test_what_is_no_answer_does_not_count(base, room, choice):
    with pytest.raises(RoomError):
        vote(base, room, "a", choice)
    with pytest.raises(RoomError, match="not in the room"):
        vote(base, room, "c", 0)
    assert tally(base, room)["first"] == [0, 0]


def test_a_refusal_undoes_nothing_of_what_is_committed_with_it(base, room):
    code, number = room
    outcomes = base.write(
        [
            lambda db: votes.cast_vote(db, code, "a", number, "first", 0),
            lambda db: votes.cast_vote(db, code, "a", number, "first", 9),
            lambda db: votes.cast_vote(db, code, "b", number, "first", 1),
        ]
    )
    assert [isinstance(outcome, RoomError) for outcome in outcomes] == [False, True, False]
    assert tally(base, room)["first"] == [1, 1]


def test_beyond_the_bounds_there_is_a_sentence(base, room, monkeypatch):
    code = room[0]
    greys = drawings.draw_digit(SEVEN)
    monkeypatch.setattr(bounds, "PHONES", 2)
    with pytest.raises(RoomError, match="room for 2 phones"):
        done(base, lambda db: rooms.join_room(db, code, "c"))
    for number in range(bounds.DIGITS_OF_PHONE):
        done(base, lambda db, one=bytes([number]) * 784: digits.add_digit(db, code, "a", one))
    with pytest.raises(RoomError, match=f"sent {bounds.DIGITS_OF_PHONE} digits"):
        done(base, lambda db: digits.add_digit(db, code, "a", greys))
    monkeypatch.setattr(bounds, "DIGITS", bounds.DIGITS_OF_PHONE)
    with pytest.raises(RoomError, match="as many digits"):
        done(base, lambda db: digits.add_digit(db, code, "b", greys))
    monkeypatch.setattr(bounds, "QUESTIONS", 1)
    with pytest.raises(RoomError, match="as many questions"):
        done(base, lambda db: votes.ask(db, code, "n", *QUESTION[1:]))


def test_a_picture_that_its_phone_sends_twice_is_one_digit(base, room):
    code = room[0]
    greys = drawings.draw_digit(SEVEN)
    numbers = [done(base, lambda db, of=of: digits.add_digit(db, code, of, greys)) for of in "aba"]
    assert numbers[2] == numbers[0] != numbers[1]


def test_strokes_become_a_digit_as_mnist_has_them_and_nothing_else_does():
    (digit_hw,) = drawings.stack_digits([drawings.draw_digit(SEVEN)])
    inked = (digit_hw > 0.1).nonzero()
    assert int((inked.max(0).values - inked.min(0).values).max()) in (18, 19)
    for found, words in (("x", "no drawing"), ([{}], "no drawing"), ([], "nothing on the board")):
        with pytest.raises(RoomError, match=words):
            drawings.draw_digit(found)


def test_the_rooms_digits_stand_in_for_others_once_they_are_to_but_for_those_put_away(base, room):
    code = room[0]
    greys = [bytes([value]) * 784 for value in (51, 102, 255)]
    numbers = [done(base, lambda db, one=one: digits.add_digit(db, code, "a", one)) for one in greys]
    assert base.read(lambda db: drawings.lesson_digits(db, code)) is None
    done(base, lambda db: rooms.use_digits(db, code, are_used=True))
    done(base, lambda db: digits.put_away(db, code, numbers[1], is_away=True))
    shown_nhw = base.read(lambda db: drawings.lesson_digits(db, code))
    assert torch.allclose(shown_nhw[:, 0, 0], torch.tensor([1.0, 0.2]))
    assert list(base.read(lambda db: digits.read_greys(db, code, numbers[0]))) == [numbers[2]]


def test_phones_hear_of_what_concerns_them_and_the_screen_of_everything(base, room):
    def versions():
        return base.read(lambda db: rooms.list_versions(db))[room[0]]

    turn, version = versions()
    vote(base, room, "a", 0)
    assert versions()[0] == turn
    assert versions()[1] > version
    done(base, lambda db: votes.set_stage(db, *room, "second"))
    assert versions()[0] > turn


def test_nothing_of_a_closed_room_is_left_in_the_file(base):
    others, _ = done(base, rooms.open_room)
    code, _ = done(base, rooms.open_room)
    number = done(
        base, lambda db: votes.ask(db, code, "mark-of-it", "words-of-it", ("a-b-c", "d-e-f"))
    ).number
    done(base, lambda db: rooms.set_place(db, code, {"page": "page-of-it"}, number))
    phones = [done(base, lambda db, i=i: rooms.join_room(db, code, f"cookie{i}")) for i in range(50)]
    for i in range(50):
        done(base, lambda db, i=i: votes.cast_vote(db, code, f"cookie{i}", number, "first", i % 2))
    done(base, lambda db: votes.set_stage(db, code, number, "revealed", 1))
    done(base, lambda db: digits.add_digit(db, code, "cookie0", b"greys-of-it" + bytes(773)))
    traces = [code, *phones, "mark-of-it", "words-of-it", "a-b-c", "page-of-it", "greys-of-it"]
    content = base.path.read_bytes()
    assert all(trace.encode() in content for trace in traces)
    done(base, lambda db: rooms.close_room(db, code))
    content = base.path.read_bytes()
    assert [trace for trace in traces if trace.encode() in content] == []
    for table in ("questions", "votes", "answers", "phones", "digits"):
        assert base.read(lambda db, table=table: db.execute(f"SELECT * FROM {table}").fetchall()) == []
    assert base.read(lambda db: rooms.find_room(db, code)) is None
    assert base.read(lambda db: rooms.find_room(db, others))
    assert [path.name for path in base.path.parent.iterdir()] == [base.path.name]


def test_after_twelve_hours_a_room_is_gone_by_itself(base):
    opened = time.time() - 3600 * bounds.HOURS - 1
    code, _ = done(base, lambda db: rooms.open_room(db, opened))
    assert base.read(lambda db: rooms.find_room(db, code)) is None
    assert base.read(rooms.list_versions) == {}
    with pytest.raises(RoomError, match="no room with this code"):
        done(base, lambda db: rooms.join_room(db, code, "a"))
    done(base, rooms.delete_old_rooms)
    assert code.encode() not in base.path.read_bytes()


def test_old_rooms_are_deleted_though_nobody_looks_at_them(tmp_path, monkeypatch):
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path))
    monkeypatch.setattr(expiry, "LOOK_SECONDS", 0.01)

    async def a_moment():
        with suppress(TimeoutError):
            await asyncio.wait_for(expiry.keep_deleting_old_rooms(), 0.3)

    with open_rooms(tmp_path) as base:
        opened = time.time() - 3600 * bounds.HOURS
        old, young = (done(base, lambda db, at=at: rooms.open_room(db, at)) for at in (opened, opened + 60))
        old_code, young_code = old[0], young[0]
        asyncio.run(a_moment())
        assert old_code.encode() not in base.path.read_bytes()
        assert young_code.encode() in base.path.read_bytes()


def test_two_processes_share_one_tally(base, room):
    """A hundred votes each, at the same time."""
    program = (
        "import sys; from pathlib import Path\n"
        "from ae_core.room import rooms, votes\n"
        "from ae_core.room.database import open_rooms\n"
        "root, code, number, name = sys.argv[1:]\n"
        "with open_rooms(Path(root)) as base:\n"
        "    for i in range(50):\n"
        "        phone = f'{name}{i}'\n"
        "        base.write([lambda db: rooms.join_room(db, code, phone),\n"
        "                    lambda db: votes.cast_vote(db, code, phone, int(number), 'first', i % 2)])\n"
    )
    root = base.path.parents[1]
    both = [
        subprocess.Popen([sys.executable, "-c", program, str(root), room[0], str(room[1]), name], cwd=PROJECT)
        for name in ("one", "other")
    ]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert tally(base, room)["first"] == [50, 50]


def test_rooms_that_cannot_be_kept_are_told_of(tmp_path):
    (tmp_path / "rooms").mkdir()
    (tmp_path / "rooms" / "rooms.sqlite3").write_bytes(b"no database at all" * 100)
    with open_rooms(tmp_path) as base, pytest.raises(StoreError, match="cannot be reached"):
        base.write([rooms.open_room])


def test_the_journal_is_one_that_network_folders_bear(base, room):
    found = sqlite3.connect(base.path)
    assert found.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    found.close()


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("?present=1&dae_test_noise=0.4&latent_size=8", "dae_test_noise=0.4&latent_size=8"),
        ("dae_test_noise=9&latent_size=7&x=1", ""),
        ("steer=ABCD-secret&follow=ABCD&notes=1&yours=0123456789abcdef&answers=fae.1", ""),
        ("train_classes=1&train_classes=2", "train_classes=1&train_classes=2"),
    ],
)
def test_a_follower_gets_dials_and_nothing_else(link, kept):
    assert places.read_place({"page": "home", "beat": "", "title": "", "link": link})["link"] == kept


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["page", "beat", "title", "link", "mark", "text", "options"]), inner
        )
    ),
)


@given(found=ANYTHING)
def test_whatever_a_browser_tells_is_a_place_or_refused(found):
    for read in (places.read_place, places.read_question):
        with suppress(RoomError):
            read(found)
