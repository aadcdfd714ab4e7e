"""Which sites may show the lab in a frame of theirs: any, unless AE_LAB_FRAMES names some."""

from __future__ import annotations

import os
import re

from starlette.types import Message, Send

from ae_core.errors import ConfigError

SITE = re.compile(r"none|self|https?://(\*\.)?[\w.-]+(:\d{1,5})?", re.ASCII)
HEADER = b"content-security-policy"


def frame_policy() -> bytes:
    """What a page's header says of frames; empty where any site may show it. Raises ConfigError."""
    sites = os.environ.get("AE_LAB_FRAMES", "").split()
    if wrong := [site for site in sites if not SITE.fullmatch(site)]:
        raise ConfigError(
            f"AE_LAB_FRAMES must name sites such as https://school.example.org, or be self or none, but it "
            f"has {wrong[0]!r}. Change that, or leave it unset, and start the lab again."
        )
    words = [f"'{site}'" if site in ("none", "self") else site for site in sites]
    return f"frame-ancestors {' '.join(words)}".encode() if words else b""


def with_frame_policy(send: Send, policy: bytes) -> Send:
    """`send`, which says it with every answer."""

    async def saying(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (HEADER, policy)]}
        await send(message)

    return saying if policy else send
