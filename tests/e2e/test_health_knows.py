"""Health tells the truth: a door that does not serve, and a destination that does not answer."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.testing.payloads import payload
from collector.testing.service import Service, free_ports

PROBES = "extensions: {health_check: {probe: {interval: 200ms, timeout: 1s, failures: 2}, max_queue_age: 1s}}"
SILENT = """
exporters: {{otlp_http: {{endpoint: "http://127.0.0.1:{port}", timeout: 120s}}}}
service: {{pipelines: {{logs: {{receivers: [otlp], processors: [categorize], exporters: [otlp_http]}}}}}}
"""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def eventually(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_that_stands_still(tmp_path: Path) -> None:
    """Its listeners accept, the system does that, and answer nobody: 503 with the reason; well again when it goes on. The
    probes leave nothing behind."""
    with Service(tmp_path, PROBES) as service:
        ingest = service.child("ingest")
        ingest.suspend()
        eventually(lambda: service.get("/ready")[0] == 503)
        told = service.health_body()
        ingest.resume()
        eventually(lambda: service.get("/ready")[0] == 200)
        time.sleep(1.0)
        assert any(reason.startswith(("otlp http does not serve", "ingest 0 is being")) for reason in told["degraded"])
        assert service.stored() == 0
        metrics = service.get("/metrics", service.metrics)[1]
        assert 'logboom_listener_probe_failures{listener="otlp grpc"' in metrics
        counted = [line for line in metrics.splitlines() if line.startswith("logboom_records_total{")]
        assert all('domain="logboom"' in line for line in counted)  # what the service says of itself, nothing else


def test_a_destination_that_never_answers(tmp_path: Path) -> None:
    """It accepts connections and says nothing: the exporter is late, and that is told once."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Service(tmp_path, PROBES, SILENT.format(port=silent.getsockname()[1])) as service,
    ):
        _send(service.http, 3)
        eventually(lambda: "exporter otlp_http is late" in str(service.health_body()))
        eventually(lambda: "exporter_late begins" in service.log.read_text())
        assert service.get("/ready")[0] == 200
        assert service.log.read_text().count("exporter_late begins") == 1


def test_zpages_show_what_runs(tmp_path: Path) -> None:
    """On loopback, whatever address is written; numbers are those of now."""
    [port] = free_ports(1)
    listens = f"extensions: {{zpages: {{endpoint: '0.0.0.0:{port}'}}}}"
    with Service(tmp_path, listens, "service: {extensions: [health_check, zpages]}") as service:
        _send(service.http, 3)
        row = "<td>otlp</td><td>categorize, triage</td><td>sqlite</td><td>3</td>"
        eventually(lambda: row in service.get("/debug/pipelinez", port)[1])
        assert service.get("/debug/servicez", port)[0] == 200


def _send(port: int, records: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/v1/logs", payload(records), {"Content-Type": "application/x-protobuf"})
    assert connection.getresponse().status == 200
    connection.close()
