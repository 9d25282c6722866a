"""Which backends there are: a list, the addresses of a name, looked up again and again, or the endpoints of a service of Kubernetes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Protocol

from exporters.load_balancing.config import DnsResolver, Resolver, StaticResolver


class Resolves(Protocol):
    """Says which backends there are. `interval` is how often it is asked; 0 = once."""

    interval: float

    def start(self) -> None:
        """Begin."""
        ...

    def close(self) -> None:
        """End."""
        ...

    async def look(self) -> Sequence[str]:
        """`host:port` or `host` of each. Raises OSError where nobody knows."""
        ...


class _Idle:
    """Has nothing to begin and to end."""

    def start(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Listed(_Idle):
    """`static`."""

    interval = 0.0

    def __init__(self, config: StaticResolver) -> None:
        self._hostnames = config.hostnames

    async def look(self) -> Sequence[str]:
        """As they were given."""
        return self._hostnames


class Named(_Idle):
    """`dns`."""

    def __init__(self, config: DnsResolver) -> None:
        self._config = config
        self.interval = config.interval

    async def look(self) -> Sequence[str]:
        """The addresses of the name. Raises OSError: TimeoutError is one."""
        async with asyncio.timeout(self._config.timeout):
            found = await asyncio.get_running_loop().getaddrinfo(self._config.hostname, None, type=socket.SOCK_STREAM)
        port = f":{self._config.port}" if self._config.port else ""
        hosts = {
            f"[{address[0]}]" if family == socket.AF_INET6 else str(address[0]) for family, _, _, _, address in found
        }
        return sorted(f"{host}{port}" for host in hosts)


def resolver(config: Resolver) -> Resolves:
    """The one that is configured."""
    if config.static is not None:
        return Listed(config.static)
    if config.k8s is not None:
        from exporters.load_balancing.endpoint_slices import EndpointSlices

        return EndpointSlices(config.k8s)
    assert config.dns is not None
    return Named(config.dns)
