"""What every page imports, imported and out of the garbage collector's sight before the first visitor's page.

Whoever comes earlier waits for it at the gate, as they would on the page.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from importlib import import_module

from pages.shared.server.sessions import departures

LONGEST_SECONDS = 60.0
_ready: asyncio.Event | None = None


def prepare(*modules: str) -> None:
    """Import these in a thread; called in the server's loop, for which `wait_until_ready` waits for them."""
    global _ready
    _ready, loop = asyncio.Event(), asyncio.get_running_loop()
    threading.Thread(target=_import, args=(modules, _ready, loop), name="imports", daemon=True).start()


def _import(modules: tuple[str, ...], ready: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    try:
        for module in modules:
            import_module(module)
        departures.freeze()
    finally:
        with suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(ready.set)


async def wait_until_ready() -> None:
    """Wait until the modules are there; not at all where nobody imports any."""
    if _ready is not None and not _ready.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_SECONDS):
                await _ready.wait()
