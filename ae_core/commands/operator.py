"""`line`, `delete` and `undelete`: what whoever runs the lab does about strangers."""

from __future__ import annotations

import argparse
from typing import Any

from ae_core import config
from ae_core.commands.telling import print_message
from ae_core.errors import ConfigError, StoreError
from ae_core.runs import housekeeping, tickets
from ae_core.runs.store import Store
from ae_core.runs.tickets import Ticket


def line_command(options: argparse.Namespace) -> dict[str, Any]:
    """Show what is in the line of trainings, or take some or all of it out."""
    store = Store(options.store)
    line = tickets.tickets_in_line(store)
    if options.action == "show":
        rows = [_row(ticket, store) for ticket in line]
        for row in rows:
            print_message("  ".join(map(str, row.values())))
        print_message(f"{len(rows)} in the line.")
        return {"line": rows}
    if not (options.all or options.visitor or options.address):
        raise ConfigError("Say whose trainings to take out: --visitor, --address, or --all.")
    chosen = [ticket for ticket in line if options.all or _is_of(ticket, options.visitor, options.address)]
    for ticket in chosen:
        tickets.remove_ticket(store, ticket.run_id, ticket.number)
    print_message(f"{len(chosen)} taken out of the line; what they have learnt is kept.")
    return {"run_ids": [ticket.run_id for ticket in chosen]}


def _is_of(ticket: Ticket, visitor: str | None, address: str | None) -> bool:
    return (visitor is not None and ticket.owners == {visitor}) or bool(address and ticket.address == address)


def _row(ticket: Ticket, store: Store) -> dict[str, object]:
    return {
        "run_id": ticket.run_id,
        "state": "running" if store.is_locked(ticket.run_id) else "waiting",
        "family": config.family(ticket.run),
        "visitors": ",".join(sorted(ticket.owners)),
        "address": ticket.address or "-",
        "expected_seconds": ticket.expected_seconds,
    }


def delete_command(options: argparse.Namespace) -> dict[str, Any]:
    """Move a run to the trash, whoever trained or uploaded it."""
    store = Store(options.store)
    if options.unpin:
        housekeeping.unpin_run(store, options.run)
    trashed = housekeeping.delete_run(store, options.run)
    print_message(f"Deleted. For an hour `python -m ae_core undelete {options.run}` brings it back.")
    return {"trashed": trashed}


def undelete_command(options: argparse.Namespace) -> dict[str, Any]:
    """Bring a deleted run back."""
    store = Store(options.store)
    places = housekeeping.oldest_first(store.root / "trash")
    trashed = [place.name for place in places if place.name.startswith(f"{options.run}-")]
    if not trashed:
        raise StoreError(f"No run {options.run} was deleted within the hour. Train it again.")
    name = housekeeping.undo_delete(store, trashed[-1])
    print_message(f"{name} is back.")
    return {"run_id": name}
