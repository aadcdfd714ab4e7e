"""How a training that failed is told, on its ticket or in its log. The scheduler tells too: no torch here."""

from __future__ import annotations

import logging

from ae_core.errors import DamagedRunError, LabError
from ae_core.runs import tickets
from ae_core.runs.store import Store
from ae_core.words.sentences import say

logger = logging.getLogger(__name__)


def tell_failure(problem: Exception) -> str:
    """What a visitor reads of a training that ended in `problem`."""
    if isinstance(problem, LabError):
        return str(problem)
    words = f"{type(problem).__name__}: {first_line(problem)}"
    return say("The training ended unexpectedly ({words}). Press Train to try again.", words=words)


def first_line(problem: Exception) -> str:
    """The first line of what `problem` says, 200 characters at most; its kind where it says nothing."""
    return (str(problem) or type(problem).__name__).splitlines()[0][:200]


def end_ticket_in_failure(store: Store, ticket: tickets.Ticket, problem: Exception) -> None:
    """Leave the reason where the pages find it: in the log, or on the ticket if the disk has no room for it.

    What went wrong after the run was finished is no failure of it: only its ticket goes.
    Nobody else may be training the run.
    """
    if not isinstance(problem, LabError):
        logger.error("%s failed", ticket.run_id, exc_info=problem)
    if _is_finished(store, ticket.run_id) or store.log_failure(ticket.run, tell_failure(problem)):
        tickets.remove_ticket(store, ticket.run_id, ticket.number)
    else:
        tickets.write_failure(store, ticket.run_id, tell_failure(problem))


def _is_finished(store: Store, name: str) -> bool:
    try:
        return store.has_own(name)
    except DamagedRunError:
        return False
