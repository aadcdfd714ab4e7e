"""Rooms whose time is over are deleted, whether anybody looks at them or not."""

from __future__ import annotations

import asyncio

from ae_core.errors import LabError
from ae_core.room.database import has_rooms, open_rooms
from ae_core.room.rooms import delete_old_rooms
from ae_core.runs.disk import default_root

LOOK_SECONDS = 300.0


async def keep_deleting_old_rooms() -> None:
    """Delete old rooms every LOOK_SECONDS, for as long as the server lives."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await asyncio.to_thread(_delete_old_rooms)


def _delete_old_rooms() -> None:
    if not has_rooms(default_root()):
        return
    with open_rooms(default_root()) as base:
        try:
            base.write([delete_old_rooms])
        except LabError:
            return  # out of reach for a moment: the next look finds them
