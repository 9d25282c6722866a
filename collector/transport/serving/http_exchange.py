"""Requests that are served without a coroutine, as most are: a head that says how long the body is, and the body.

    head ► Direct.takes ► body, whole ► Taker.whole … settle(outcome), any thread ► Taker.settled ► answer

A head is the parser's, or one that was parsed before and is known again (`http_head.py`).

A task, its events and ASGI's messages cost more than all else that HTTP does for a small request.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from math import inf
from typing import Any, Protocol, runtime_checkable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from collector.transport.client_certificate import ClientCertificate
from collector.transport.serving.http_head import Head

Fields = tuple[tuple[bytes, bytes], ...]
Dated = Sequence[tuple[bytes, bytes]]


class Connection(Protocol):
    """Where an exchange came from, and its answer goes."""

    loop: AbstractEventLoop
    peer: str
    address: str
    """The peer's as requests tell it: empty for a unix socket only."""
    gone: bool

    def certificate(self) -> ClientCertificate | None: ...
    def waits_for_decoding(self, size: int) -> None: ...
    def decoded(self) -> None: ...
    def dated(self) -> Dated: ...
    def answered(self, exchange: Exchange, response: bytes) -> None: ...


class Taker(Protocol):
    """Who took an exchange. Called on the listener's loop; must not raise."""

    def whole(self, body: bytes) -> None:
        """The body is here."""
        ...

    def settled(self, outcome: Any) -> None:
        """What became of it is known."""
        ...

    def overdue(self) -> None:
        """It waits for too long: it should be answered now."""
        ...


@runtime_checkable
class Direct(Protocol):
    """An application that takes some requests without a coroutine."""

    @property
    def answer_within_secs(self) -> float:
        """How long an exchange may wait for its answer once its body is here."""
        ...

    def takes(self, exchange: Exchange) -> bool:
        """Whether it is taken: a taker is set, or it is answered. All others are served by the application's coroutine."""
        ...


class Exchange:
    """One request, and one answer. `disconnected` … `response_complete` are what uvicorn's protocol asks of a cycle.

    Args:
        head: what came before the body, as it came with this request or one like it.
        length: of the body, if the head tells it.
        keep_alive: the connection is kept behind the answer.
        shared: for what is found out of the head and the connection; the same for all exchanges of the two.
    """

    __slots__ = (
        "_outcomes", "connection", "disconnected", "head", "keep_alive", "length", "overdue_at", "parts",
        "response_complete", "response_started", "shared", "taker",
    )  # fmt: skip

    def __init__(
        self,
        connection: Connection,
        outcomes: Outcomes,
        head: Head,
        length: int | None,
        keep_alive: bool,
        shared: dict[Any, Any],
    ) -> None:
        self.connection = connection
        self._outcomes = outcomes
        self.head = head
        self.length = length
        self.keep_alive = keep_alive
        self.shared = shared
        self.parts: list[bytes] = []
        self.taker: Taker | None = None
        self.overdue_at = inf
        self.disconnected = self.response_started = self.response_complete = False

    def settle(self, outcome: Any) -> None:
        """Tell the taker, on the loop, what became of it; any thread."""
        self._outcomes.put(self.connection.loop, self, outcome)

    def expire(self, now: float) -> None:
        """Have it answered if it has waited for too long."""
        if self.taker is not None and now > self.overdue_at:
            self.taker.overdue()

    def answer(self, status: int, fields: Fields, body: bytes) -> None:
        """Only the first answer counts; on the loop. `fields` are all that is particular to the response."""
        if not self.response_complete:
            self._send(_rendered(status, tuple(self.connection.dated()), fields, body, self.keep_alive))

    def answer_as(self, usual: Usual) -> None:
        """The same, with an answer that many get."""
        if not self.response_complete:
            self._send(usual.rendered(self.connection.dated(), self.keep_alive))

    def _send(self, response: bytes) -> None:
        self.response_started = self.response_complete = True
        self.taker = None  # which knows the exchange: a ring that the garbage collector would have to find
        self.connection.answered(self, response)


class Usual:
    """An answer that many requests get, written once for each date; for one event loop."""

    __slots__ = ("_body", "_dated", "_fields", "_kept", "_status")

    def __init__(self, status: int, fields: Fields, body: bytes) -> None:
        self._status = status
        self._fields = fields
        self._body = body
        self._dated: Dated | None = None
        self._kept = b""

    def rendered(self, dated: Dated, keep_alive: bool) -> bytes:
        """As it is sent. `dated`: another object each time that it says something else."""
        if not keep_alive:
            return _rendered(self._status, tuple(dated), self._fields, self._body, False)
        if dated is not self._dated:
            self._dated, self._kept = dated, _rendered(self._status, tuple(dated), self._fields, self._body, True)
        return self._kept


class Outcomes:
    """From any thread to the loop of a listener; however many come at once, it is woken once."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Exchange, Any]] = deque()
        self._woken = False

    def put(self, loop: AbstractEventLoop, exchange: Exchange, outcome: Any) -> None:
        self._waiting.append((exchange, outcome))
        if not self._woken:
            self._woken = True
            try:
                loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: senders were cut off at the deadline of the shutdown
                return

    def _deliver(self) -> None:
        self._woken = False  # before it looks: what comes from here on wakes again
        while self._waiting:
            exchange, outcome = self._waiting.popleft()
            if exchange.taker is not None:
                exchange.taker.settled(outcome)


@lru_cache(256)
def _rendered(status: int, dated: Fields, fields: Fields, body: bytes, keep_alive: bool) -> bytes:
    lines = [b"%s: %s\r\n" % field for field in (*dated, *fields)]
    if not keep_alive:
        lines.append(b"connection: close\r\n")
    return b"".join((STATUS_LINE[status], *lines, b"\r\n", body))
