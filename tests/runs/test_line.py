"""The line of trainings among strangers: bounds, turns between addresses, and who is gone."""

from __future__ import annotations

import os
import threading
import time

import pytest

from ae_core import config
from ae_core.config import RunConfig, run_id
from ae_core.errors import QueueFullError
from ae_core.runs import served, tickets
from ae_core.runs.run_folder import EVENTS, MANIFEST
from ae_core.runs.store import Store
from ae_core.service import jobs
from tests.runs.test_housekeeping import RUN, finish


def with_seed(seed: int) -> RunConfig:
    return config.adjusted(RUN, training={"seed": seed})


def ask(store: Store, seed: int, visitor: str, address: str, seconds: float = 10.0) -> str:
    tickets.submit_ticket(store, with_seed(seed), visitor, seconds, address)
    return run_id(with_seed(seed))


def line(store: Store) -> list[str]:
    return [ticket.run_id for ticket in tickets.tickets_in_line(store)]


def test_thirty_students_behind_one_address_have_three_trainings_each(store):
    for i in range(90):
        ask(store, i, f"student {i // 3}", "school")
    assert len(line(store)) == 90


def test_one_client_with_many_cookies_leaves_room_for_others_and_comes_after_them(store, monkeypatch):
    monkeypatch.setattr(tickets, "TICKETS_PER_ADDRESS", 6)
    forged = [ask(store, i, f"cookie {i // 3}", "one client", 1.0) for i in range(6)]
    with pytest.raises(QueueFullError, match="6 trainings asked for from your network"):
        ask(store, 6, "another cookie", "one client")
    ask(store, 0, "another cookie", "one client")  # what is in the line already anybody may want too
    honest = ask(store, 7, "anna", "home")
    assert line(store) == [*forged, honest]
    tickets.remove_ticket(store, forged[0])
    served.note_served(store, "one client", served.SERVED_STEP)
    assert line(store) == [honest, *forged[1:]]
    assert (
        next(
            ticket.run_id for ticket in tickets.ready_tickets(tickets.tickets_in_line(store), store.is_locked)
        )
        == honest
    )


def test_what_an_address_had_long_ago_does_not_count(store, monkeypatch):
    ask(store, 0, "anna", "home")
    served.note_served(store, "home", 1000.0)
    assert served.steps_served(store, "home") == 33
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + served.SERVED_SECONDS + 1)
    assert served.steps_served(store, "home") == 0
    assert served.steps_served(store, "nobody's") == 0


def test_a_training_that_nobody_waits_for_is_dropped_before_it_begins(store):
    gone, stays, begun = (ask(store, i, f"visitor {i}", "home") for i in range(3))
    tickets.submit_ticket(store, with_seed(3), "somebody", 1.0)  # by the command line
    long_ago = time.time() - tickets.GONE_SECONDS - 1
    for place in (store.root / "jobs").glob("*/owners/*"):
        os.utime(place, (long_ago, long_ago))
    tickets.note_present(store, "visitor 1")
    with store.lock(begun):
        assert tickets.drop_abandoned(store, long_ago) == [gone]
        assert set(line(store)) == {stays, begun, run_id(with_seed(3))}


def test_a_lab_that_was_stopped_for_a_while_drops_nothing_before_its_visitors_are_back(store):
    name = ask(store, 0, "anna", "home")
    long_ago = time.time() - tickets.GONE_SECONDS - 1
    for place in (store.root / "jobs").glob("*/owners/*"):
        os.utime(place, (long_ago, long_ago))
    assert tickets.drop_abandoned(store, time.time()) == []
    assert tickets.drop_abandoned(store, time.time() - tickets.GONE_SECONDS + 5) == []
    assert line(store) == [name]
    assert tickets.drop_abandoned(store, long_ago) == [name]


def test_who_asks_for_an_abandoned_training_while_it_is_looked_at_keeps_it(store):
    """The line is held by somebody who asks; the one who drops waits, and then sees who wants the run."""
    name = ask(store, 0, "anna", "home")
    long_ago = time.time() - tickets.GONE_SECONDS - 1
    for place in (store.root / "jobs").glob("*/owners/*"):
        os.utime(place, (long_ago, long_ago))
    dropped: list[str] = []
    dropping = threading.Thread(target=lambda: dropped.extend(tickets.drop_abandoned(store, long_ago)))
    with tickets.hold_line(store):
        dropping.start()
        dropping.join(0.3)  # long enough to have judged, were it to judge by itself
        tickets.note_present(store, "anna")
    dropping.join()
    assert dropped == []
    assert line(store) == [name]


@pytest.mark.parametrize(
    "result",
    [
        {"train_seconds": 9e14, "dataset": {"train": 512}},
        {"train_seconds": -1e14, "dataset": {"train": 512}},
        {"train_seconds": 1.0, "dataset": {"train": 0}},
        {"train_seconds": "1", "dataset": {"train": 512}},
        {"dataset": None},
    ],
)
def test_how_long_a_training_takes_is_told_whatever_the_history_says(store, result):
    usual = jobs.expected_seconds(RUN, store)
    finish(store, with_seed(1))
    manifest = store.folder(run_id(with_seed(1))) / MANIFEST
    manifest.unlink()
    store.commit(with_seed(1), _Weights(), result)
    assert jobs.expected_seconds(RUN, Store(store.root)) == usual
    assert (store.folder(run_id(with_seed(1))) / EVENTS).exists()


class _Weights:
    """What `Store.commit` takes for a model."""

    def state_dict(self) -> dict[str, object]:
        return {}
