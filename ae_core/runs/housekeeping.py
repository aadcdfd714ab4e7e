"""The store kept in order: what is in it, what is kept whatever happens, thrown away and fetched back.

    runs/<run_id>/pinned        marker: no quota removes the run
                  used          touched when somebody looks at the run
    uploads/<name>/uploaded     marker: the run came as a file; the others may lie there too
    trash/<run_id>-<time>       a deleted run, to be had back for an hour
    incoming/<run_id>-<time>    an uploaded run while it is checked

Markers lie in the run's own folder, so they move, and go, with it. Runs that came with the lab are never
touched.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from ae_core.config import MODELS, RunConfig, from_json
from ae_core.errors import ConfigError, LabError, StoreError
from ae_core.runs import ownership, tickets
from ae_core.runs.disk import move_folder, way_out
from ae_core.runs.run_folder import CONFIG, EVENTS, MANIFEST, UPLOADED, StoredRun, is_run_name
from ae_core.runs.store import Store
from ae_core.words.sentences import say

PINNED = "pinned"
USED = "used"

MEGABYTE = 1_000_000
UNDO_SECONDS = 3600
OTHERS = say(
    "The run {0} is not yours: only who trained or uploaded it changes what becomes of "
    "it. Ask them, or whoever runs the lab, who has `python -m ae_core delete {0}` for it."
)


@dataclass(frozen=True)
class RunFolder:
    """A run, whatever its state: `finished` is None until it is trained.

    size is in bytes, 0 for a run that has not begun; `changed`, when its log or manifest was written, and
    `used`, when somebody last looked at it, are seconds since 1970.
    """

    name: str
    config: RunConfig
    finished: StoredRun | None
    shipped: bool
    size: int
    changed: float
    used: float
    pinned: bool
    uploaded: bool


# What is there


def list_folders(store: Store) -> tuple[list[RunFolder], list[str]]:
    """Every run in the store or on its way there, newest first, then the shipped ones in lessons' order.

    And a message for each that cannot be read.
    """
    found: dict[str, RunFolder] = {}
    problems = []
    store.set_uploads_apart()
    for folder in [*own_folders(store), *_run_folders(store.shipped_root)]:
        try:
            entry = _entry(store, folder)
        except LabError as problem:
            problems.append(str(problem))
        except OSError:
            continue  # just begun, or deleted while we looked
        else:
            found.setdefault(entry.name, entry)
    for ticket in tickets.tickets_in_line(store):
        waiting = RunFolder(
            ticket.run_id,
            ticket.run,
            None,
            False,
            0,
            ticket.asked,
            ticket.asked,
            pinned=False,
            uploaded=False,
        )
        found.setdefault(waiting.name, waiting)
    own = sorted((entry for entry in found.values() if not entry.shipped), key=lambda entry: -entry.changed)
    shipped = sorted((entry for entry in found.values() if entry.shipped), key=_order)
    return [*own, *shipped], problems


def _order(entry: RunFolder) -> tuple[int, float, int]:
    """The lessons' order, then by latent size."""
    model = entry.config.model
    return MODELS.index(model.kind), entry.config.corruption.level, model.latent_size


def _entry(store: Store, folder: Path) -> RunFolder:
    shipped = folder.parent == store.shipped_root
    run = store.find(folder.name)
    finished = run if run is not None and run.shipped == shipped else None
    return RunFolder(
        name=folder.name,
        config=finished.config if finished else _settings(folder),
        finished=finished,
        shipped=shipped,
        size=folder_bytes(folder),
        changed=(folder / (MANIFEST if finished else EVENTS)).stat().st_mtime,
        used=last_used(folder),
        pinned=(folder / PINNED).exists(),
        uploaded=(folder / UPLOADED).exists(),
    )


def _settings(folder: Path) -> RunConfig:
    try:
        return from_json((folder / CONFIG).read_text(errors="replace"))
    except ConfigError as problem:
        raise StoreError(
            say(
                "The settings of the unfinished run {name} cannot be read by this version. "
                "It goes when the store needs room.",
                name=folder.name,
            )
        ) from problem


# Marks


def pin_run(store: Store, name: str, visitor: str | None = None) -> None:
    """Keep the run whatever the quota says. visitor: who asks; None is whoever runs the lab.

    Raises StoreError if it is not in the store, not this visitor's, or cannot be marked.
    """
    folder = _own(store, name)
    _check_owner(store, name, visitor)
    try:
        (folder / PINNED).touch()
    except OSError as problem:
        raise StoreError(
            say(
                "The run {name} could not be pinned ({strerror}). {way_out} and try again.",
                name=name,
                strerror=problem.strerror,
                way_out=way_out(problem),
            )
        ) from problem


def unpin_run(store: Store, name: str, visitor: str | None = None) -> None:
    """Let the quota decide about the run again. Raises StoreError as `pin_run` does."""
    folder = _own(store, name)
    _check_owner(store, name, visitor)
    try:
        (folder / PINNED).unlink(missing_ok=True)
    except OSError as problem:
        raise StoreError(
            say(
                "The run {name} is still pinned ({strerror}). {way_out} and try again.",
                name=name,
                strerror=problem.strerror,
                way_out=way_out(problem),
            )
        ) from problem


def mark_used(store: Store, name: str) -> None:
    """Somebody looks at the run, so it is not the next to go. A store that cannot be written lets it be."""
    with suppress(OSError, StoreError):
        (store.folder(name) / USED).touch()


def _check_owner(store: Store, name: str, visitor: str | None) -> None:
    if visitor is not None and visitor not in ownership.list_owners(store, name):
        raise StoreError(OTHERS.format(name))


# Deleting, and fetching back


def delete_run(store: Store, name: str, visitor: str | None = None) -> str:
    """Move the run to the trash, and return what `undo_delete` fetches it back by.

    visitor: who asks; None is whoever runs the lab. Where others trained it too it stays for them, is this
    visitor's no more, and what comes back is empty.

    Raises StoreError for shipped and pinned runs, for those of others, for runs being trained or waiting for
    it, and if the store cannot be written.
    """
    folder = _own(store, name)
    _check_owner(store, name, visitor)
    if (folder / PINNED).exists():
        raise StoreError(
            say("The run {name} is pinned, so that it is kept. Unpin it first, then delete it.", name=name)
        )
    if visitor is not None and len(ownership.list_owners(store, name)) > 1:
        ownership.forget_owner(store, name, visitor)
        return ""
    with undisturbed(store, name):
        trashed = move_to_trash(store, name).name
        tickets.remove_ticket(store, name)  # a failed run may have left one
    return trashed


def list_deleted(store: Store, visitor: str) -> list[tuple[str, RunConfig]]:
    """Runs of this visitor that can still be brought back, the latest first: by what, and their settings."""
    found = []
    for place in reversed(oldest_first(store.root / "trash")):
        with suppress(LabError, OSError):
            if visitor in ownership.list_owners(store, place.name.partition("-")[0]) and is_recent(place):
                found.append((place.name, _settings(place)))
    return found


def is_recent(place: Path) -> bool:
    """Whether what has its time in its name was put there within the last hour."""
    return time.time_ns() - put_at(place) <= UNDO_SECONDS * 1_000_000_000


def undo_delete(store: Store, trashed: str, visitor: str | None = None) -> str:
    """Bring back what `delete_run` called `trashed`, and return the run's name.

    Raises StoreError if it has been removed for good, is not this visitor's, or if there is a run of its name
    again.
    """
    name = trashed.partition("-")[0]
    folder, place = store.folder(name), store.root / "trash" / Path(trashed).name
    _check_owner(store, name, visitor)
    with undisturbed(store, name):
        if folder.exists():
            raise StoreError(
                say(
                    "There is a run {name} again, so the deleted one stays deleted. Delete "
                    "the one there first to have it back.",
                    name=name,
                )
            )
        if not place.is_dir():
            raise StoreError(
                say(
                    "The run {name} has been removed for good and cannot be brought back. Train it again.",
                    name=name,
                )
            )
        _rename(place, folder)
    return name


@contextmanager
def undisturbed(store: Store, name: str) -> Iterator[None]:
    """Nobody trains the run in the meantime. Raises StoreError if somebody does, or has asked for it."""
    busy = StoreError(
        say(
            "The run {name} is being trained or waits for its turn. Stop it first, then try again.", name=name
        )
    )
    lock = store.lock(name)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise busy from None
    except OSError as problem:
        raise StoreError(
            say(
                "The run {name} could not be locked ({strerror}). {way_out} and try again.",
                name=name,
                strerror=problem.strerror,
                way_out=way_out(problem),
            )
        ) from problem
    try:
        ticket = tickets.find_ticket(store, name)
        if ticket is not None and not ticket.problem:
            raise busy
        yield
    finally:
        lock.release()


def move_to_trash(store: Store, name: str) -> Path:
    """Move the run's folder, all at once, to where it waits for its removal. Call it `undisturbed`."""
    place = store.root / "trash" / f"{name}-{time.time_ns()}"
    _rename(store.folder(name), place)
    return place


def _rename(folder: Path, place: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        move_folder(folder, place)
    except OSError as problem:
        raise StoreError(
            say(
                "The folder {folder} could not be moved ({strerror}). {way_out}, reload the "
                "page and try again.",
                folder=folder,
                strerror=problem.strerror,
                way_out=way_out(problem),
            )
        ) from problem


# Folders and files


def _own(store: Store, name: str) -> Path:
    folder = store.folder(name)
    if folder.is_dir():
        return folder
    if store.shipped_root and (store.shipped_root / name).is_dir():
        raise StoreError(
            say(
                "The run {name} came with the lab and is always kept. Choose a run that was trained here.",
                name=name,
            )
        )
    raise StoreError(
        say("The run {name} is no longer in the store. Reload the page to see what is.", name=name)
    )


def own_folders(store: Store) -> list[Path]:
    """Of trained and uploaded runs. What could not be set apart from the trained ones is neither."""
    trained = [folder for folder in _run_folders(store.root / "runs") if not (folder / UPLOADED).exists()]
    return [*trained, *_run_folders(store.root / "uploads")]


def _run_folders(root: Path | None) -> list[Path]:
    if root is None or not root.is_dir():
        return []
    return [path for path in root.iterdir() if is_run_name(path.name)]


def last_used(folder: Path) -> float:
    """When somebody last looked at the run in `folder`, in seconds since 1970."""
    times = [0.0]
    for name in (USED, MANIFEST, EVENTS):
        with suppress(OSError):
            times.append((folder / name).stat().st_mtime)
    return max(times)


def folder_bytes(place: Path) -> int:
    """What all files below `place` hold."""
    size = 0
    with suppress(OSError), os.scandir(place) as files:
        for file in files:
            with suppress(OSError):
                size += (
                    folder_bytes(Path(file.path))
                    if file.is_dir(follow_symlinks=False)
                    else file.stat(follow_symlinks=False).st_size
                )
    return size


def oldest_first(place: Path) -> list[Path]:
    """What lies in `place` with its time in its name, the oldest first."""
    return sorted(place.iterdir(), key=put_at) if place.is_dir() else []


def put_at(place: Path) -> int:
    """When it was put there, in nanoseconds since 1970, by its name; what has no time in its name is old."""
    time_ns = place.name.rpartition("-")[2]
    return int(time_ns) if time_ns.isdecimal() else 0
