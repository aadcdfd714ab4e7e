"""HTTP connections on which no request comes: closed after a while, half a request's headers or none at all.

uvicorn has a time for the pause after an answer alone.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

# Between two looks; who has sent no whole request from one to the next is closed.
LOOK_SECONDS = 10.0


def close_idle_connections() -> None:
    """From now on close each new connection that brings no whole request in time. Once is enough."""
    made = AutoHTTPProtocol.connection_made
    if getattr(made, "is_watched", False):
        return

    def connection_made(protocol: Any, transport: asyncio.Transport) -> None:
        made(protocol, transport)
        _look_later(protocol, None)

    connection_made.is_watched = True  # type: ignore[attr-defined]
    AutoHTTPProtocol.connection_made = connection_made  # type: ignore[assignment, method-assign]


def _look_later(protocol: Any, before: object) -> None:
    asyncio.get_running_loop().call_later(LOOK_SECONDS, _look, protocol, before)


def _look(protocol: Any, before: object) -> None:
    """Close the connection where the request at hand is done, and none has begun since the last look.

    before: the request of that look; None where there was none yet.
    """
    transport, request = protocol.transport, protocol.cycle
    if transport is None or transport.is_closing() or transport.get_protocol() is not protocol:
        return  # gone, or a websocket by now
    if (request is None or request.response_complete) and request is before:
        transport.close()
    else:
        _look_later(protocol, request)
