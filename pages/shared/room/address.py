"""The address that phones open: one that they can reach, or the word that there is none."""

from __future__ import annotations

import io
import ipaddress
import os
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from ae_core.errors import ConfigError
from ae_core.words.sentences import say

EVERYWHERE = ("", "0.0.0.0", "::")


@dataclass(frozen=True)
class Address:
    """Where the lab is for phones, without a slash at the end; whether they can reach it."""

    url: str
    is_reachable: bool


def public_url() -> str:
    """AE_LAB_PUBLIC_URL, or nothing. Raises ConfigError if it is no address."""
    text = os.environ.get("AE_LAB_PUBLIC_URL", "").strip().rstrip("/")
    if text and not re.fullmatch(r"https?://[^\s/?#\"'<>]+(/[^\s?#\"'<>]*)?", text):
        raise ConfigError(
            say(
                "AE_LAB_PUBLIC_URL must be the lab's address, such as https://lab.example.org/lab, but it "
                "is {text!r}. Set it to that, or leave it unset, and start the lab again.",
                text=text,
            )
        )
    return text


def find_address(asked: str, listens_on: str) -> Address:
    """The lab's address for phones.

    asked: the address that the presenter's browser has it under. listens_on: the server's own setting, empty
    for every network. Where the browser is on the lab's own machine, that machine's address in its network.
    """
    if chosen := public_url():
        return Address(chosen, is_reachable=True)
    parts = urlsplit(asked)
    if not _is_this_machine(parts.hostname or "localhost"):
        return Address(asked.rstrip("/"), is_reachable=True)
    own = own_address() if listens_on in EVERYWHERE else ""
    if not own:
        return Address(asked.rstrip("/"), is_reachable=False)
    port = f":{parts.port}" if parts.port else ""
    return Address(f"{parts.scheme}://{own}{port}{parts.path.rstrip('/')}", is_reachable=True)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def own_address() -> str:
    """This machine's IPv4 address in the network that it goes out by, or has at all; empty without one.

    A laptop that is its own hotspot goes out by none, and has one. Nothing is sent to find out.
    """
    import psutil  # only for who opens a room; so is segno

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # set aside for documents: nobody is there
            found = [str(probe.getsockname()[0])]
        except OSError:
            found = []
    found += [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family is socket.AF_INET
    ]
    usable = [ipaddress.ip_address(each) for each in found]
    return next((str(each) for each in usable if not (each.is_loopback or each.is_link_local)), "")


def qr_svg(url: str) -> str:
    """A QR code of an address as inline SVG, black on white with the margin that readers want."""
    import segno

    file = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        file, kind="svg", xmldecl=False, svgns=True, nl=False, border=3, light="white", omitsize=True
    )
    return file.getvalue().decode()
