"""Unary calls as events: grpc's C core, one thread, and no thread a call.

`grpc.server` hands every call to a pool and wakes two threads three times for it; that is most of what a small request
costs. Here one thread takes the core's events, and whoever has the answer sends it:

    request_call ──► call ──► its message ──► handler(call) … call.answer(…) from any thread ──► sent

The core (HTTP/2, TLS, limits, keepalive, compression) is the same. Its Python face, `grpc._cython.cygrpc`, is what
`grpc.server` itself stands on; it is not public, so the version of grpcio is bounded and the tests pin what is used.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # compiled, unknown to the stubs

_log = logging.getLogger(__name__)
_ROUND_SECS = 1.0
_MAX_RECEIVING = 64  # messages that arrive at once, each up to the limit of a request; further calls wait in the core
_NO_FLAGS = 0
_TIMEOUT = cygrpc.CompletionType.queue_timeout
_REQUEST, _ANSWERED, _SHUTDOWN = "request", "answered", "shutdown"

Trailers = Sequence[tuple[str, bytes]]


class UnaryCall:
    """One call: the facts of its request, and one answer."""

    __slots__ = ("_call", "_details", "_server", "metadata", "since")

    def __init__(self, server: UnaryServer, event: Any) -> None:
        self._server = server
        self._call = event.call
        self._details = event.call_details
        self.metadata: Iterable[tuple[str, str | bytes]] = event.invocation_metadata
        self.since = 0.0

    @property
    def method(self) -> str:
        """`/package.Service/Method`."""
        name: bytes = self._details.method
        return name.decode("ascii", "replace")

    @property
    def host(self) -> str:
        """`:authority`, which grpc's public API does not show."""
        name: bytes = self._details.host
        return name.decode("ascii", "replace")

    def peer(self) -> str:
        """As grpc writes it: `ipv4:127.0.0.1:4317`, `ipv6:%5B::1%5D:4317`, `unix:`."""
        name: bytes = self._call.peer()
        return name.decode("ascii", "replace")

    def answer(self, code: int, message: str = "", trailers: Trailers = (), body: bytes | None = None) -> None:
        """End the call; any thread. Only the first answer counts."""
        if not self._server.take(self):
            return
        operations = [
            cygrpc.SendInitialMetadataOperation(None, _NO_FLAGS),
            cygrpc.SendStatusFromServerOperation(trailers, code, message.encode(), _NO_FLAGS),
            cygrpc.ReceiveCloseOnServerOperation(_NO_FLAGS),
        ]
        if body is not None:
            operations.append(cygrpc.SendMessageOperation(body, _NO_FLAGS))
        self._call.start_server_batch(operations, _ANSWERED)

    def receive(self) -> None:
        """Ask for the message; it comes as an event with this call as its tag."""
        self._call.start_server_batch((cygrpc.ReceiveMessageOperation(_NO_FLAGS),), self)


Handler = Callable[[UnaryCall, bytes | None], None]
"""Takes a call and its message (None: the sender sent none). Must not raise, nor wait: it runs in the server's thread."""
Overdue = Callable[[UnaryCall], None]
"""Told of a call that has waited too long for its answer; it should give one."""


class UnaryServer:
    """Serves every method by one handler. Bind with `add_port`, then `start`."""

    def __init__(
        self, handler: Handler, overdue: Overdue, answer_within_secs: float, options: Iterable[tuple[str, Any]]
    ) -> None:
        self._handler = handler
        self._overdue = overdue
        self._answer_within_secs = answer_within_secs
        self._waiting: dict[UnaryCall, None] = {}  # in the order of arrival
        self._receiving = 0
        self._lock = threading.Lock()  # the core must not be asked for calls, or destroyed, while it is being shut down
        self._stopping = False
        self._queue = cygrpc.CompletionQueue()
        self._core = cygrpc.Server(tuple(options), False)
        self._core.register_completion_queue(self._queue)
        self._thread = threading.Thread(target=self._serve, name="otlp-grpc", daemon=True)

    def add_port(self, address: str, credentials: grpc.ServerCredentials | None) -> int:
        """Bind; gives the port, 0 for a unix socket's. Raises OSError."""
        arguments = () if credentials is None else (credentials._credentials,)  # type: ignore[attr-defined]  # as grpc.server does
        port = int(self._core.add_http2_port(address.encode(), *arguments))
        if not port:
            raise OSError(f"grpc could not listen on {address}")
        return port

    def start(self) -> None:
        self._core.start()
        self._request_call()
        self._thread.start()

    def stop(self, deadline_secs: float) -> None:
        """After `start`: take no new calls, let those under way finish until the deadline, then cut them off."""
        with self._lock:
            self._stopping = True
            self._core.shutdown(self._queue, _SHUTDOWN)
        self._thread.join(deadline_secs)
        if self._thread.is_alive():
            self._core.cancel_all_calls()
            for call in list(self._waiting):
                self._overdue(call)
            self._thread.join(_ROUND_SECS)

    def gauges(self) -> dict[str, int]:
        """Calls whose message is awaited, and their bound."""
        return {"receiving": self._receiving, "max_receiving": _MAX_RECEIVING}

    def take(self, call: UnaryCall) -> bool:
        """Whether `call` had no answer yet; from now on it has."""
        return self._waiting.pop(call, self) is None

    # The server's thread.

    def _serve(self) -> None:
        looked = time.monotonic()
        while True:
            event = self._queue.poll(time.time() + _ROUND_SECS)
            if event.completion_type != _TIMEOUT and not self._handle(event):
                break
            event = None  # its call must not live until the next one comes
            now = time.monotonic()
            if now - looked > _ROUND_SECS:
                looked = now
                self._look_round(now)
        with self._lock:
            self._core.destroy()

    def _handle(self, event: Any) -> bool:
        """False when the server has ended."""
        tag = event.tag
        if type(tag) is UnaryCall:
            if self._receiving == _MAX_RECEIVING:
                self._request_call()
            self._receiving -= 1
            self._handler(tag, event.batch_operations[0].message())
        elif tag is _REQUEST:
            if event.success:
                self._accept(UnaryCall(self, event))
        elif tag is _SHUTDOWN:
            return False
        return True

    def _accept(self, call: UnaryCall) -> None:
        call.since = time.monotonic()
        self._waiting[call] = None
        call.receive()
        self._receiving += 1
        if self._receiving < _MAX_RECEIVING:
            self._request_call()

    def _request_call(self) -> None:
        with self._lock:
            if not self._stopping:
                self._core.request_call(self._queue, self._queue, _REQUEST)

    def _look_round(self, now: float) -> None:
        for call in list(self._waiting):
            if now - call.since < self._answer_within_secs:
                break
            self._overdue(call)
