"""A gRPC destination: takes Export calls, counts their records, and tells the count. `python sink.py PORT`."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

total = 0
_counting = Lock()


class Handler(grpc.GenericRpcHandler):
    """Raw bytes in, empty answers out."""

    def service(self, details: Any) -> Any:
        """Route the two methods."""
        return grpc.unary_unary_rpc_method_handler(count if details.method == "/bench/Count" else export)


def export(body: bytes, _context: Any) -> bytes:
    """Count an Export request's records."""
    global total
    request = ExportLogsServiceRequest.FromString(body)
    records = sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)
    with _counting:  # several threads do this
        total += records
    return b""


def count(_body: bytes, _context: Any) -> bytes:
    """The records so far, as decimal text."""
    return str(total).encode()


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", 64 << 20)])
    server.add_generic_rpc_handlers((Handler(),))
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    server.wait_for_termination()
