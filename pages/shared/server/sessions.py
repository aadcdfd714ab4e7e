"""Sessions that visitors have left: ended in time, and their memory given back.

Streamlit keeps a session whose connection is gone for `server.disconnectedSessionTTL`, and some time longer:
until the next one goes. Here one is ended when its time is over; a minute at most after its visitor closed
the tab, since then nobody comes back to it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakSet

from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession

from ae_core.service.memory import give_back_freed
from pages.shared.server.counts import counts

# What a browser says when it closes a tab or goes to another page. One that is lost says nothing.
GONE_CODES = (1000, 1001)
GONE_SECONDS = 20.0
SWEEP_SECONDS = 5.0
# Looking for garbage stops all answers meanwhile: it may take one part in so many of the time.
SHARE_OF_TIME, LONGEST_PAUSE = 50, 25.0
logger = logging.getLogger(__name__)


@dataclass
class Departures:
    """Sessions without a connection, by their ids: when each is to end, in seconds of `time.monotonic`."""

    due: dict[str, float] = field(default_factory=dict)
    _in_memory: WeakSet[AppSession] = field(default_factory=WeakSet)
    _began: dict[str, float] = field(default_factory=dict)
    _frozen_at: float = 0.0
    _has_garbage: bool = False
    _is_frozen_garbage: bool = False
    _next_collection: float = 0.0

    def note_here(self, session: str) -> None:
        """A connection has this session."""
        self.due.pop(session, None)
        self._began.setdefault(session, time.monotonic())
        if Runtime.exists():
            # There is no public way to a session: what holds all that is of a visitor.
            info = Runtime.instance()._session_mgr.get_session_info(session)
            if info is not None:
                self._in_memory.add(info.session)

    @property
    def in_memory(self) -> int:
        """How many sessions the server holds, of visitors who are there, who were, and who are gone."""
        return len(self._in_memory)

    def note_left(self, session: str, code: int | None) -> None:
        """The session's connection has ended with this code; None where it was lost without one."""
        lost: float = config.get_option("server.disconnectedSessionTTL") or 0.0
        self.due[session] = time.monotonic() + (min(GONE_SECONDS, lost) if code in GONE_CODES else lost)

    def freeze(self) -> None:
        """Take what is there out of the garbage collector's sight: modules, which stay for ever.

        Looking through torch's objects takes the collector 0.3 s, which every visitor's slider would pay for.
        What is there of a session goes with them, until `collect` shows it to the collector again.
        """
        gc.freeze()
        self._frozen_at = time.monotonic()

    def end_due(self, end: Callable[[str], None]) -> None:
        """Have `end` end the sessions whose time is over."""
        now = time.monotonic()
        for session in [session for session, due in self.due.items() if due <= now]:
            del self.due[session]
            end(session)
            self._has_garbage = True
            if self._began.pop(session, now) <= self._frozen_at:
                self._is_frozen_garbage = True

    def collect(self) -> float:
        """Give back the memory of ended sessions, if there are any and it is time: seconds taken."""
        began = time.monotonic()
        if not self._has_garbage or began < self._next_collection:
            return 0.0
        if self._is_frozen_garbage:
            gc.unfreeze()
        gc.collect()
        if self._is_frozen_garbage:
            self.freeze()
        give_back_freed()
        self._has_garbage = self._is_frozen_garbage = False
        took = time.monotonic() - began
        self._next_collection = began + min(SHARE_OF_TIME * took, LONGEST_PAUSE)
        return took


departures = Departures()


async def sweep() -> None:
    """End sessions and give back memory, between answers, as long as the server lives."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            departures.end_due(_end_session)
            for _ in range(20):  # a quiet moment, or the next time
                if not counts.running:
                    departures.collect()
                    break
                await asyncio.sleep(0.05)
        except Exception:
            logger.exception("sessions that visitors left could not be ended")


def _end_session(session: str) -> None:
    """End a session that has no connection, and empty it: Streamlit's loop may hold on to the shell."""
    runtime = Runtime.instance()
    if runtime.is_active_session(session):
        return
    info = runtime._session_mgr.get_session_info(session)
    runtime.close_session(session)
    if info is not None:
        info.session.session_state.clear()
        info.session.flush_browser_queue()
    runtime._enqueued_some_message()  # a turn of that loop, in which it lets go of whom it served last
