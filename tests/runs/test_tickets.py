"""Tickets: who wants what trained, in which order, and that no crash and no crowd spoils them."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ae_core import config
from ae_core.config import DataConfig, RunConfig, run_id
from ae_core.errors import QueueFullError, StoreError
from ae_core.runs import tickets
from ae_core.runs.store import Store
from ae_core.runs.tickets import Forecast, Ticket
from ae_core.runs.versions import versions

RUN = config.adjusted(config.FAE, model={"latent_size": 2, "hidden_sizes": (4,)})
NAME = run_id(RUN)


def run_number(i: int) -> RunConfig:
    return config.adjusted(RUN, training={"seed": i})


def ask(store: Store, run: RunConfig = RUN, visitor: str = "anna", expected_seconds: float = 10.0) -> str:
    tickets.submit_ticket(store, run, visitor, expected_seconds)
    return run_id(run)


def age(store: Store, name: str, seconds: float) -> None:
    """As if the run had been asked for that much earlier."""
    path = tickets.ticket_folder(store, name) / tickets.TICKET
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, "asked": fields["asked"] - seconds}))


def watched_before(store: Store, name: str, visitor: str, seconds: float) -> None:
    seen = time.time() - seconds
    os.utime(tickets.ticket_folder(store, name) / tickets.VIEWERS / visitor, (seen, seen))


def names(found: list[Ticket]) -> list[str]:
    return [ticket.run_id for ticket in found]


def ticket(i: int, owners: str = "a", expected_seconds: float = 10.0, asked: float | None = None) -> Ticket:
    return Ticket(
        run_number(i),
        f"{i:08x}",
        float(i) if asked is None else asked,
        expected_seconds,
        {},
        "",
        frozenset(owners),
    )


# Ask, join, withdraw


def test_a_ticket_says_what_was_asked_for(store):
    assert tickets.find_ticket(store, NAME) is None
    tickets.submit_ticket(store, RUN, "anna", 12.34)
    found = tickets.find_ticket(store, NAME)
    assert (found.run, found.run_id, found.owners) == (RUN, NAME, {"anna"})
    assert (found.expected_seconds, found.problem, found.versions) == (12.3, "", versions())
    assert found.asked == pytest.approx(time.time(), abs=60)
    assert names(tickets.tickets_in_line(store)) == [NAME]


@pytest.mark.parametrize("data_dir", [None, "/srv/digits"])
def test_a_ticket_of_an_earlier_version_which_named_a_data_directory_is_read(store, data_dir):
    ask(store)
    path = tickets.ticket_folder(store, NAME) / tickets.TICKET
    before = tickets.find_ticket(store, NAME)
    path.write_text(json.dumps({**json.loads(path.read_text()), "data_dir": data_dir}))
    assert tickets.find_ticket(store, NAME) == before


def test_a_ticket_says_which_digits_to_learn_from(store):
    few = replace(RUN, data=DataConfig(digits=1_000, classes=(0, 1, 2, 3, 4)))
    assert tickets.find_ticket(store, ask(store, few)).run.data == few.data


def test_who_asks_for_a_run_in_the_line_joins_it(store):
    ask(store, visitor="anna")
    first = tickets.find_ticket(store, NAME)
    ask(store, visitor="ben")
    ask(store, visitor="ben", expected_seconds=99.0)
    joined = tickets.find_ticket(store, NAME)
    assert joined.owners == {"anna", "ben"}
    assert replace(joined, owners=first.owners) == first


def test_a_run_asked_for_again_is_another_ticket(store):
    ask(store)
    first = tickets.find_ticket(store, NAME)
    assert tickets.withdraw_owner(store, NAME, "anna")
    ask(store)
    assert tickets.find_ticket(store, NAME).number != first.number


def test_a_ticket_goes_when_nobody_wants_it_any_more(store):
    for visitor in ("anna", "ben"):
        ask(store, visitor=visitor)
    assert not tickets.withdraw_owner(store, NAME, "anna")
    assert tickets.find_ticket(store, NAME).owners == {"ben"}
    assert not tickets.withdraw_owner(store, NAME, "anna")
    assert tickets.withdraw_owner(store, NAME, "ben")
    assert tickets.find_ticket(store, NAME) is None
    assert tickets.tickets_in_line(store) == []
    assert not tickets.ticket_folder(store, NAME).exists()


def test_who_looks_on_keeps_a_training_going_and_not_ten_seconds_after(store):
    ask(store, visitor="anna")
    tickets.note_viewer(store, NAME, "ben")
    assert not tickets.withdraw_owner(store, NAME, "anna")
    watched_before(store, NAME, "ben", tickets.VIEWER_SECONDS - 2)
    assert not tickets.withdraw_owner(store, NAME, "anna")
    watched_before(store, NAME, "ben", tickets.VIEWER_SECONDS + 0.5)
    assert tickets.withdraw_owner(store, NAME, "anna")
    assert tickets.find_ticket(store, NAME) is None


def test_looking_on_again_counts_from_the_last_look(store):
    ask(store, visitor="anna")
    tickets.note_viewer(store, NAME, "ben")
    watched_before(store, NAME, "ben", 60)
    tickets.note_viewer(store, NAME, "ben")
    assert not tickets.withdraw_owner(store, NAME, "anna")


def test_looking_at_ones_own_run_does_not_keep_it_from_being_stopped(store):
    ask(store, visitor="anna")
    tickets.note_viewer(store, NAME, "anna")
    assert tickets.withdraw_owner(store, NAME, "anna")


def test_looking_on_does_not_put_a_run_in_the_line(store):
    tickets.note_viewer(store, NAME, "ben")
    assert tickets.tickets_in_line(store) == []
    assert not tickets.ticket_folder(store, NAME).exists()


def test_a_closed_ticket_is_gone_whoever_wants_it(store):
    ask(store, visitor="anna")
    tickets.note_viewer(store, NAME, "ben")
    tickets.remove_ticket(store, NAME)
    assert tickets.find_ticket(store, NAME) is None
    tickets.remove_ticket(store, NAME)  # nothing to close is no mistake


def test_a_finished_training_does_not_close_the_ticket_that_came_after_its_own(store):
    ask(store)
    number = tickets.find_ticket(store, NAME).number
    tickets.remove_ticket(store, NAME)
    ask(store)
    tickets.remove_ticket(store, NAME, number)
    assert tickets.find_ticket(store, NAME).owners == {"anna"}
    tickets.remove_ticket(store, NAME, tickets.find_ticket(store, NAME).number)
    assert tickets.find_ticket(store, NAME) is None


def test_a_store_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written.*AE_LAB_STORE"):
        ask(Store(tmp_path / "file" / "store"))


def test_a_ticket_that_cannot_be_written_says_so_and_is_none(store):
    store.check_writable()
    (store.root / "jobs").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot be written.*press Train again"):
        ask(store)
    assert tickets.tickets_in_line(store) == []


# The line


def test_the_line_is_in_the_order_of_asking_for_runs_of_one_length(store):
    asked = [ask(store, run_number(i), f"visitor {i}") for i in range(4)]
    for i, name in enumerate(asked):
        age(store, name, 40 - i)
    assert names(tickets.tickets_in_line(store)) == asked


def test_a_short_run_passes_a_long_one(store):
    long = ask(store, run_number(0), "anna", expected_seconds=600)
    short = ask(store, run_number(1), "ben", expected_seconds=5)
    assert names(tickets.tickets_in_line(store)) == [short, long]


def test_a_long_run_is_not_passed_for_ever(store):
    long = ask(store, run_number(0), "anna", expected_seconds=600)
    age(store, long, 590)
    before = ask(store, run_number(1), "ben", expected_seconds=5)
    age(store, long, 10)
    after = ask(store, run_number(2), "cleo", expected_seconds=5)
    assert names(tickets.tickets_in_line(store)) == [long, before, after]


def test_the_4th_run_of_one_visitor_is_refused_and_nobody_elses(store):
    mine = [ask(store, run_number(i), "anna") for i in range(tickets.TICKETS_PER_VISITOR)]
    with pytest.raises(QueueFullError, match=r"3 trainings under way.*one running and two waiting.*stop one"):
        ask(store, run_number(3), "anna")
    assert tickets.find_ticket(store, run_id(run_number(3))) is None
    theirs = ask(store, run_number(3), "ben")
    assert names(tickets.tickets_in_line(store)) == [*mine, theirs]
    tickets.withdraw_owner(store, mine[0], "anna")
    assert tickets.find_ticket(store, ask(store, run_number(4), "anna")) is not None


def test_a_full_line_takes_no_more_but_lets_others_join_what_is_in_it(store, monkeypatch):
    monkeypatch.setattr(tickets, "TICKETS_IN_ALL", 2)
    first = ask(store, run_number(0), "anna")
    ask(store, run_number(1), "ben")
    with pytest.raises(QueueFullError, match="as many as the line holds"):
        ask(store, run_number(2), "cleo")
    assert tickets.find_ticket(store, run_id(run_number(2))) is None
    assert ask(store, run_number(0), "cleo") == first
    tickets.withdraw_owner(store, first, "anna")
    tickets.withdraw_owner(store, first, "cleo")
    assert tickets.find_ticket(store, ask(store, run_number(2), "cleo")) is not None


def test_asking_again_for_a_run_of_ones_own_does_not_count_anew(store):
    for _ in range(2):
        for i in range(tickets.TICKETS_PER_VISITOR):
            ask(store, run_number(i), "anna")
    assert len(tickets.tickets_in_line(store)) == tickets.TICKETS_PER_VISITOR


def test_who_has_three_under_way_cannot_join_a_fourth(store):
    for i in range(tickets.TICKETS_PER_VISITOR):
        ask(store, run_number(i), "anna")
    theirs = ask(store, run_number(3), "ben")
    with pytest.raises(QueueFullError):
        ask(store, run_number(3), "anna")
    assert tickets.find_ticket(store, theirs).owners == {"ben"}


def test_a_run_that_failed_does_not_count(store):
    for i in range(tickets.TICKETS_PER_VISITOR):
        ask(store, run_number(i), "anna")
    tickets.write_failure(store, run_id(run_number(0)), "no room")
    ask(store, run_number(3), "anna")
    assert len(tickets.tickets_in_line(store)) == 3


def test_sixty_who_ask_at_once_for_one_run_share_one_ticket(store):
    with ThreadPoolExecutor(60) as crowd:
        list(crowd.map(lambda i: ask(store, visitor=f"visitor{i}"), range(60)))
    (only,) = tickets.tickets_in_line(store)
    assert only.owners == {f"visitor{i}" for i in range(60)}


def test_a_visitor_who_asks_in_many_tabs_at_once_gets_no_more_than_three(store):
    def refused(i: int) -> bool:
        try:
            ask(store, run_number(i), "anna")
        except QueueFullError:
            return True
        return False

    with ThreadPoolExecutor(12) as tabs:
        assert sum(tabs.map(refused, range(12))) == 12 - tickets.TICKETS_PER_VISITOR
    assert len(tickets.tickets_in_line(store)) == tickets.TICKETS_PER_VISITOR


# What is no ticket


FIELDS = {
    "number": "00000000",
    "asked": 1.0,
    "expected_seconds": 1.0,
    "versions": {},
    "problem": "",
}
WHOLE = json.dumps({"run": config.to_json(RUN), **FIELDS})
JUNK = {
    "half written": WHOLE[: len(WHOLE) // 2],
    "empty": "",
    "a number": "7",
    "a list": "[]",
    "nothing": "null",
    "an empty object": "{}",
    "no settings": json.dumps({**FIELDS, "run": "{}"}),
    "settings of no kind": json.dumps({**FIELDS, "run": 7}),
    "not text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", JUNK.values(), ids=JUNK)
def test_what_is_no_ticket_is_none_and_hides_no_other(store, content):
    place = tickets.ticket_folder(store, NAME)
    (place / tickets.OWNERS).mkdir(parents=True)
    (place / tickets.TICKET).write_bytes(content if isinstance(content, bytes) else content.encode())
    other = ask(store, run_number(1))
    assert tickets.find_ticket(store, NAME) is None
    assert names(tickets.tickets_in_line(store)) == [other]
    ask(store)
    assert set(names(tickets.tickets_in_line(store))) == {other, NAME}


def test_a_folder_that_is_no_runs_hides_no_ticket(store):
    other = ask(store)
    for stray in ("notes", "F" * 16):
        (store.root / "jobs" / stray).mkdir()
        (store.root / "jobs" / stray / tickets.TICKET).write_text(WHOLE)
    assert names(tickets.tickets_in_line(store)) == [other]


def test_a_ticket_without_its_owners_is_none(store):
    """The moment in which a ticket is being taken away."""
    ask(store)
    for path in (tickets.ticket_folder(store, NAME) / tickets.OWNERS).iterdir():
        path.unlink()
    (tickets.ticket_folder(store, NAME) / tickets.OWNERS).rmdir()
    assert tickets.find_ticket(store, NAME) is None


# Failures


def test_a_failure_is_on_the_ticket_which_leaves_the_line_and_stays_as_large_as_it_was(store):
    ask(store)
    path = tickets.ticket_folder(store, NAME) / tickets.TICKET
    before = path.stat()
    assert before.st_size == tickets.TICKET_BYTES
    tickets.write_failure(store, NAME, "No room on the disk: räume auf. " + "x" * 5000)
    after = path.stat()
    assert (after.st_size, after.st_ino) == (before.st_size, before.st_ino)
    assert tickets.find_ticket(store, NAME).problem.startswith("No room on the disk: räume auf.")
    assert len(tickets.find_ticket(store, NAME).problem) > 1000
    assert tickets.tickets_in_line(store) == []


@pytest.mark.parametrize("letter", ["x", '"', "\n", "ä", "→", "😀"])
def test_a_long_reason_fits_in_its_place_whatever_it_is_written_in(store, letter):
    tickets.submit_ticket(store, config.KERAS_EXAMPLE, "anna", 1e6)
    name = run_id(config.KERAS_EXAMPLE)
    tickets.write_failure(store, name, letter * 5000)
    assert (tickets.ticket_folder(store, name) / tickets.TICKET).stat().st_size == tickets.TICKET_BYTES
    assert set(tickets.find_ticket(store, name).problem) == {letter}


def test_a_failed_run_that_is_asked_for_again_is_in_the_line_again(store):
    ask(store, visitor="anna")
    first = tickets.find_ticket(store, NAME)
    tickets.write_failure(store, NAME, "no room")
    ask(store, visitor="ben")
    again = tickets.find_ticket(store, NAME)
    assert (again.problem, again.owners) == ("", {"ben"})
    assert again.number != first.number
    assert names(tickets.tickets_in_line(store)) == [NAME]


def test_a_failure_without_a_ticket_is_no_mistake(store):
    tickets.write_failure(store, NAME, "no room")
    assert tickets.find_ticket(store, NAME) is None


def test_attempts_are_counted_until_one_comes_further(store):
    ask(store)
    assert tickets.count_attempt(store, NAME, 0) == []
    tickets.note_attempt_end(store, NAME, "out of memory")
    assert tickets.count_attempt(store, NAME, 0) == ["out of memory"]
    (first, second) = tickets.count_attempt(store, NAME, 0)
    assert first == "out of memory"
    assert "was killed" in second  # nobody had time to say why
    assert tickets.count_attempt(store, NAME, 3) == []
    assert len(tickets.count_attempt(store, NAME, 3)) == 1


def test_attempts_are_forgotten_with_the_ticket(store):
    ask(store)
    tickets.count_attempt(store, NAME, 0)
    tickets.remove_ticket(store, NAME)
    ask(store)
    assert tickets.count_attempt(store, NAME, 0) == []


# Who may begin


def nobody_is(name: str) -> bool:
    return False


def test_each_visitor_may_have_one_run_in_training(store):
    line = [ticket(0, "a"), ticket(1, "a"), ticket(2, "b"), ticket(3, "c"), ticket(4, "b")]
    assert tickets.ready_tickets(line, nobody_is) == [line[0], line[2], line[3]]


def test_the_run_in_training_counts_before_those_that_wait(store):
    line = [ticket(0, "a"), ticket(1, "b"), ticket(2, "a")]
    ready = tickets.ready_tickets(line, lambda name: name == line[2].run_id)
    assert ready == [line[2], line[1]]


def test_a_shared_run_need_not_wait_for_one_of_those_who_want_it(store):
    line = [ticket(0, "a"), ticket(1, "ab"), ticket(2, "b")]
    assert tickets.ready_tickets(line, nobody_is) == [line[0], line[1]]


def test_a_run_that_only_viewers_want_still_goes_on(store):
    line = [ticket(0, ""), ticket(1, "")]
    assert tickets.ready_tickets(line, nobody_is) == line


# What to expect


def test_one_worker_takes_one_after_the_other():
    line = [ticket(i, f"{i}", expected_seconds=10) for i in range(3)]
    told = tickets.forecast_starts(line, {}, workers=1)
    assert [told[each.run_id] for each in line] == [Forecast(1, 0.0), Forecast(2, 10.0), Forecast(3, 20.0)]


def test_who_waits_begins_when_the_running_one_is_done():
    line = [ticket(i, f"{i}", expected_seconds=10) for i in range(3)]
    told = tickets.forecast_starts(line, {line[0].run_id: 4.0}, workers=1)
    assert [told[each.run_id] for each in line] == [Forecast(0, 0.0), Forecast(1, 4.0), Forecast(2, 14.0)]


def test_two_workers_take_two_at_a_time():
    line = [ticket(i, f"{i}", expected_seconds=10) for i in range(4)]
    told = tickets.forecast_starts(line, {line[0].run_id: 4.0}, workers=2)
    assert [told[each.run_id].start_seconds for each in line] == [0.0, 0.0, 4.0, 10.0]
    assert [told[each.run_id].position for each in line] == [0, 1, 2, 3]


def test_a_visitors_second_run_waits_for_the_first_though_a_worker_is_free():
    line = [ticket(0, "a"), ticket(1, "a", expected_seconds=10)]
    assert tickets.forecast_starts(line, {line[0].run_id: 100.0}, workers=2)[line[1].run_id] == Forecast(
        1, 100.0
    )


def test_a_worker_that_one_visitor_must_not_take_yet_is_free_for_the_next():
    line = [ticket(0, "a"), ticket(1, "a"), ticket(2, "b")]
    assert (
        tickets.forecast_starts(line, {line[0].run_id: 100.0}, workers=2)[line[2].run_id].start_seconds == 0.0
    )


def test_a_shared_run_begins_when_one_of_its_owners_may():
    line = [ticket(0, "a"), ticket(1, "ab")]
    assert tickets.ready_tickets(line, lambda name: name == line[0].run_id) == line
    assert (
        tickets.forecast_starts(line, {line[0].run_id: 100.0}, workers=2)[line[1].run_id].start_seconds == 0.0
    )


def test_more_in_training_than_workers_known_is_no_mistake():
    line = [ticket(i, f"{i}") for i in range(4)]
    told = tickets.forecast_starts(line, {each.run_id: 5.0 + i for i, each in enumerate(line[:3])}, workers=1)
    assert told[line[3].run_id] == Forecast(1, 7.0)


RUNS = [ticket(i).run for i in range(12)]
SECONDS = st.floats(0, 1e4)


@st.composite
def lines(draw) -> tuple[list[Ticket], dict[str, float]]:
    """A line in its order, and the seconds left of those of it that are in training."""
    found = [
        Ticket(
            run,
            f"{i:08x}",
            draw(SECONDS),
            draw(SECONDS),
            {},
            "",
            frozenset(draw(st.sets(st.sampled_from("abcd")))),
        )
        for i, run in enumerate(RUNS[: draw(st.integers(0, len(RUNS)))])
    ]
    found.sort(key=lambda each: each.rank)
    in_training = (
        draw(st.sets(st.sampled_from([each.run_id for each in found]), max_size=3)) if found else set()
    )
    return found, {name: draw(SECONDS) for name in sorted(in_training)}


@given(line_and_left=lines(), workers=st.integers(1, 4))
def test_everyone_is_told_a_place_and_a_time_that_is_not_in_the_past(line_and_left, workers):
    line, left = line_and_left
    told = tickets.forecast_starts(line, left, workers)
    assert told.keys() == {each.run_id for each in line}
    assert all(0 <= forecast.start_seconds < float("inf") for forecast in told.values())
    waiting = [each.run_id for each in line if each.run_id not in left]
    assert [told[name].position for name in waiting] == list(range(1, len(waiting) + 1))
    assert all(told[name] == Forecast(0, 0.0) for name in left)


@given(line_and_left=lines())
def test_with_one_worker_who_comes_later_begins_no_earlier(line_and_left):
    line, left = line_and_left
    told = tickets.forecast_starts(line, dict(list(left.items())[:1]), workers=1)
    starts = [
        forecast.start_seconds for forecast in sorted(told.values(), key=lambda forecast: forecast.position)
    ]
    assert starts == sorted(starts)


@given(line_and_left=lines(), in_training=st.sets(st.integers(0, 11)))
def test_nobody_has_two_runs_of_their_own_alone_in_training(line_and_left, in_training):
    line, _ = line_and_left
    running = {run_id(RUNS[i]) for i in in_training}
    ready = tickets.ready_tickets(line, lambda name: name in running)
    alone = [each.owners for each in ready if len(each.owners) == 1]
    assert len(alone) == len(set(alone))
    head = [each for each in line if each.run_id in running] or line
    assert head[:1] == ready[:1]  # whoever is first is never left out
