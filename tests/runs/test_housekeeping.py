"""The store kept in order: what is listed, what goes when room is needed, and what can be had back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ae_core import config
from ae_core.config import RunConfig
from ae_core.errors import ConfigError, StoreError
from ae_core.models import build_model
from ae_core.pictures.places import Asker
from ae_core.runs import housekeeping, ownership, quota, tickets
from ae_core.runs.run_folder import CONFIG, MANIFEST, WEIGHTS
from ae_core.runs.store import SHIPPED, Store
from ae_core.training import seeded
from tests.conftest import PROJECT

RUN = config.adjusted(config.FAE, model={"latent_size": 2, "hidden_sizes": (4,)})
NAME = config.run_id(RUN)
SHIPPED_NAME = sorted(path.name for path in SHIPPED.iterdir())[0]
HOUR = 3600


def run_number(i: int) -> RunConfig:
    return config.adjusted(RUN, training={"seed": i})


def finish(store: Store, run: RunConfig = RUN, used: float | None = None) -> str:
    """A finished run of small but real weights, last looked at when `used` says."""
    name = config.run_id(run)
    store.start_log(run).append({"event": "started"})
    store.commit(run, build_model(run.model, seeded(0, "weights")), {})
    if used is not None:
        for path in store.folder(name).iterdir():
            os.utime(path, (used, used))
    return name


def listed(store: Store) -> dict[str, housekeeping.RunFolder]:
    return {entry.name: entry for entry in housekeeping.list_folders(store)[0]}


def run_size(store: Store) -> int:
    return listed(store)[finish(store)].size


def set_quota(monkeypatch: pytest.MonkeyPatch, size: float) -> None:
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", str(size / housekeeping.MEGABYTE))


@pytest.fixture
def five(store: Store) -> list[str]:
    """Five runs of one size, the first unused for longest."""
    return [finish(store, run_number(i), used=1000.0 + i) for i in range(5)]


@pytest.fixture
def unwritable(tmp_path: Path) -> Store:
    (tmp_path / "file").write_text("")
    return Store(tmp_path / "file" / "store")


# The list


def test_runs_of_every_state_are_listed_newest_first_and_shipped_ones_last(store):
    finished = finish(store, run_number(1), used=1000.0)
    store.start_log(run_number(2)).append({"event": "stopped"})
    tickets.submit_ticket(store, run_number(3), "ada", 1.0)
    entries, problems = housekeeping.list_folders(store)
    own = [entry for entry in entries if not entry.shipped]
    assert {entry.name for entry in own} == {finished, *(config.run_id(run_number(i)) for i in (2, 3))}
    assert (own[-1].name, own[-1].config, own[-1].changed) == (finished, run_number(1), 1000.0)
    assert [entry.finished is not None for entry in own] == [False, False, True]
    assert [entry.shipped for entry in entries[3:]] == [True] * len(list(SHIPPED.iterdir()))
    assert problems == []


def test_the_size_of_a_run_is_that_of_its_files(store):
    name = finish(store)
    assert listed(store)[name].size == sum(path.stat().st_size for path in store.folder(name).iterdir())
    assert quota.used_bytes(store) == listed(store)[name].size


def test_damaged_and_unreadable_runs_are_reported_and_do_not_stop_the_list(store):
    whole, damaged = finish(store, run_number(1)), finish(store, run_number(2))
    (store.folder(damaged) / WEIGHTS).write_bytes(b"")
    store.start_log(run_number(3))
    (store.folder(config.run_id(run_number(3))) / CONFIG).write_text('{"recipe": 0}')
    store.folder("0" * 16).mkdir()  # just begun: nothing in it yet
    entries, problems = housekeeping.list_folders(store)
    assert [entry.name for entry in entries if not entry.shipped] == [whole]
    assert [damaged in problem or "cannot be read by this version" in problem for problem in problems] == [
        True,
        True,
    ]


def test_a_store_that_is_not_there_lists_the_shipped_runs(unwritable):
    entries, problems = housekeeping.list_folders(unwritable)
    assert {entry.name for entry in entries} == {path.name for path in SHIPPED.iterdir()}
    assert problems == []
    assert quota.used_bytes(unwritable) == 0


# The quota


def test_the_quota_is_two_gigabytes_unless_it_is_set(monkeypatch):
    assert quota.quota_bytes() == 2_000_000_000
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", "0.5")
    assert quota.quota_bytes() == 500_000


@pytest.mark.parametrize("junk", ["much", "0", "-1", "nan", "inf", "2 GB"])
def test_a_quota_that_is_no_number_is_told_in_plain_words(store, junk, monkeypatch):
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", junk)
    with pytest.raises(ConfigError, match=r"AE_LAB_STORE_QUOTA must be a number of megabytes.*Set it to one"):
        quota.make_room(store)


def test_what_was_unused_for_longest_goes_first_and_no_more_than_needed(store, five, monkeypatch):
    set_quota(monkeypatch, quota.used_bytes(store) * 3.5 / 5)
    assert quota.make_room(store) == five[:2]
    assert {entry.name for entry in housekeeping.list_folders(store)[0] if not entry.shipped} == set(five[2:])
    assert quota.used_bytes(store) <= quota.quota_bytes()
    assert quota.make_room(store) == []


def test_a_run_somebody_looked_at_is_not_the_next_to_go(store, five, monkeypatch):
    housekeeping.mark_used(store, five[0])
    set_quota(monkeypatch, quota.used_bytes(store) - 1)
    assert quota.make_room(store) == [five[1]]


def test_pinned_locked_requested_and_kept_runs_stay_whatever_the_quota(store, five, monkeypatch):
    pinned, locked, requested, kept, other = five
    housekeeping.pin_run(store, pinned)
    tickets.submit_ticket(store, run_number(2), "ada", 1.0)
    set_quota(monkeypatch, 1)
    with store.lock(locked):
        assert quota.make_room(store, keep=kept) == [other]
    assert set(listed(store)) >= {pinned, locked, requested, kept}
    housekeeping.unpin_run(store, pinned)
    assert set(quota.make_room(store, keep=kept)) == {pinned, locked}


def test_stopped_and_failed_runs_go_too(store, monkeypatch):
    store.start_log(RUN).append({"event": "failed", "message": "no"})
    set_quota(monkeypatch, 1)
    assert quota.make_room(store) == [NAME]


def test_shipped_runs_never_go(tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    shutil.copytree(SHIPPED / SHIPPED_NAME, shipped / SHIPPED_NAME)
    store = Store(tmp_path / "store", shipped)
    finish(store)
    set_quota(monkeypatch, 1)
    assert quota.make_room(store) == [NAME]
    assert [entry.name for entry in housekeeping.list_folders(store)[0]] == [SHIPPED_NAME]


def test_deleted_and_damaged_runs_go_before_any_other(store, five, monkeypatch):
    housekeeping.delete_run(store, five[4])
    (store.folder(five[3]) / WEIGHTS).write_bytes(b"")
    housekeeping.list_folders(store)
    assert len(list((store.root / "damaged").iterdir())) == 1
    set_quota(monkeypatch, sum(listed(store)[name].size for name in five[:3]))
    assert quota.make_room(store) == []
    assert quota.used_bytes(store) == quota.quota_bytes()


def occupy(store: Store, name: str, address: str, size: int = 100_000) -> None:
    """A run of that name and size in the store, which came from `address`."""
    store.folder(name).mkdir(parents=True)
    (store.folder(name) / MANIFEST).write_bytes(b" " * size)
    ownership.note_owner(store, name, Asker(address, f"visitor of {address}"))


def test_uploads_have_a_share_of_their_own_and_nobodys_runs_make_room_for_them(store, monkeypatch):
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", "1")  # 0.25 of it for uploads: two of them
    trained = [f"{i:016x}" for i in range(4)]
    for name in trained:
        occupy(store, name, "a class")
    deleted = housekeeping.delete_run(store, trained[0])
    occupy(store, "u" + "0" * 15, "a class")
    for i in range(1, 18):
        name = f"u{i:015x}"
        occupy(store, name, "a stranger")
        housekeeping.pin_run(store, name)
        quota.make_room(store, keep=name)
    assert {path.name for path in (store.root / "uploads").iterdir()} == {"u" + "0" * 15, name}
    assert {path.name for path in (store.root / "runs").iterdir()} == set(trained[1:])
    assert housekeeping.undo_delete(store, deleted) == trained[0]


def test_what_a_stranger_deletes_of_their_own_does_not_push_others_out_of_the_trash(store, monkeypatch):
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", "1")
    occupy(store, NAME, "a class", 600_000)
    deleted = housekeeping.delete_run(store, NAME)
    for i in range(18):
        name = f"u{i:015x}"
        occupy(store, name, "a stranger")
        housekeeping.delete_run(store, name)
        quota.make_room(store)
    assert housekeeping.undo_delete(store, deleted) == NAME


def test_of_trained_runs_those_go_first_of_whom_there_are_most(store, monkeypatch):
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", "0.45")
    occupy(store, NAME, "a class")
    many = [f"{i:016x}" for i in range(6)]
    for name in many:
        occupy(store, name, "a stranger")
    assert quota.make_room(store) == many[:3]


def test_a_run_is_its_owners_to_delete_and_to_bring_back(store):
    occupy(store, NAME, "a class")
    (store.folder(NAME) / CONFIG).write_text(config.to_json(RUN))
    for change in (housekeeping.pin_run, housekeeping.unpin_run, housekeeping.delete_run):
        with pytest.raises(StoreError, match=r"not yours.*ae_core delete"):
            change(store, NAME, "a stranger")
    deleted = housekeeping.delete_run(store, NAME, "visitor of a class")
    assert housekeeping.list_deleted(store, "a stranger") == []
    assert housekeeping.list_deleted(store, "visitor of a class") == [(deleted, RUN)]
    with pytest.raises(StoreError, match="not yours"):
        housekeeping.undo_delete(store, deleted, "a stranger")
    assert housekeeping.undo_delete(store, deleted, "visitor of a class") == NAME


def test_owners_are_kept_as_long_as_anything_is_left_of_the_run(store, monkeypatch):
    me, now = "visitor of a class", time.time_ns()
    occupy(store, NAME, "a class")
    monkeypatch.setattr(time, "time_ns", lambda: now - 2 * HOUR * 10**9)
    housekeeping.delete_run(store, NAME, me)
    monkeypatch.setattr(time, "time_ns", lambda: now)
    occupy(store, NAME, "a class")
    deleted = housekeeping.delete_run(store, NAME, me)
    quota.remove_expired(store)  # the first of the two in the trash
    assert ownership.list_owners(store, NAME) == [me]
    assert housekeeping.undo_delete(store, deleted, me) == NAME
    housekeeping.delete_run(store, NAME, me)
    tickets.submit_ticket(store, RUN, me, 1.0)
    monkeypatch.setattr(time, "time_ns", lambda: now + 2 * HOUR * 10**9)
    quota.remove_expired(store)  # what is left is its ticket
    assert not list((store.root / "trash").iterdir())
    assert ownership.list_owners(store, NAME) == [me]


@pytest.mark.parametrize("how", ["stopped before it began", "deleted", "set aside as damaged"])
def test_owners_of_a_run_that_is_gone_for_good_are_forgotten(store, how, monkeypatch):
    me = "visitor of a class"
    match how:
        case "stopped before it began":
            tickets.submit_ticket(store, RUN, me, 1.0)
            ownership.note_owner(store, NAME, Asker("a class", me))
            tickets.withdraw_owner(store, NAME, me)
        case "deleted":
            occupy(store, NAME, "a class")
            housekeeping.delete_run(store, NAME, me)
            now = time.time_ns()
            monkeypatch.setattr(time, "time_ns", lambda: now + 2 * HOUR * 10**9)
        case _:
            ownership.note_owner(store, finish(store), Asker("a class", me))
            (store.folder(NAME) / WEIGHTS).write_bytes(b"")
            housekeeping.list_folders(store)
    quota.remove_expired(store)
    assert not list((store.root / "owners").iterdir())


def test_addresses_are_kept_as_marks_that_last_and_that_nobody_can_read(store):
    mark = ownership.mark_address(store, "192.0.2.7")
    assert mark == ownership.mark_address(Store(store.root), "192.0.2.7")
    other, elsewhere = ownership.mark_address(store, "192.0.2.8"), Store(store.root / "another")
    assert len({mark, other, ownership.mark_address(elsewhere, "192.0.2.7")}) == 3
    assert ownership.mark_address(store, "") == ""


def test_two_processes_that_make_room_at_once_remove_no_more_than_one(store, five, monkeypatch):
    set_quota(monkeypatch, quota.used_bytes(store) * 2.5 / 5)
    program = (
        "import sys; from pathlib import Path\n"
        "from ae_core.runs import quota; from ae_core.runs.store import Store\n"
        "print(*quota.make_room(Store(Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", program, str(store.root)]
    both = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    gone = [name for process in both for name in process.communicate()[0].split()]
    assert sorted(gone) == sorted(five[:3])
    assert [process.returncode for process in both] == [0, 0]


def test_a_store_that_cannot_be_written_is_left_as_it_is(unwritable, monkeypatch):
    set_quota(monkeypatch, 1)
    housekeeping.mark_used(unwritable, NAME)
    quota.remove_expired(unwritable)
    assert quota.make_room(unwritable) == []
    monkeypatch.setattr(quota, "used_bytes", lambda store: 2)
    assert quota.make_room(unwritable) == []


# Marks


def test_marks_are_seen_and_taken_away(store):
    name = finish(store, used=1000.0)
    assert (listed(store)[name].pinned, listed(store)[name].used) == (False, 1000.0)
    housekeeping.pin_run(store, name)
    housekeeping.mark_used(store, name)
    assert listed(store)[name].pinned
    assert listed(store)[name].used == pytest.approx(time.time(), abs=60)
    housekeeping.unpin_run(store, name)
    assert not listed(store)[name].pinned
    assert store.get(name)


def test_looking_at_a_run_that_is_gone_leaves_no_trace(store):
    housekeeping.mark_used(store, NAME)
    housekeeping.mark_used(store, "no run's name")
    assert not store.root.exists()


# Deleting


def test_a_deleted_run_is_gone_at_once_and_comes_back_whole(store):
    name = finish(store)
    before = {path.name: path.read_bytes() for path in store.folder(name).iterdir()}
    housekeeping.pin_run(store, name)
    with pytest.raises(StoreError, match=r"is pinned.*Unpin it first"):
        housekeeping.delete_run(store, name)
    housekeeping.unpin_run(store, name)
    trashed = housekeeping.delete_run(store, name)
    assert store.find(name) is None
    assert housekeeping.undo_delete(store, trashed) == name
    assert {path.name: path.read_bytes() for path in store.folder(name).iterdir()} == before


def test_a_shipped_or_unknown_run_cannot_be_deleted(store):
    with pytest.raises(StoreError, match="came with the lab and is always kept"):
        housekeeping.delete_run(store, SHIPPED_NAME)
    with pytest.raises(StoreError, match="no longer in the store"):
        housekeeping.delete_run(store, NAME)
    with pytest.raises(StoreError, match="16 hexadecimal digits"):
        housekeeping.delete_run(store, "../../etc")


def test_a_run_in_training_or_in_the_line_cannot_be_deleted(store):
    finish(store)
    with store.lock(NAME), pytest.raises(StoreError, match=r"is being trained.*Stop it first"):
        housekeeping.delete_run(store, NAME)
    tickets.submit_ticket(store, RUN, "ada", 1.0)
    with pytest.raises(StoreError, match=r"waits for its turn.*Stop it first"):
        housekeeping.delete_run(store, NAME)
    tickets.write_failure(store, NAME, "The disk was full.")
    housekeeping.delete_run(store, NAME)
    assert tickets.find_ticket(store, NAME) is None


def test_a_deleted_run_does_not_replace_one_that_was_trained_again(store):
    trashed = housekeeping.delete_run(store, finish(store))
    finish(store)
    with pytest.raises(StoreError, match=r"There is a run .* again.*Delete the one there first"):
        housekeeping.undo_delete(store, trashed)
    housekeeping.delete_run(store, NAME)
    assert housekeeping.undo_delete(store, trashed) == NAME


def test_deleted_runs_are_removed_for_good_after_an_hour(store, monkeypatch):
    old, young = finish(store, run_number(1)), finish(store, run_number(2))
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 2 * HOUR * 10**9)
    gone = housekeeping.delete_run(store, old)
    monkeypatch.setattr(time, "time_ns", lambda: now)
    kept = housekeeping.delete_run(store, young)
    quota.remove_expired(store)
    with pytest.raises(StoreError, match="removed for good"):
        housekeeping.undo_delete(store, gone)
    assert housekeeping.undo_delete(store, kept) == young


def test_no_way_leads_out_of_the_trash(store):
    outside = store.root / "outside"
    outside.mkdir(parents=True)
    with pytest.raises(StoreError):
        housekeeping.undo_delete(store, f"{NAME}-/../../outside")
    assert outside.exists()
    assert not (store.root / "runs" / NAME / MANIFEST).exists()
