"""Where requests come from: behind a trusted peer the address that it forwards for."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Protocol

from collector.domains.trusted import TrustedPeers

FORWARDED_FOR = "x-forwarded-for"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Asked(Protocol):
    """What of a request tells where it comes from."""

    def header(self, name: str) -> str | None: ...
    def peer(self) -> str: ...


class Senders:
    """Reads addresses of requests; safe from any thread. Raises ValueError for trusted peers that are no networks."""

    def __init__(self, trusted_peers: Sequence[str]) -> None:
        self.trusted = TrustedPeers(trusted_peers)

    def address(self, request: Asked) -> str:
        """As text, maybe with a port where a proxy wrote one; empty for a unix socket."""
        peer = request.peer()
        forwarded = request.header(FORWARDED_FOR)
        if forwarded and peer in self.trusted:
            return forwarded.rpartition(",")[2].strip()  # the last one was added by the peer itself
        return peer

    def network(self, request: Asked) -> str:
        """The same for every connection of a sender: its address, or of IPv6, where addresses change, the /64."""
        return network_of(self.address(request))

    def is_within(self, request: Asked, networks: Sequence[Network]) -> bool:
        """Whether it comes from one of them; a unix socket is in none."""
        ip = address_of(self.address(request))
        return ip is not None and any(ip in network for network in networks)


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; None for what is no address."""
    host, _, _ = text.rpartition(":")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif host and ":" not in host:
        text = host
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def network_of(text: str) -> str:
    """An IPv4 address as it is, without a port; of an IPv6 address the /64; other text as it is."""
    if ":" not in text:
        return text
    ip = address_of(text)
    if ip is None:
        return text
    return str(ip) if isinstance(ip, ipaddress.IPv4Address) else f"{int(ip) >> 64:x}/64"
