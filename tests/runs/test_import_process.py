"""A run's file is checked in a process of its own: limited, one at a time, and nothing of it stays."""

from __future__ import annotations

import threading
import zipfile

import pytest

from ae_core.errors import StoreError
from ae_core.pictures.places import Asker
from ae_core.runs import import_process
from ae_core.runs.import_process import import_in_process
from ae_core.runs.run_file import export_run
from ae_core.runs.run_folder import CONFIG
from ae_core.runs.store import Store
from tests.runs.test_run_file import SHIPPED_NAME, packed, parts

NO_RUN = packed({CONFIG: b""}, zipfile.ZIP_STORED)


def test_a_run_comes_in_by_way_of_a_process_and_what_is_none_is_refused_in_words(store, cache_dir):
    store.check_writable()
    (store.root / "cache").symlink_to(cache_dir)
    bare = Store(store.root, shipped_root=None)
    content = export_run(store, SHIPPED_NAME)
    name = import_in_process(bare, content)
    assert bare.get(name).run_id == SHIPPED_NAME
    spoilt = packed({**parts(content), CONFIG: b"[" * 5_000})
    for wrong in (b"I am not an archive.", spoilt, b"PK\3\4" + bytes(import_process.MOST_BYTES)):
        with pytest.raises(StoreError, match=r"not a run as the lab writes it|has 16 MB at most"):
            import_in_process(bare, wrong)
    assert [run.name for run in bare.uploads()[0]] == [name]


def test_one_that_takes_too_long_is_ended(store, monkeypatch):
    monkeypatch.setattr(import_process, "SECONDS", 0.01)
    with pytest.raises(StoreError, match=import_process.TOO_HARD):
        import_in_process(store, NO_RUN)


def test_while_one_is_taken_in_the_next_waits_for_its_turn(store, monkeypatch):
    monkeypatch.setattr(import_process, "PATIENCE", 0.05)
    with (
        import_process._places.place(Asker("", "anna"), 1),
        pytest.raises(StoreError, match=import_process.BUSY),
    ):
        import_in_process(store, NO_RUN, Asker("", "ben"))
    monkeypatch.setattr(import_process, "PATIENCE", 30.0)
    told = []

    def bring() -> None:
        with pytest.raises(StoreError) as refused:
            import_in_process(store, NO_RUN, Asker("", "ben"))
        told.append(f"{refused.value}")

    waiting = threading.Thread(target=bring)
    with import_process._places.place(Asker("", "anna"), 1):
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join()
    (words,) = told
    assert "must hold config.json" in words
