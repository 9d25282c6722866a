"""Peers whose word about the original request is believed (reverse proxies)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence


class TrustedPeers:
    """A set of networks, and `unix` for peers on a unix socket. Answers are remembered for the last 1,024 addresses.

    Raises ValueError for something that is not a network.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._unix = "unix" in networks
        self._networks = [ipaddress.ip_network(text, strict=False) for text in networks if text != "unix"]
        self._known: dict[str, bool] = {}

    def __contains__(self, address: str) -> bool:
        """`address` is an IP address without a port, or empty for a unix socket."""
        if not address:
            return self._unix
        trusted = self._known.get(address)
        if trusted is None:
            if len(self._known) >= 1024:
                self._known.clear()
            trusted = self._known[address] = self._look_up(address)
        return trusted

    def _look_up(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        return any(ip in network for network in self._networks)
