"""Clients that send payloads and wait for the answer, over gRPC or HTTP, one connection each."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import grpc
from isal import igzip

from otlp_wire.answers import is_response

METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
RETRYABLE_GRPC = {
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED,
}  # fmt: skip
RETRYABLE_HTTP = {429, 502, 503, 504}


class Client(Protocol):
    """One connection. `send` returns an empty string on success, else a sentence; `retryable` tells what it means."""

    retryable: bool

    def send(self, body: bytes, domain: str) -> str: ...
    def close(self) -> None: ...


class GrpcClient:
    """OTLP/gRPC, plaintext; the domain goes into the header `x-logboom-domain`."""

    def __init__(self, endpoint: str, gzip: bool, header: str) -> None:
        compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
        self.retryable = False
        self._header = header
        self._channel = grpc.insecure_channel(
            endpoint, options=[("grpc.use_local_subchannel_pool", 1)], compression=compression
        )
        self._call = self._channel.unary_unary(METHOD, request_serializer=None, response_deserializer=None)

    def send(self, body: bytes, domain: str) -> str:
        """One Export call."""
        try:
            self._call(body, timeout=10.0, metadata=((self._header, domain),))
        except grpc.RpcError as error:
            self.retryable = error.code() in RETRYABLE_GRPC
            return f"{error.code().name}: {error.details()}"
        return ""

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()


class HttpClient:
    """OTLP/HTTP with protobuf bodies."""

    def __init__(self, endpoint: str, gzip: bool, header: str) -> None:
        parts = urlsplit(endpoint if "//" in endpoint else f"http://{endpoint}")
        self.retryable = False
        self._gzip = gzip
        self._header = header
        self._path = parts.path if len(parts.path) > 1 else "/v1/logs"
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 4318, timeout=10.0)

    def send(self, body: bytes, domain: str) -> str:
        """One POST; a broken connection is opened again by the next call."""
        headers = {"Content-Type": "application/x-protobuf", self._header: domain}
        if self._gzip:
            body, headers["Content-Encoding"] = igzip.compress(body, 1), "gzip"
        try:
            self._connection.request("POST", self._path, body, headers)
            answer = self._connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self.retryable = True
            return f"{type(error).__name__}: {error}"
        self.retryable = answer.status in RETRYABLE_HTTP
        if answer.status == 200 and said and not said.startswith(b"{") and not is_response(said):
            return f"HTTP 200 with {answer.headers.get('Content-Type')}: not an OTLP server"
        return "" if answer.status == 200 else f"HTTP {answer.status}"

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def send_until_acknowledged(
    client: Client, body: bytes, domain: str, patience_secs: float, refused: Callable[[str], None] = lambda _: None
) -> str:
    """Send; on a retryable answer wait a little and send the same bytes again. Returns the last problem, or "".

    `refused` hears of each answer after which it is sent again.
    """
    deadline = time.monotonic() + patience_secs
    pause = 0.05
    while True:
        problem = client.send(body, domain)
        if not problem or not client.retryable or time.monotonic() > deadline:
            return problem
        refused(problem)
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        pause = min(pause * 2, 2.0)
