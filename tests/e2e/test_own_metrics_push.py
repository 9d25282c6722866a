"""Own metrics pushed over OTLP: they arrive with the headers asked for, and a dead destination delays no end."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from collector.cli.traffic.client import GrpcClient
from collector.testing.service import Service, free_ports
from counterparts.numbered import HEADER, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


class MetricsServer(ThreadingHTTPServer):
    """Takes OTLP/HTTP metrics: the last value of each name, and the headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.values: dict[str, float] = {}
        self.resource: dict[str, str] = {}
        self.seen: set[tuple[str, str]] = set()


class _Handler(BaseHTTPRequestHandler):
    server: MetricsServer

    def do_POST(self) -> None:
        """One push."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            self.server.resource = {a.key: a.value.string_value for a in resource.resource.attributes}
            for metric in resource.scope_metrics[0].metrics:
                points = metric.sum.data_points or metric.gauge.data_points
                self.server.values[metric.name] = sum(point.as_int or point.as_double for point in points)
        self.server.seen.add((self.path, self.headers.get("x-tenant", "")))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    """A listening server."""
    with MetricsServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def pushing_to(folder: Path, port: int) -> Service:
    """A service that pushes several times a second, and has no `/metrics`."""
    push = {
        "interval": 200,
        "exporter": {"otlp": {"endpoint": f"http://127.0.0.1:{port}", "protocol": "http/protobuf",
                              "compression": "gzip", "headers": [{"name": "X-Tenant", "value": "ours"}]}},
    }  # fmt: skip
    telemetry = {"resource": {"deployment.environment.name": "test"}, "metrics": {"readers": [{"periodic": push}]}}
    return Service(folder, json.dumps({"service": {"telemetry": telemetry}}))


def test_numbers_arrive(tmp_path: Path, server: MetricsServer) -> None:
    """Counts, the resource, the path and the headers."""
    with pushing_to(tmp_path, server.server_port) as service:
        client = GrpcClient(f"127.0.0.1:{service.grpc}", False, HEADER)
        assert client.send(request(range(25), "pushed"), "tamyla.com") == ""
        client.close()
        deadline = time.monotonic() + 30
        while server.values.get("otelcol_exporter_sent_log_records") != 25:
            assert time.monotonic() < deadline, server.values
            time.sleep(0.05)
        assert server.values["otelcol_receiver_accepted_log_records"] == 25
        assert server.seen == {("/v1/metrics", "ours")}
        assert server.resource["service.name"] == "logboom"
        assert server.resource["deployment.environment.name"] == "test"
        assert service.terminate() == 0


def test_a_destination_that_is_gone_delays_no_end(tmp_path: Path) -> None:
    """Nobody listens there: the service works, and SIGTERM ends it with 0."""
    with pushing_to(tmp_path, free_ports(1)[0]) as service:
        client = GrpcClient(f"127.0.0.1:{service.grpc}", False, HEADER)
        assert client.send(request(range(5), "pushed"), "tamyla.com") == ""
        client.close()
        service.await_stored(5)
        assert service.terminate(30) == 0
