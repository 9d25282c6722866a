"""The backends that records are shared between now. One that is not there any more finishes its calls; one that can't be reached is left
out for a while, so that its records go to the others, and is tried again then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collector.transport.grpc_client import GrpcAnswer, GrpcClient
from exporters.load_balancing.resolvers import Resolves
from exporters.load_balancing.ring import HashRing

_LATE_TWICE = 2
"""Calls in a row without an answer in time after which a backend counts as away."""


@dataclass(slots=True)
class Backend:
    """A client, and what its calls came to lately."""

    endpoint: str
    client: GrpcClient
    left_out_until: float = 0.0
    late: int = 0
    calls: int = 0
    gone: bool = False

    async def send(self, message: bytes, headers: Mapping[str, str]) -> GrpcAnswer:
        """One call."""
        self.calls += 1
        try:
            return await self.client.send(message, headers)
        finally:
            self.calls -= 1
            if self.gone and not self.calls:
                await self.client.close()


@dataclass(frozen=True, slots=True)
class View:
    """The backends at a moment: immutable, so threads may use it."""

    ring: HashRing = field(default_factory=lambda: HashRing(()))
    backends: Mapping[str, Backend] = field(default_factory=dict)


class Backends:
    """Belongs to the event loop, but for `latest`.

    Args:
        connect: makes a backend's client.
        leave_out_secs: how long one that can't be reached is left out; 0 = never.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        resolver: Resolves,
        connect: Callable[[str], GrpcClient],
        leave_out_secs: float,
        clock: Callable[[], float],
    ) -> None:
        self._resolver = resolver
        self._connect = connect
        self._leave_out_secs = leave_out_secs
        self._clock = clock
        self._known: dict[str, Backend] = {}
        self._looking: asyncio.Task[None] | None = None
        self.latest = View()

    async def start(self) -> None:
        """Look for backends, and go on looking. None that can be found is no error: records wait. Raises OSError or ValueError for
        TLS files that can't be used."""
        self._resolver.start()
        await self._look()
        if self._resolver.interval:
            self._looking = asyncio.create_task(self._look_on())

    def now(self) -> View:
        """Those to send to: not those that are left out, unless all are."""
        moment = self._clock()
        able = {name: each for name, each in self._known.items() if each.left_out_until <= moment} or self._known
        if able.keys() != self.latest.backends.keys() or any(
            self.latest.backends[name] is not able[name] for name in able
        ):
            self.latest = View(HashRing(able), dict(able))
        return self.latest

    def unreachable(self, backend: Backend) -> None:
        """It is left out from now on."""
        backend.left_out_until = self._clock() + self._leave_out_secs

    def timed_out(self, backend: Backend) -> None:
        """It is left out when that comes twice in a row: a slow one keeps its records."""
        backend.late += 1
        if backend.late >= _LATE_TWICE:
            self.unreachable(backend)

    def answered(self, backend: Backend) -> None:
        """It is there."""
        backend.late, backend.left_out_until = 0, 0.0

    def has_others(self, backend: Backend) -> bool:
        """Whether its records can go to another one."""
        return bool(self._leave_out_secs) and any(
            each is not backend and each.left_out_until <= self._clock() for each in self._known.values()
        )

    async def close(self) -> None:
        """Look no more, and close the connections."""
        self._resolver.close()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
            self._looking = None
        await self._forget(list(self._known))
        self.now()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._resolver.interval)
            with contextlib.suppress(OSError, ValueError):  # of a certificate's file: those that are known go on
                await self._look()

    async def _look(self) -> None:
        """A look that fails changes nothing, nor does one that finds nobody."""
        try:
            found = set(await self._resolver.look())
        except OSError:
            found = set()
        if found:
            await self._meet(found - self._known.keys())
            await self._forget(self._known.keys() - found)
        self.now()

    async def _meet(self, endpoints: set[str]) -> None:
        for endpoint in endpoints:
            client = self._connect(endpoint)
            await client.start()
            self._known[endpoint] = Backend(endpoint, client)

    async def _forget(self, endpoints: set[str] | list[str]) -> None:
        for endpoint in endpoints:
            backend = self._known.pop(endpoint)
            backend.gone = True
            if not backend.calls:
                await backend.client.close()
