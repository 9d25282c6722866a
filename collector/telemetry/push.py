"""Own metrics pushed at an interval, as `service.telemetry.metrics.readers` asks."""

from __future__ import annotations

from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader

from collector.settings.telemetry import OtlpPush, PeriodicReader
from collector.telemetry.otlp_exporters import over_grpc, over_http

HTTP_PATH = "/v1/metrics"


def push_reader(options: PeriodicReader) -> PeriodicExportingMetricReader:
    """The SDK's reader for one entry of the configuration."""
    exporter = ConsoleMetricExporter() if options.exporter.otlp is None else _otlp(options.exporter.otlp)
    return PeriodicExportingMetricReader(
        exporter, export_interval_millis=options.interval * 1000, export_timeout_millis=options.timeout * 1000
    )


def _otlp(options: OtlpPush) -> MetricExporter:
    if options.protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpExporter

        sent: MetricExporter = over_http(options, HTTP_PATH, HttpExporter)
        return sent
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcExporter

    called: MetricExporter = over_grpc(options, GrpcExporter)
    return called
