"""What the lab asks of the server's sockets: Streamlit leaves them as they are made."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

OPEN_FILES = Path("/dev/fd")


def answer_at_once() -> int:
    """Send small answers without waiting for more to send (no Nagle's algorithm): on how many sockets.

    A slider's answer comes in several small messages, and each would wait up to 40 ms for the browser to confirm the one
    before. Connections made later inherit this from the socket that listens. Where open files are not listed under
    /dev/fd, as on Windows, nothing changes.
    """
    changed = 0
    for path in list(OPEN_FILES.iterdir()) if OPEN_FILES.is_dir() else ():
        with contextlib.suppress(OSError):  # the one that listed the folder is closed by now
            if stat.S_ISSOCK(os.fstat(int(path.name)).st_mode):
                with socket.socket(fileno=os.dup(int(path.name))) as same:
                    changed += _answer_at_once(same)
    return changed


def _answer_at_once(connection: socket.socket) -> bool:
    if connection.type != socket.SOCK_STREAM or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return True
