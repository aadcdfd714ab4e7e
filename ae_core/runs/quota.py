"""What the store may take up, and which runs go when it is full.

Runs that came as files have a share of their own, and go before those that were trained here. Of both, those
go first that came from the address that has most there, so that nobody's runs make room for a stranger's.
"""

from __future__ import annotations

import math
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ae_core.errors import ConfigError, StoreError
from ae_core.runs import housekeeping, ownership, tickets
from ae_core.runs.housekeeping import MEGABYTE, PINNED, folder_bytes, last_used, oldest_first
from ae_core.runs.run_folder import is_run_name, is_upload
from ae_core.runs.store import Store
from ae_core.words.sentences import say

QUOTA_MEGABYTES = 2000
# Of the quota, for runs that came as files: those in the trash count, too.
UPLOADS_SHARE = 0.25
LOCK_SECONDS = 10
# What the quota counts. The cache of digits and the training process's files are small and come back at once.
COUNTED = ("runs", "uploads", "trash", "damaged", "incoming")


def used_bytes(store: Store) -> int:
    """What all runs in the store take up, deleted ones that can still be had back included."""
    return sum(folder_bytes(store.root / part) for part in COUNTED)


def quota_bytes() -> int:
    """What they may take up: AE_LAB_STORE_QUOTA in megabytes, 2,000 unless it is set.

    Raises ConfigError if it is no such number.
    """
    text = os.environ.get("AE_LAB_STORE_QUOTA") or str(QUOTA_MEGABYTES)
    try:
        megabytes = float(text)
    except ValueError:
        megabytes = math.nan
    if not 0 < megabytes < math.inf:  # NaN is not
        raise ConfigError(
            say(
                "AE_LAB_STORE_QUOTA must be a number of megabytes above 0, such as "
                "{quota_megabytes}, but it is {text!r}. Set it to one, or leave it unset, "
                "and start the lab again.",
                quota_megabytes=QUOTA_MEGABYTES,
                text=text,
            )
        )
    return int(megabytes * MEGABYTE)


def remove_expired(store: Store) -> None:
    """Remove for good what was deleted, or left behind by a broken upload, more than an hour ago."""
    for part in ("trash", "incoming"):
        for place in oldest_first(store.root / part):
            if not housekeeping.is_recent(place):
                _remove(place)
    _forget_owners(store)


def make_room(store: Store, keep: str = "") -> list[str]:
    """Bring the store within its quota, and return the names of the runs that had to go.

    First uploaded ones go until they are within their share, deleted ones of these before all. Then goes what
    was deleted before or is damaged; then the runs that nobody has looked at for longest, uploaded ones
    before all others. Pinned runs stay, but for uploads beyond their share; and those being trained or
    waiting for it, and `keep`. What cannot be written is left as it is.

    Raises ConfigError if the quota is no number.
    """
    quota = quota_bytes()
    remove_expired(store)
    evicted: list[str] = []
    if used_bytes(store) <= quota and _uploads_bytes(store) <= UPLOADS_SHARE * quota:
        return evicted
    # One at a time, or two of them would make room for both together.
    with (
        suppress(Timeout, OSError),
        FileLock(store.root / "locks" / "housekeeping.lock", timeout=LOCK_SECONDS),
    ):
        excess = _uploads_bytes(store) - UPLOADS_SHARE * quota
        excess = _empty_trash(_trashed_uploads(store), excess)
        uploads = [folder for folder in housekeeping.own_folders(store) if is_upload(folder.name)]
        _evict_some(store, uploads, excess, keep, evicted)
        excess = used_bytes(store) - quota
        gone = [*oldest_first(store.root / "trash"), *oldest_first(store.root / "damaged")]
        excess = _empty_trash(gone, excess)
        for came_as_file in (True, False):
            folders = [
                folder
                for folder in housekeeping.own_folders(store)
                if is_upload(folder.name) == came_as_file and not (folder / PINNED).exists()
            ]
            excess = _evict_some(store, folders, excess, keep, evicted)
    _forget_owners(store)
    return evicted


def _trashed_uploads(store: Store) -> list[Path]:
    return [place for place in oldest_first(store.root / "trash") if is_upload(place.name)]


def _uploads_bytes(store: Store) -> int:
    return folder_bytes(store.root / "uploads") + sum(map(folder_bytes, _trashed_uploads(store)))


def _empty_trash(places: Sequence[Path], excess: float) -> float:
    """Remove these in order until nothing is in excess; what still is."""
    for place in places:
        if excess > 0:
            excess -= folder_bytes(place)
            _remove(place)
    return excess


def _remove(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)


def _forget_owners(store: Store) -> None:
    """Forget whose runs were that are gone for good: in no folder, not in the trash, not in the line."""
    if not _owned(store) - _there(store):
        return
    # Looked at twice, or a run that is moved meanwhile might be in neither place.
    with suppress(StoreError, OSError), tickets.hold_line(store):
        for name in _owned(store) - _there(store):
            ownership.forget_owners(store, name)


def _owned(store: Store) -> set[str]:
    with suppress(OSError):
        return {place.name for place in (store.root / "owners").iterdir() if is_run_name(place.name)}
    return set()


def _there(store: Store) -> set[str]:
    places = [*housekeeping.own_folders(store), *oldest_first(store.root / "trash")]
    line = [path.parent for path in (store.root / "jobs").glob(f"*/{tickets.TICKET}")]
    return {place.name.partition("-")[0] for place in (*places, *line)}


def _evict_some(store: Store, folders: Sequence[Path], excess: float, keep: str, evicted: list[str]) -> float:
    """Remove these runs until nothing is in excess, add their names to `evicted`; what still is."""
    for folder in _in_turn(store, folders):
        if excess <= 0:
            break
        if folder.name == keep:
            continue
        size = folder_bytes(folder)
        if _evict(store, folder.name):
            excess -= size
            evicted.append(folder.name)
    return excess


def _in_turn(store: Store, folders: Sequence[Path]) -> Iterator[Path]:
    """The folders as they are to go: of the address that has most there, the one unused for longest.

    Of one address, those that are not pinned come first.
    """
    sizes = {folder: folder_bytes(folder) for folder in folders}
    sources = {folder: ownership.find_address(store, folder.name) for folder in folders}
    totals: Counter[str] = Counter()
    for folder, size in sizes.items():
        totals[sources[folder]] += size
    left = sorted(folders, key=lambda folder: ((folder / PINNED).exists(), last_used(folder)))
    while left:
        most = max((sources[folder] for folder in left), key=totals.__getitem__)
        folder = next(folder for folder in left if sources[folder] == most)
        left.remove(folder)
        totals[most] -= sizes[folder]
        yield folder


def _evict(store: Store, name: str) -> bool:
    try:
        with housekeeping.undisturbed(store, name):
            place = housekeeping.move_to_trash(store, name)  # all at once, so that nobody meets half a run
    except StoreError:
        return False
    _remove(place)
    return True
