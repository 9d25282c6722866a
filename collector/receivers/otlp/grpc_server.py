"""The gRPC listener: grpc's sync server with a thread for each call under way.

Sync and not `grpc.aio`: 328 µs against 431-507 µs a request at 20 records, and only sync shows `:authority`. Threads
wait for the group commit; the journal's writer never waits for them.
"""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor

import grpc

from collector.receivers.otlp.door import Door
from collector.receivers.otlp.grpc_service import LogsService
from collector.transport.endpoint import Endpoint, UnixSocketPath, check_free, resolved
from collector.transport.grpc_server_config import GrpcServerConfig, channel_options
from collector.transport.tls import grpc_server_credentials

_THREADS = 64


class GrpcListener:
    """Serves one `grpc:` block. Calls beyond 64 wait in grpc, bounded by `max_concurrent_streams` a connection."""

    def __init__(self, config: GrpcServerConfig) -> None:
        self._config = config
        self._server: grpc.Server | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._path: UnixSocketPath | None = None

    def start(self, door: Door, share_port: bool) -> str:
        """Bind and serve; gives the address bound. Raises OSError (address, files), ValueError (options)."""
        endpoint = resolved(Endpoint.parse(self._config.endpoint, self._config.transport), self._config.transport)
        if not share_port:
            check_free(endpoint)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="otlp-grpc")
        server = grpc.server(self._threads, options=channel_options(self._config, share_port))
        server.add_generic_rpc_handlers((LogsService(door),))
        bound = self._bind(server, endpoint)
        server.start()
        self._server = server
        return bound

    def shutdown(self, deadline_secs: float) -> None:
        """Stop listening, let calls finish until the deadline, then cut them off."""
        if self._server is not None:
            self._server.stop(deadline_secs).wait()
            self._server = None
        if self._path is not None:
            self._path.withdraw()
            self._path = None
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    def _bind(self, server: grpc.Server, endpoint: Endpoint) -> str:
        if not endpoint.path:
            return str(Endpoint(endpoint.host, self._add_port(server, endpoint)))
        self._path = UnixSocketPath(endpoint.path)
        self._add_port(server, Endpoint(path=self._path.private))
        self._path.publish()
        return str(endpoint)

    def _add_port(self, server: grpc.Server, endpoint: Endpoint) -> int:
        try:
            if self._config.tls is None:
                return server.add_insecure_port(str(endpoint))
            return server.add_secure_port(str(endpoint), grpc_server_credentials(self._config.tls))
        except (RuntimeError, ssl.SSLError) as error:
            raise OSError(f"grpc could not listen on {endpoint}: {error}") from None
