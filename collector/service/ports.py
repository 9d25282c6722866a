"""Is a port free? Asked once by the supervisor before any child starts: with SO_REUSEPORT, which the children need to
share a port, a listener of another program would be joined silently instead of reported."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping

from collector.component import Config, Listens
from collector.service.plan import used_receivers
from collector.settings.model import Settings

Listener = tuple[str, str]
"""(who, where: as `Listens` has it)."""


def shared_listeners(settings: Settings) -> list[Listener]:
    """What the ingest processes listen on, all of them on the same ports."""
    options = {f"receivers.{name}": settings.receivers[name].config for name in used_receivers(settings)}
    return list(_listeners(options))


def own_listeners(settings: Settings) -> list[Listener]:
    """What the supervisor listens on, from its start to its end."""
    options = {f"extensions.{name}": component.config for name, component in settings.extensions.items()}
    pulled = settings.service.telemetry.metrics.prometheus()
    return list(_listeners(options)) + [
        ("service.telemetry.metrics.readers", f"{host}:{port}") for host, port in pulled
    ]


def _listeners(options: Mapping[str, Config]) -> Iterator[Listener]:
    for owner, config in options.items():
        for endpoint in config.listens_on() if isinstance(config, Listens) else ():
            yield owner, endpoint


def busy(endpoints: Iterable[Listener]) -> list[str]:
    """Sentences about the endpoints that can't be bound. Port 0 is always free; the names of unix sockets change hands."""
    problems = []
    for owner, endpoint in endpoints:
        try:
            _bind(endpoint)
        except OSError as error:
            problems.append(f"{owner}: can't listen on {endpoint}: {error.strerror or error}")
    return problems


def _bind(endpoint: str) -> None:
    if endpoint.startswith("unix:"):
        return
    address = endpoint.removeprefix("udp://")
    wanted = socket.SOCK_STREAM if address == endpoint else socket.SOCK_DGRAM
    host, _, port = address.rpartition(":")
    for family, kind, proto, _, place in socket.getaddrinfo(
        host.strip("[]") or None, int(port), type=wanted, flags=socket.AI_PASSIVE
    ):
        with socket.socket(family, kind, proto) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if wanted == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            if wanted == socket.SOCK_STREAM:
                probe.listen(1)
