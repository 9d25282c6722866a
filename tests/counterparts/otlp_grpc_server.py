"""A gRPC server made from OTLP's official stubs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

Answer = Callable[[Any, grpc.ServicerContext], Any]


class OtlpServicer(logs_service_pb2_grpc.LogsServiceServicer):
    """Answers with `answer(request, context)` and keeps what it saw; `port` is on the loopback."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.metadata: list[dict[str, Any]] = []
        self.peers: list[str] = []
        self.port = 0
        self.answer: Answer = lambda request, context: logs_service_pb2.ExportLogsServiceResponse()

    def Export(self, request: Any, context: grpc.ServicerContext) -> Any:
        """One call."""
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        return self.answer(request, context)


@contextmanager
def otlp_server() -> Iterator[OtlpServicer]:
    """A server that takes everything, until the block ends."""
    servicer = OtlpServicer()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]  # generated
    servicer.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer
    server.stop(0).wait()
