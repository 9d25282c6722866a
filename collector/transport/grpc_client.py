"""The gRPC client of exporters: raw messages, otelcol's client options, awaitable from asyncio.

The channel is the sync one: its calls cost about as much CPU as grpc.aio's (150 and 130 µs), and only it can send
messages that are compressed already (`precompressed`), which saves six times as much.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from collector.component import ClientAuthenticator
from collector.transport.compression import compressor
from collector.transport.grpc_client_config import GrpcClientConfig
from collector.transport.headers import revealed, with_credentials, without_credentials
from collector.transport.precompressed import ENCODING, precompressed
from collector.transport.tls import Renewed, TlsClientConfig, grpc_client_credentials
from collector.transport.user_agent import USER_AGENT


@dataclass(frozen=True, slots=True)
class GrpcAnswer:
    """What came back: `code` is the number of the gRPC status; `details` the `grpc-status-details-bin` trailer."""

    code: int
    message: str = ""
    body: bytes = b""
    details: bytes = b""


class GrpcClient:
    """One channel and one unary method. `start` and `close` on the event loop; `compressed` on any thread."""

    def __init__(
        self,
        config: GrpcClientConfig,
        method: str,
        timeout_secs: float,
        authenticator: ClientAuthenticator | None = None,
    ) -> None:
        self._config = config
        self._authenticator = authenticator
        self._method = method
        self._timeout = timeout_secs or None
        self._metadata = {name.lower(): value for name, value in revealed(config.headers).items()}
        self._gzip = config.compression not in ("", "none")
        self._compress = compressor("")
        self._connection: Renewed[tuple[grpc.Channel, Any]] | None = None

    async def start(self) -> None:
        """Make the channel; it connects with the first request. Raises OSError or ValueError for unusable TLS."""
        tls = self._config.tls
        if self._config.secure and tls.insecure:  # https:// in the endpoint
            tls = TlsClientConfig.model_validate({**tls.model_dump(), "insecure": False})
        self._connection = Renewed(tls, lambda: self._connected(tls), tls.reload_interval or math.inf)

    def _connected(self, tls: TlsClientConfig) -> tuple[grpc.Channel, Any]:
        """A channel, and its method. One that is left when files have changed ends with its last call."""
        credentials = grpc_client_credentials(tls)
        target, options = self._config.target, _options(self._config)
        if credentials is None:
            channel = grpc.insecure_channel(target, options)
        else:
            channel = grpc.secure_channel(target, credentials, options)
        return channel, self._callable(channel)

    def _callable(self, channel: grpc.Channel) -> Any:
        if self._gzip and (call := precompressed(channel, self._method)) is not None:
            self._compress = compressor("gzip")
            self._metadata |= dict((ENCODING,))
            return call
        raw = channel.unary_unary(self._method, None, None)
        algorithm = grpc.Compression.Gzip if self._gzip else grpc.Compression.NoCompression
        return lambda body, **options: raw.future(body, compression=algorithm, **options)

    def compressed(self, body: bytes) -> bytes:
        """The message as `send` takes it."""
        return self._compress(body)

    async def send(self, message: bytes, headers: Mapping[str, str] | None = None) -> GrpcAnswer:
        """One call, with further metadata. Every status is an answer; cancelling the task cancels the call."""
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        sent = await with_credentials({**self._metadata, **(headers or {})}, self._authenticator)
        metadata = [(name.lower(), value) for name, value in sent.items()]
        assert self._connection is not None, "not started"
        _, method = self._connection.current()
        call = method(
            message,
            timeout=self._timeout,
            metadata=metadata,
            wait_for_ready=self._config.wait_for_ready,
        )
        call.add_done_callback(lambda _: _wake(loop, done))
        try:
            await done.wait()
        except asyncio.CancelledError:
            call.cancel()
            raise
        return _answer(call, metadata)

    async def close(self) -> None:
        """Close the channel; calls under way are cancelled."""
        if self._connection is not None:
            self._connection.value[0].close()
            self._connection = None


def _wake(loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
    """From grpc's thread, also when the loop has ended meanwhile."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(done.set)


def _answer(call: Any, metadata: Sequence[tuple[str, str]]) -> GrpcAnswer:
    code: grpc.StatusCode = call.code()
    number = code.value[0]
    if number == 0:
        return GrpcAnswer(0, body=call.result() or b"")
    trailers = dict(call.trailing_metadata() or ())
    details = trailers.get("grpc-status-details-bin", b"")
    message = without_credentials((call.details() or "").encode(errors="replace"), metadata).decode()
    return GrpcAnswer(number, message, details=details if isinstance(details, bytes) else b"")


def _options(config: GrpcClientConfig) -> list[tuple[str, Any]]:
    options: list[tuple[str, Any]] = [
        ("grpc.primary_user_agent", config.user_agent or USER_AGENT),
        ("grpc.lb_policy_name", config.balancer_name),
        ("grpc.enable_retries", 0),  # delivery repeats
        ("grpc.use_local_subchannel_pool", 1),  # exporters to one address do not share a connection
        ("grpc.max_send_message_length", -1),
        ("grpc.initial_reconnect_backoff_ms", 1000),
        ("grpc.max_reconnect_backoff_ms", 10_000),  # grpc's 2 minutes would outlast our own back-off
    ]
    if config.authority:
        options.append(("grpc.default_authority", config.authority))
    if config.tls.server_name_override:
        options.append(("grpc.ssl_target_name_override", config.tls.server_name_override))
    if config.keepalive is not None and config.keepalive.enabled:
        options += [
            ("grpc.keepalive_time_ms", int(max(config.keepalive.time, 10.0) * 1000)),
            ("grpc.keepalive_timeout_ms", int(config.keepalive.timeout * 1000)),
            ("grpc.keepalive_permit_without_calls", int(config.keepalive.permit_without_stream)),
        ]
    return options
