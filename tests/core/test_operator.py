"""What whoever runs the lab does about strangers, from the command line."""

from __future__ import annotations

import json

import pytest

from ae_core.__main__ import main
from ae_core.config import run_id
from ae_core.pictures.places import Asker
from ae_core.runs import housekeeping, ownership, tickets
from ae_core.runs.store import Store
from tests.runs.test_housekeeping import NAME, finish
from tests.runs.test_line import with_seed


def told(capsys: pytest.CaptureFixture[str], store: Store, *words: str, code: int = 0) -> dict[str, object]:
    """What a command answers in JSON, or with a mistake the line that it says."""
    assert main([*words, "--store", str(store.root), "--json"]) == code
    said = capsys.readouterr()
    return json.loads(said.out.splitlines()[-1]) if code == 0 else {"said": said.err}


def test_the_line_is_shown_and_one_visitor_an_address_or_all_are_taken_out(store, capsys):
    for i, (visitor, address) in enumerate([("a", "there"), ("b", "there"), ("c", "home"), ("d", "home")]):
        tickets.submit_ticket(store, with_seed(i), visitor, 1.0, address)
    rows = told(capsys, store, "line", "show")["line"]
    assert [row["visitors"] for row in rows] == ["a", "b", "c", "d"]
    assert "Say whose" in told(capsys, store, "line", "clear", code=2)["said"]
    assert told(capsys, store, "line", "clear", "--visitor", "a")["run_ids"] == [run_id(with_seed(0))]
    assert told(capsys, store, "line", "clear", "--address", "there")["run_ids"] == [run_id(with_seed(1))]
    assert len(told(capsys, store, "line", "clear", "--all")["run_ids"]) == 2
    assert tickets.tickets_in_line(store) == []


def test_a_run_of_anybody_is_deleted_and_brought_back(store, capsys):
    finish(store)
    ownership.note_owner(store, NAME, Asker("", "a stranger"))
    housekeeping.pin_run(store, NAME)
    assert "is pinned" in told(capsys, store, "delete", NAME, code=2)["said"]
    told(capsys, store, "delete", NAME, "--unpin")
    assert store.find(NAME) is None
    assert told(capsys, store, "undelete", NAME)["run_id"] == NAME
    assert store.find(NAME) is not None
    assert "No run" in told(capsys, store, "undelete", NAME, code=2)["said"]
