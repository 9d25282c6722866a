"""Bare pipelines of traces and metrics beside logs: what SDKs send arrives as they sent it, once, whatever is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from collector.testing.service import Service
from counterparts.http_service import Handler, HttpService
from counterparts.on_thread import on_thread

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
CONFIG = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"}}
processors: {{batch: }}
exporters: {{otlp_http: {{endpoint: "BACKEND", compression: none, retry_on_failure: {{initial_interval: 100ms}}}}, sqlite: }}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  ledger: {{partitions: 1}}
  pipelines:
    traces: {{receivers: [otlp], processors: [batch], exporters: [otlp_http]}}
    metrics: {{receivers: [otlp], exporters: [otlp_http]}}
    logs: {{receivers: [otlp], exporters: [sqlite]}}
"""


class Backend(HttpService):
    """Keeps what comes for each signal; while it is `away`, it says so."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[str] = []
        self.points: list[tuple[str, int]] = []
        self.away = False

    def routes(self) -> Iterator[tuple[str, Handler]]:
        yield "/v1/traces", self._traces
        yield "/v1/metrics", self._metrics

    async def _traces(self, request: web.Request) -> web.Response:
        if self.away:
            return web.Response(status=503)
        found = ExportTraceServiceRequest.FromString(await request.read())
        self.spans += [
            span.name for group in found.resource_spans for scope in group.scope_spans for span in scope.spans
        ]
        return web.Response(content_type="application/x-protobuf")

    async def _metrics(self, request: web.Request) -> web.Response:
        if self.away:
            return web.Response(status=503)
        found = ExportMetricsServiceRequest.FromString(await request.read())
        metrics = [each for group in found.resource_metrics for scope in group.scope_metrics for each in scope.metrics]
        self.points += [(each.name, point.as_int) for each in metrics for point in each.sum.data_points]
        return web.Response(content_type="application/x-protobuf")


def spans(exporter: SpanExporter, names: range) -> None:
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for number in names:
        provider.get_tracer("shop").start_span(f"span {number}").end()
    provider.shutdown()


def orders(endpoint: str, number: int) -> None:
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint), export_interval_millis=1e9)
    provider = MeterProvider([reader])
    provider.get_meter("shop").create_counter("orders").add(number)
    provider.shutdown()


def await_arrival(backend: Backend, expected: int) -> None:
    deadline = time.monotonic() + 120
    while len(backend.spans) < expected or not backend.points:
        assert time.monotonic() < deadline, (len(backend.spans), backend.points)
        time.sleep(0.05)


def test_spans_and_points_arrive_once_over_a_kill(tmp_path: Path) -> None:
    """Acknowledged while the backend is away, then everything is killed: they are on disk, and each signal has a queue of its own."""
    with on_thread(Backend()) as backend:
        service = Service(tmp_path, config=CONFIG.replace("BACKEND", backend.url))
        with service:
            backend.away = True
            spans(OTLPSpanExporter(f"http://127.0.0.1:{service.http}/v1/traces"), range(20))
            spans(GrpcSpanExporter(f"http://127.0.0.1:{service.grpc}", insecure=True), range(20, 40))
            orders(f"http://127.0.0.1:{service.http}/v1/metrics", 42)
        backend.away = False
        with service:
            await_arrival(backend, 40)
            counted = service.get("/metrics", service.metrics)[1]
        assert sorted(backend.spans) == sorted(f"span {number}" for number in range(40))
        assert backend.points == [("orders", 42)]
        assert 'exporter="traces:otlp_http"' in counted
        assert 'exporter="metrics:otlp_http"' in counted
