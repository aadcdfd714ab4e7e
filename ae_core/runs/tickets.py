"""Tickets: which runs somebody wants trained, as files in the store, so that no crash forgets them.

    jobs/<run_id>/ticket.json     what to train, and since when; taking it away stops the training
                  owners/         a file for each visitor who asked for it, touched while they are there
                  viewers/        a file for each visitor who looks on, touched while they do
                  attempts.jsonl  a line for each worker that began, until the run is done

A ticket is in the line from the moment it is written until the run is finished, failed, or nobody wants it
any more. The line is in the order of Dask's priorities; who trains what, and where, is Dask's business.
Addresses are marks of them (`ae_core.runs.ownership`); those that had little lately go first.
"""

from __future__ import annotations

import heapq
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ae_core.config import RunConfig, from_json, run_id, to_json
from ae_core.errors import LabError, QueueFullError, StoreError
from ae_core.runs.disk import changed_at, replace_file, way_out
from ae_core.runs.served import steps_served
from ae_core.runs.store import Store
from ae_core.runs.versions import versions
from ae_core.words.sentences import say

TICKETS_PER_VISITOR = 3  # one running and two waiting
# Thirty students may sit behind one address, and each have three.
TICKETS_PER_ADDRESS = 100
TICKETS_IN_ALL = 200
# A training that nobody waits for any more is not begun.
GONE_SECONDS = 120.0
VIEWER_SECONDS = 10.0
LOCK_SECONDS = 20.0
# Room for a reason in place: on a full disk a file can be overwritten, but not grow.
TICKET_BYTES = 4096
TICKET, OWNERS, VIEWERS, ATTEMPTS = "ticket.json", "owners", "viewers", "attempts.jsonl"


@dataclass(frozen=True)
class Ticket:
    """A run that somebody wants trained.

    number: its own, so that a run asked for again is told from the run asked for before.
    asked: when, in seconds since 1970; expected_seconds: how long its training should take.
    versions: what the one who asked runs on; it must be trained on the same.
    problem: why it failed, where the run's log had no room to say so; such a ticket is not in the line.
    owners: the visitors who asked for it; address: where the first of them came from, empty where that is
    not known.
    """

    run: RunConfig
    number: str
    asked: float
    expected_seconds: float
    versions: dict[str, str]
    problem: str
    owners: frozenset[str]
    address: str = ""

    @property
    def run_id(self) -> str:
        return run_id(self.run)

    @property
    def rank(self) -> float:
        """When it was asked for and how long it should take: of one address, the lowest goes first.

        So short runs pass long ones, and a long one waits at most about its own length for them.
        """
        return self.asked + self.expected_seconds


def ticket_folder(store: Store, name: str) -> Path:
    """Where the ticket of the run called `name` lives, whether or not there is one."""
    store.folder(name)  # refuses what is no run's name
    return store.root / "jobs" / name


def find_ticket(store: Store, name: str) -> Ticket | None:
    """The ticket of the run called `name`, or None."""
    try:
        place = ticket_folder(store, name)
        fields = json.loads((place / TICKET).read_bytes())
        return Ticket(
            run=from_json(fields["run"]),
            owners=frozenset(path.name for path in (place / OWNERS).iterdir()),
            address=str(fields.get("address", "")),
            **{name: fields[name] for name in ("number", "asked", "expected_seconds", "versions", "problem")},
        )
    except (OSError, ValueError, KeyError, TypeError, LabError):
        return None  # none, or nothing of ours


def tickets_in_line(store: Store) -> list[Ticket]:
    """Every ticket that waits or is being trained, in the order in which they go.

    Those of addresses that had least training lately come first, and of these the ones of low rank.
    """
    places = (store.root / "jobs").glob(f"*/{TICKET}")
    found = [ticket for place in places if (ticket := find_ticket(store, place.parent.name)) is not None]
    waiting = [ticket for ticket in found if not ticket.problem]
    had = {address: steps_served(store, address) for address in {ticket.address for ticket in waiting}}
    return sorted(waiting, key=lambda ticket: (had[ticket.address], ticket.rank, ticket.number))


def tickets_of(store: Store, visitor: str) -> list[Ticket]:
    """The tickets of this visitor that wait or are being trained, the one of lowest rank first.

    Cheap where there are none.
    """
    names = [owner.parent.parent.name for owner in (store.root / "jobs").glob(f"*/{OWNERS}/{visitor}")]
    found = [
        ticket for name in names if (ticket := find_ticket(store, name)) is not None and not ticket.problem
    ]
    return sorted(found, key=lambda ticket: (ticket.rank, ticket.number))


def submit_ticket(
    store: Store, run: RunConfig, visitor: str, expected_seconds: float, address: str = ""
) -> None:
    """Put `run` in the line for `visitor`, or join whoever asked for it already.

    Raises QueueFullError when the visitor or the address has enough in the line or it is full, StoreError
    when nothing can be written.
    """
    store.check_writable()
    name = run_id(run)
    place = ticket_folder(store, name)
    with hold_line(store):
        before, waiting = find_ticket(store, name), tickets_in_line(store)
        if len(waiting) >= TICKETS_IN_ALL and all(ticket.run_id != name for ticket in waiting):
            raise QueueFullError(
                say(
                    "{count} trainings are under way already, as many as the line holds.",
                    count=TICKETS_IN_ALL,
                )
            )
        same = [ticket for ticket in waiting if address and ticket.address == address]
        if len(same) >= TICKETS_PER_ADDRESS and all(ticket.run_id != name for ticket in waiting):
            raise QueueFullError(
                say(
                    "{tickets_per_address} trainings asked for from your network are under "
                    "way already, as many as one may have.",
                    tickets_per_address=TICKETS_PER_ADDRESS,
                )
            )
        others = [ticket for ticket in waiting if visitor in ticket.owners and ticket.run_id != name]
        if len(others) >= TICKETS_PER_VISITOR:
            raise QueueFullError(
                say(
                    "You have {tickets_per_visitor} trainings under way, one running and two "
                    "waiting: no visitor may have more. Try again when one is done, or stop "
                    "one on the page Runs.",
                    tickets_per_visitor=TICKETS_PER_VISITOR,
                )
            )
        try:
            if before is None or before.problem:
                _remove(place)
                (place / OWNERS).mkdir(parents=True)
                _write_ticket(place, run, expected_seconds, address)
            (place / OWNERS / visitor).touch()
        except OSError as problem:
            if before is None:
                with suppress(OSError):
                    _remove(place)
            raise StoreError(
                say(
                    "{place} cannot be written ({strerror}). {way_out} and press Train again.",
                    place=place,
                    strerror=problem.strerror,
                    way_out=way_out(problem),
                )
            ) from problem


def _write_ticket(place: Path, run: RunConfig, expected_seconds: float, address: str) -> None:
    fields = {
        "run": to_json(run),
        "number": secrets.token_hex(4),
        "asked": round(time.time(), 6),
        "expected_seconds": round(expected_seconds, 1),
        "versions": versions(),
        "problem": "",
        "address": address,
    }
    draft = place / f"{TICKET}.draft"
    draft.write_bytes(_padded(fields))
    replace_file(draft, place / TICKET)


@contextmanager
def hold_line(store: Store) -> Iterator[None]:
    """Nobody else changes what is in the line meanwhile. Raises StoreError where somebody does too long."""
    try:
        with FileLock(store.root / "locks" / "tickets.lock", timeout=LOCK_SECONDS, poll_interval=0.01):
            yield
    except Timeout as problem:
        busy = say("The store {root} is busy. Wait a moment and try again.", root=store.root)
        raise StoreError(busy) from problem


def _remove(place: Path) -> None:
    (place / TICKET).unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)


def note_viewer(store: Store, name: str, visitor: str) -> None:
    """Note that `visitor` is watching; they count as watching for ten seconds more."""
    place = ticket_folder(store, name)
    if visitor and (place / TICKET).exists():
        with suppress(OSError):
            (place / VIEWERS).mkdir(exist_ok=True)
            (place / VIEWERS / visitor).touch()


def note_present(store: Store, visitor: str) -> None:
    """Note that a visitor is there, for every ticket that they have."""
    for owner in (store.root / "jobs").glob(f"*/{OWNERS}/{visitor}"):
        with suppress(OSError):
            os.utime(owner)


def drop_abandoned(store: Store, noted_since: float) -> list[str]:
    """Take away tickets from pages that nobody waits for any more and that nobody trains yet: their runs.

    A visitor waits as long as `note_present` is called for them at least every GONE_SECONDS. noted_since:
    since when it has been, without a pause, in seconds since 1970: so long nothing is taken away.

    Raises StoreError where the line cannot be held.
    """
    since = time.time() - GONE_SECONDS
    if noted_since > since:
        return []
    with hold_line(store):  # nobody asks for one of them, or joins it, in between
        abandoned = [
            ticket.run_id
            for ticket in tickets_in_line(store)
            if ticket.address
            and not store.is_locked(ticket.run_id)
            and not _present(store, ticket.run_id, since)
        ]
        for name in abandoned:
            _remove(ticket_folder(store, name))
    return abandoned


def _present(store: Store, name: str, since: float) -> bool:
    place = ticket_folder(store, name)
    people = [*(place / OWNERS).glob("*"), *(place / VIEWERS).glob("*")]
    return any(changed_at(path) > since for path in people)


def withdraw_owner(store: Store, name: str, visitor: str) -> bool:
    """`visitor` wants the run no more.

    Take the ticket away, and say so, unless somebody else wants it or is watching.
    """
    place = ticket_folder(store, name)
    with hold_line(store):
        for kind in (OWNERS, VIEWERS):
            (place / kind / visitor).unlink(missing_ok=True)
        if _others(place):
            return False
        _remove(place)
        return True


def _others(place: Path) -> list[Path]:
    """Who asked for the run, and who watched it in the last ten seconds."""
    since = time.time() - VIEWER_SECONDS
    return [
        *(place / OWNERS).glob("*"),
        *(path for path in (place / VIEWERS).glob("*") if path.stat().st_mtime > since),
    ]


def remove_ticket(store: Store, name: str, number: str | None = None) -> None:
    """Take the ticket away: the run is finished, or failed, or is to be stopped whoever wants it.

    With a number, only if it still bears that one: the run may have been stopped and asked for again.
    """
    with hold_line(store):
        ticket = find_ticket(store, name)
        if number is None or ticket is None or ticket.number == number:
            _remove(ticket_folder(store, name))


def write_failure(store: Store, name: str, message: str) -> None:
    """Write the reason of a failure on the ticket, in place: this works on a full disk too."""
    path = ticket_folder(store, name) / TICKET
    with suppress(OSError, ValueError):
        fields = json.loads(path.read_bytes())
        while len(_padded({**fields, "problem": message})) > TICKET_BYTES:
            message = message[: len(message) * 3 // 4]
        with path.open("r+b") as file:
            file.write(_padded({**fields, "problem": message}))


def _padded(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields).ljust(TICKET_BYTES).encode()


def count_attempt(store: Store, name: str, epoch: int) -> list[str]:
    """Note that a worker begins after `epoch`.

    Returns what ended each earlier attempt that came no further than this one.
    """
    path = ticket_folder(store, name) / ATTEMPTS
    attempts: list[tuple[int, str]] = []
    for fields in map(json.loads, path.read_text().splitlines() if path.exists() else []):
        if "epoch" in fields:
            killed = say("its process was killed, as a system short of memory does")
            attempts.append((fields["epoch"], killed))
        else:
            attempts[-1] = (attempts[-1][0], fields["reason"])
    _append(path, {"epoch": epoch})
    return [reason for before, reason in attempts if before == epoch]


def note_attempt_end(store: Store, name: str, reason: str) -> None:
    """What is about to end the attempt under way."""
    with suppress(OSError):
        _append(ticket_folder(store, name) / ATTEMPTS, {"reason": reason})


def _append(path: Path, fields: dict[str, object]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(fields) + "\n")


@dataclass(frozen=True)
class Forecast:
    """What a visitor in the line may expect: `position` 1 is next, 0 is running.

    `start_seconds` is from now.
    """

    position: int
    start_seconds: float


def forecast_starts(
    tickets: Sequence[Ticket], seconds_left: Mapping[str, float], workers: int
) -> dict[str, Forecast]:
    """When each ticket's training should begin, by run id.

    tickets: the line, in order; seconds_left: of those that are being trained, by run id.
    A ticket begins when a worker is free and one of its owners has no other run in training.
    """
    free = sorted([0.0] * workers + list(seconds_left.values()))[-workers:]
    owner_free: dict[str, float] = {}

    def occupy(ticket: Ticket, until: float) -> None:
        for owner in ticket.owners:
            owner_free[owner] = max(until, owner_free.get(owner, 0.0))

    def start(ticket: Ticket) -> float:
        return max(free[0], min((owner_free.get(owner, 0.0) for owner in ticket.owners), default=0.0))

    for ticket in tickets:
        if ticket.run_id in seconds_left:
            occupy(ticket, seconds_left[ticket.run_id])
    found = {name: Forecast(0, 0.0) for name in seconds_left}
    waiting = [ticket for ticket in tickets if ticket.run_id not in seconds_left]
    position = {ticket.run_id: i for i, ticket in enumerate(waiting, start=1)}
    while waiting:
        following = min(waiting, key=start)  # the first in the line of those that can begin soonest
        begin = start(following)
        waiting.remove(following)
        heapq.heapreplace(free, begin + following.expected_seconds)
        occupy(following, begin + following.expected_seconds)
        found[following.run_id] = Forecast(position[following.run_id], begin)
    return found


def ready_tickets(tickets: Sequence[Ticket], in_training: Callable[[str], bool]) -> list[Ticket]:
    """The tickets of the line that may be trained now: one for each visitor.

    What several want may go as soon as one of them may.

    What is in training comes first, then the line in its order.
    """
    busy: set[str] = set()
    chosen = []
    for ticket in sorted(tickets, key=lambda ticket: not in_training(ticket.run_id)):
        if not ticket.owners <= busy or not ticket.owners:
            chosen.append(ticket)
            busy |= ticket.owners
    return chosen
