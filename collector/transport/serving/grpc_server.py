"""The gRPC listener: one `grpc:` block of the configuration, bound and served."""

from __future__ import annotations

import ssl
from typing import Protocol

from collector.transport.descriptors import connection_bounds
from collector.transport.endpoint import Endpoint, UnixSocketPath, check_free, resolved
from collector.transport.grpc_server_config import GrpcServerConfig, channel_options, max_message_bytes
from collector.transport.serving.grpc_calls import UnaryCall, UnaryServer
from collector.transport.tls import grpc_server_credentials

_ANSWER_WITHIN_SECS = 30.0
_ARRIVING_BYTES = 256 << 20


class GrpcService(Protocol):
    """What answers the calls of a listener; all are called on the listener's thread."""

    def admit(self, call: UnaryCall) -> bool:
        """A call whose message is not read yet. False: it was answered."""
        ...

    def handle(self, call: UnaryCall, body: bytes | None) -> None:
        """A call with its message (None: it could not be read); answers it now or later."""
        ...

    def overdue(self, call: UnaryCall) -> None:
        """A call that was not answered, or whose message did not come, in time."""
        ...


class GrpcListener:
    """Serves one `grpc:` block.

    Calls under way are bounded by `max_concurrent_streams` a connection, and by the bytes that admission holds; those whose
    message is awaited by places, so that all of their messages together are at most 256 MiB.
    """

    def __init__(self, config: GrpcServerConfig) -> None:
        self._config = config
        self._server: UnaryServer | None = None
        self._path: UnixSocketPath | None = None

    def start(self, service: GrpcService, share_port: bool) -> str:
        """Bind and serve; gives the address bound. Raises OSError (address, files), ValueError (options)."""
        endpoint = resolved(Endpoint.parse(self._config.endpoint, self._config.transport), self._config.transport)
        if not share_port:
            check_free(endpoint)
        options = channel_options(self._config, share_port)
        server = UnaryServer(
            service.handle, service.overdue, _ANSWER_WITHIN_SECS, options,
            admit=service.admit, max_receiving=_places(self._config), min_receive_rate=self._config.min_receive_rate,
        )  # fmt: skip
        bound = self._bind(server, endpoint)
        server.start()
        self._server = server
        return bound

    def leave(self, patience_secs: float) -> None:
        """Stop listening, tell who is connected to go (GOAWAY), and answer the calls under way."""
        self.shutdown(patience_secs)

    def shutdown(self, deadline_secs: float) -> None:
        """Stop listening, let calls finish until the deadline, then cut them off."""
        if self._server is not None:
            self._server.stop(deadline_secs)
            self._server = None
        if self._path is not None:
            self._path.withdraw()
            self._path = None

    def gauges(self) -> dict[str, int]:
        """What is in use of what is bounded; read from any thread."""
        return self._server.gauges() if self._server is not None else {}

    def _bind(self, server: UnaryServer, endpoint: Endpoint) -> str:
        if not endpoint.path:
            port = self._add_port(server, endpoint)
            bounds = connection_bounds(self._config.max_connections, self._config.max_connections_per_peer)
            server.watch_connections(port, *bounds)
            return str(Endpoint(endpoint.host, port))
        self._path = UnixSocketPath(endpoint.path)
        self._add_port(server, Endpoint(path=self._path.private))
        self._path.publish()
        return str(endpoint)

    def _add_port(self, server: UnaryServer, endpoint: Endpoint) -> int:
        try:
            if self._config.tls is None:
                return server.add_port(str(endpoint), None)
            return server.add_port(str(endpoint), grpc_server_credentials(self._config.tls))
        except (RuntimeError, ssl.SSLError) as error:
            raise OSError(f"grpc could not listen on {endpoint}: {error}") from None


def _places(config: GrpcServerConfig) -> int:
    """For calls whose message is awaited: each may be as large as the limit, which the core reads ahead."""
    return max(4, min(64, _ARRIVING_BYTES // max_message_bytes(config)))
