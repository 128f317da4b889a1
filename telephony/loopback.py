"""Which names and addresses are this machine itself. Pure."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name or address (an IPv6 one with or without brackets; no port) can only be this machine:
    `localhost` and the names below it (RFC 6761), 127.0.0.0/8 and ::1."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or (name.endswith(".localhost") and all(name.split("."))):
        return True
    try:
        address = ip_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def leads_to_loopback(url: str) -> bool:
    """The same for the host of a URL, with or without a port."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
