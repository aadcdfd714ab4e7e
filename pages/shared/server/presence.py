"""Who is there: visitors whose trainings wait, told to the store as long as they have the lab open."""

from __future__ import annotations

import threading
import time

from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

TELL_SECONDS = 15.0
# After a pause, as of a machine that slept, visitors need a moment to come back.
PAUSE_SECONDS = 60.0
_waiting: dict[str, str] = {}
_lock = threading.Lock()


class Watch:
    """Since when presence has been told without a pause, in seconds since 1970."""

    def __init__(self) -> None:
        self.since = self._last = 0.0

    def note_told(self, now: float) -> None:
        """It is being told now: another time, or anew after more than PAUSE_SECONDS."""
        if now - self._last > PAUSE_SECONDS:
            self.since = now
        self._last = now


_watch = Watch()


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
    _watch.note_told(time.time())
    with _lock:
        for session in [session for session in _waiting if not Runtime.instance().is_active_session(session)]:
            del _waiting[session]
        there = set(_waiting.values())
    try:
        for visitor in there:
            tickets.note_present(store, visitor)
        tickets.drop_abandoned(store, _watch.since)
    except (LabError, OSError):
        return  # a store that cannot be written is told of elsewhere
