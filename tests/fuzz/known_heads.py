"""Two listeners that are sent the same: one looks known heads up, one parses all. Nobody may see which is which."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import uvicorn
from uvicorn.server import ServerState

from collector.admission.admission import Admission
from collector.admission.entrance import Entrance
from collector.admission.steps import checks
from collector.component import ServerAuthenticator
from collector.domains.resolver import DomainResolver, DomainRules
from collector.receivers.otlp.config import OtlpHttpConfig
from collector.receivers.otlp.http_app import OtlpHttpApp
from collector.testing.intake import MemoryIntake
from collector.transport.budget import Budget
from collector.transport.serving.http_exchange import Exchange, Outcomes
from collector.transport.serving.http_head import Heads
from collector.transport.serving.http_protocol import BoundedHttpProtocol, RequestLimits
from collector.transport.serving.turns import Turns
from counterparts.http_connection import VirtualLoop, Wire

_LIMITS = RequestLimits(8192, 20.0, 60.0, 1 << 20)
_RULES = DomainRules(
    names=("tamyla.com", "wetechfounders.com"), header="x-logboom-domain", trusted_peers=("192.0.2.0/24",)
)
_JITTER = re.compile(rb"retry-after: \d+")
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


class Seen(NamedTuple):
    """What became of a connection: what was answered, how it ended, and what was taken, for which domain."""

    answers: bytes
    ended: str
    taken: list[tuple[str, bytes]]

    @property
    def statuses(self) -> str:
        """Of the answers."""
        return str([int(code) for code in _STATUS.findall(self.answers)])


class _Counting(OtlpHttpApp):
    """Counts requests that were served by a head that was known."""

    known = 0

    def takes(self, exchange: Exchange) -> bool:
        taken = super().takes(exchange)
        self.known += taken and exchange.head.known
        return taken


class Listener:
    """OTLP over HTTP without a socket."""

    def __init__(self, heads: Heads | None, authenticator: ServerAuthenticator | None) -> None:
        self._heads = heads
        self._loop = VirtualLoop()
        self._threads = ThreadPoolExecutor(1)
        self._intake = MemoryIntake()
        entrance = Entrance(
            Admission(checks(DomainResolver(_RULES)), self._intake), "otlp", 64 << 20, authenticator, "who"
        )
        self.app = _Counting(OtlpHttpConfig(), entrance, Turns(self._threads, 1))
        self._config = uvicorn.Config(
            self.app, interface="asgi3", loop="none", lifespan="off", log_config=None, proxy_headers=False
        )
        self._budgets = (
            Budget("connections", 10, BoundedHttpProtocol.make_room), Budget("bytes", 32 << 20, BoundedHttpProtocol.push_out)
        )  # fmt: skip
        self._outcomes = Outcomes()

    def serve(self, reads: list[bytes]) -> Seen:
        """One connection."""
        before, wire = len(self._intake.payloads), Wire("192.0.2.1")
        protocol = BoundedHttpProtocol(
            _LIMITS, *self._budgets, self._outcomes, threading.Event(), self._heads,
            config=self._config, server_state=ServerState(), app_state={}, _loop=self._loop,
        )  # fmt: skip
        wire.set_protocol(protocol)
        protocol.connection_made(wire)
        for read in reads:
            if not wire.ended:
                wire.get_protocol().data_received(read)
                self._settle()
        protocol.connection_lost(None)
        self._settle()
        taken = [(payload.domain, payload.body) for payload in self._intake.payloads[before:]]
        return Seen(_JITTER.sub(b"retry-after: ?", wire.written), wire.ended, taken)

    def close(self) -> None:
        """End its loop."""
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._settle()
        self._loop.close()
        self._threads.shutdown()

    def _settle(self) -> None:
        for _ in range(4):
            self._loop.run_until_complete(asyncio.sleep(0))


class Pair:
    """The two."""

    def __init__(self, authenticator: ServerAuthenticator | None = None) -> None:
        self.heads = Heads()
        self._knowing, self._parsing = Listener(self.heads, authenticator), Listener(None, authenticator)

    def serve(self, reads: list[bytes]) -> tuple[Seen, Seen]:
        """What the one that knows heads does, and the other."""
        return self._knowing.serve(reads), self._parsing.serve(reads)

    @property
    def known(self) -> int:
        """Requests so far that were served by a head that was known."""
        return self._knowing.app.known

    def close(self) -> None:
        """End both."""
        self._knowing.close()
        self._parsing.close()


@contextlib.contextmanager
def pair(authenticator: ServerAuthenticator | None = None) -> Iterator[Pair]:
    """Both, for as long as it is open."""
    made = Pair(authenticator)
    try:
        yield made
    finally:
        made.close()
