"""A logboom that sends its own traces to itself: they arrive, say nothing of records, and make no more of themselves."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.testing.service import Service
from counterparts.http_service import Handler, HttpService
from counterparts.on_thread import on_thread

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
CONFIG = """
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}, http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
processors: {{categorize: }}
exporters: {{sqlite: , otlp_http: {{endpoint: "BACKEND", compression: none}}}}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry:
    metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}
    traces:
      sampler: {{always_on: }}
      processors: [{{batch: {{schedule_delay: 100, exporter: {{otlp: {{protocol: http/protobuf, endpoint: "http://127.0.0.1:{http}"}}}}}}}}]
  ledger: {{partitions: 1}}
  pipelines:
    logs: {{receivers: [otlp], processors: [categorize], exporters: [sqlite]}}
    traces: {{receivers: [otlp], exporters: [otlp_http]}}
"""


class Backend(HttpService):
    """Keeps what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[bytes] = []

    def routes(self) -> Iterator[tuple[str, Handler]]:
        yield "/v1/traces", self._traces

    async def _traces(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        return web.Response(content_type="application/x-protobuf")

    def spans(self) -> Iterator[Span]:
        for body in tuple(self.bodies):
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in group.scope_spans:
                    yield from scope.spans


def send(service: Service, *bodies: str) -> None:
    records = [{"timeUnixNano": str(time.time_ns()), "body": {"stringValue": body}} for body in bodies]
    request = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/v1/logs", request, {"content-type": "application/json"}
    )
    urllib.request.urlopen(asked, timeout=60).close()


def test_it_sends_its_own_traces_to_itself(tmp_path: Path) -> None:
    """Over its own receiver and a bare pipeline to a backend, which sees them all."""
    wanted = {"step", "deliver", "decode", "processor categorize", "commit", "encode", "send"}
    with on_thread(Backend()) as backend, Service(tmp_path, config=CONFIG.replace("BACKEND", backend.url)) as service:
        send(service, *(f"s3cret {number}" for number in range(100)))
        deadline = time.monotonic() + 120
        while not wanted <= {span.name for span in backend.spans()}:
            assert time.monotonic() < deadline, {span.name for span in backend.spans()}
            time.sleep(0.1)
        found = list(backend.spans())
    said = [(each.key, each.value.string_value) for span in found for each in span.attributes]
    assert {text for name, text in said if name in ("logboom.pipeline", "logboom.exporter")} == {"logs", "sqlite"}
    assert {name for name, _ in said} == {
        "logboom.pipeline", "logboom.partition", "logboom.entries", "logboom.records", "logboom.exporter", "logboom.bytes",
    }  # fmt: skip
    assert not any(b"s3cret" in body for body in backend.bodies)
