"""Where a visitor comes from, as far as bounds on one address go; and below which path the lab stands."""

from __future__ import annotations

import ipaddress

from streamlit import config

# Whoever sits at the machine itself, and whatever stands before the lab and hands on no address.
HERE = "here"


def find_network(host: str | None) -> str:
    """The network that an address belongs to as its holder has it: IPv4 whole, of IPv6 the first 64 bits.

    HERE for this machine's own address, and for what is none.
    """
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return HERE
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback:
        return HERE
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def base_path() -> str:
    """The path below which the lab stands, `server.baseUrlPath`: empty, or such as 'teaching/lab'."""
    return str(config.get_option("server.baseUrlPath") or "").strip("/")
