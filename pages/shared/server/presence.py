"""Who is there: visitors whose trainings wait, told to the store as long as they have the lab open."""

from __future__ import annotations

import threading

from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

TELL_SECONDS = 15.0
_waiting: dict[str, str] = {}
_lock = threading.Lock()


def note_waiting(visitor: str) -> None:
    """The visitor of the session whose page is run has asked for a training."""
    context = get_script_run_ctx()
    if context is not None:
        with _lock:
            _waiting[context.session_id] = visitor


def tell_store() -> None:
    """Tell the store who of them is there, and have it drop trainings that nobody waits for any more."""
    from ae_core.errors import LabError
    from ae_core.runs import tickets
    from ae_core.runs.store import Store, default_root

    store = Store(default_root())
    with _lock:
        for session in [session for session in _waiting if not Runtime.instance().is_active_session(session)]:
            del _waiting[session]
        there = set(_waiting.values())
    try:
        for visitor in there:
            tickets.note_present(store, visitor)
        tickets.drop_abandoned(store)
    except (LabError, OSError):
        return  # a store that cannot be written is told of elsewhere
