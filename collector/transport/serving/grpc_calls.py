"""Unary calls as events: grpc's C core, one thread, and no thread a call.

`grpc.server` hands every call to a pool and wakes two threads three times for it; that is most of what a small request
costs. Here one thread takes the core's events, and whoever has the answer sends it:

    request_call ──► call ──► admit(call) ──► its message ──► handler(call) … call.answer(…) from any thread ──► sent

Whom `admit` does not let in is answered at once; of such a call no message is read.

A call whose message is not here yet takes a place (`budget.py`): one that comes always gets a place, and where there are
too many, the one that keeps us waiting for the longest is told to come again. So a call whose message is here is served at
once, whoever else sends none. Places stand for bytes: the core does not say how much of a message has arrived.

The core (HTTP/2, TLS, limits, keepalive, compression) is the same. Its Python face, `grpc._cython.cygrpc`, is what
`grpc.server` itself stands on; it is not public, so the version of grpcio is bounded and the tests pin what is used.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # compiled, unknown to the stubs

from collector.transport.accepted import Peer, normal_peer
from collector.transport.budget import Budget
from collector.transport.client_certificate import ClientCertificate
from collector.transport.serving.grpc_connections import SPAN_SECS, GrpcConnections

_log = logging.getLogger(__name__)
_ROUND_SECS = 1.0
_CROWDED_ROUND_SECS = 0.25
_NO_FLAGS = 0
_TIMEOUT = cygrpc.CompletionType.queue_timeout
_REQUEST, _ANSWERED, _SHUTDOWN = "request", "answered", "shutdown"

Trailers = Sequence[tuple[str, bytes]]


class UnaryCall:
    """One call: the facts of its request, and one answer."""

    __slots__ = ("_call", "_connection", "_details", "_server", "admitted", "heard", "message_came", "metadata")

    def __init__(self, server: UnaryServer, event: Any) -> None:
        self._server = server
        self._call = event.call
        self._details = event.call_details
        self._connection: Peer | None = None
        self.metadata: Iterable[tuple[str, str | bytes]] = event.invocation_metadata
        self.heard = time.monotonic()
        self.message_came = False
        self.admitted: Any = None
        """What `admit` found out, for the handler."""

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

    @property
    def connection(self) -> Peer:
        """The other side: address and port; both empty for a unix socket."""
        if self._connection is None:
            self._connection = _peer_of(self._call.peer())
        return self._connection

    @property
    def peer(self) -> str:
        """The other side's address; empty for a unix socket."""
        return self.connection[0]

    def certificate(self) -> ClientCertificate | None:
        """What the client showed."""
        found = cygrpc.auth_context(self._call) or {}
        return ClientCertificate.of_call(found) if b"x509_pem_cert" in found else None

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


@lru_cache(4096)
def _peer_of(name: bytes) -> Peer:
    """From the core's name of the other side: ipv4:…, ipv6:%5B::1%5D:…, unix:"""
    kind, _, rest = name.decode("ascii", "replace").partition(":")
    address, _, port = unquote(rest).rpartition(":") if kind != "unix" else ("", "", "")
    return normal_peer(address.strip("[]"), int(port) if port.isdigit() else 0)


Handler = Callable[[UnaryCall, bytes | None], None]
"""Takes a call and its message (None: the sender sent none). Must not raise, nor wait: it runs in the server's thread."""
Admit = Callable[[UnaryCall], bool]
"""Told of a call before its message is read. False: it was answered. Must not raise, nor wait."""
Overdue = Callable[[UnaryCall], None]
"""Told of a call that has waited too long for its answer; it should give one."""


class UnaryServer:
    """Serves every method by one handler. Bind with `add_port`, then `start`.

    Args:
        overdue: ends a call without an answer of its handler: it had none in time, or had to make room.
        admit: lets a call in, or answers it.
        max_receiving: calls that wait for their messages at once.
        min_receive_rate: bytes a second that the connection of such a call must bring; 0 = none.
    """

    def __init__(
        self,
        handler: Handler,
        overdue: Overdue,
        answer_within_secs: float,
        options: Iterable[tuple[str, Any]],
        *,
        admit: Admit = lambda _: True,
        max_receiving: int = 64,
        min_receive_rate: int = 0,
    ) -> None:
        self._handler = handler
        self._overdue = overdue
        self._admit = admit
        self._answer_within_secs = answer_within_secs
        self._min_receive_rate = min_receive_rate
        self._waiting: dict[UnaryCall, None] = {}  # in the order of arrival
        self._places = Budget("gRPC calls without their messages", max_receiving, self._make_room)
        self._connections: GrpcConnections | None = None
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

    def watch_connections(self, port: int, most: int, share: int) -> None:
        """Before `start`: close idle connections on `port` before the core refuses those beyond `most`."""
        self._connections = GrpcConnections(
            port, most, share, lambda: {call.connection for call in list(self._waiting)}
        )

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
        """What is in use of what is bounded; read from any thread."""
        found = {
            "calls_receiving": self._places.used, "max_calls_receiving": self._places.total,
            "calls_cut": self._places.cuts,
        }  # fmt: skip
        if self._connections is not None:
            budget = self._connections.budget
            found |= {
                "connections": budget.used, "max_connections": self._connections.most, "connections_cut": budget.cuts,
            }  # fmt: skip
        return found

    def take(self, call: UnaryCall) -> bool:
        """Whether `call` had no answer yet; from now on it has."""
        return self._waiting.pop(call, self) is None

    # The server's thread.

    def _serve(self) -> None:
        poll, clock = self._queue.poll, time.monotonic
        round_secs = self._round_secs()
        looked = clock()
        while True:
            event = poll(time.time() + round_secs)
            if event.completion_type != _TIMEOUT and not self._handle(event):
                break
            event = None  # its call must not live until the next one comes
            if (now := clock()) - looked > round_secs:
                self._look_round(now)
                looked, round_secs = clock(), self._round_secs()
        with self._lock:
            self._core.destroy()

    def _handle(self, event: Any) -> bool:
        """False when the server has ended."""
        tag = event.tag
        if type(tag) is UnaryCall:
            self._places.release(tag)
            tag.message_came = True
            if tag in self._waiting:
                self._handler(tag, event.batch_operations[0].message())
        elif tag is _REQUEST:
            if event.success:
                self._accept(UnaryCall(self, event))
        elif tag is _SHUTDOWN:
            return False
        return True

    def _accept(self, call: UnaryCall) -> None:
        self._waiting[call] = None
        if self._admit(call):
            call.receive()
            self._places.hold(call, 1)
        self._request_call()

    def _make_room(self, call: UnaryCall) -> bool:
        self._overdue(call)
        return True

    def _request_call(self) -> None:
        with self._lock:
            if not self._stopping:
                self._core.request_call(self._queue, self._queue, _REQUEST)

    def _round_secs(self) -> float:
        return _CROWDED_ROUND_SECS if self._connections is not None and self._connections.crowded else _ROUND_SECS

    def _look_round(self, now: float) -> None:
        for call in list(self._waiting):
            if now - call.heard < self._answer_within_secs:
                break
            self._overdue(call)
        if self._connections is not None and self._connections.look(thoroughly=bool(self._places.used)):
            slow = self._connections.slow(self._min_receive_rate)
            for call in self._places if slow else ():
                if now - call.heard >= SPAN_SECS and call.connection in slow:
                    self._overdue(call)
