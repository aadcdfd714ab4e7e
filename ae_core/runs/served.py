"""How much training each address has had lately: those that had least go first in the line.

served/<address>   when it had how many seconds, as JSON; addresses are marks (`ae_core.runs.ownership`)
"""

from __future__ import annotations

import json
import time
from contextlib import suppress

from filelock import FileLock, Timeout

from ae_core.runs.store import Store

# What an address has had counts for so long, in steps that leave short trainings before long ones.
SERVED_SECONDS, SERVED_STEP = 600.0, 30.0
LOCK_SECONDS = 5.0


def steps_served(store: Store, address: str) -> int:
    """How much training an address has had in the last ten minutes, in SERVED_STEPs; 0 for an unknown one."""
    seconds = sum(seconds for _, seconds in _read_served(store, address)) if address else 0.0
    return int(seconds // SERVED_STEP)


def note_served(store: Store, address: str, seconds: float) -> None:
    """Note that an address has had so many seconds of training just now. A full store lets it be."""
    if not address:
        return
    lock = FileLock(store.root / "locks" / "served.lock", timeout=LOCK_SECONDS)
    with suppress(OSError, Timeout), lock:
        (store.root / "served").mkdir(exist_ok=True)
        served = [*_read_served(store, address), (time.time(), seconds)]
        (store.root / "served" / address).write_text(json.dumps(served))
        for path in (store.root / "served").iterdir():
            if time.time() - path.stat().st_mtime > SERVED_SECONDS:
                path.unlink(missing_ok=True)


def _read_served(store: Store, address: str) -> list[tuple[float, float]]:
    """When an address had how many seconds of training, in the last ten minutes."""
    try:
        told = json.loads((store.root / "served" / address).read_text())
        return [(then, seconds) for then, seconds in told if 0 <= time.time() - then < SERVED_SECONDS]
    except (OSError, ValueError, TypeError):
        return []
