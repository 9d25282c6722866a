"""Own metrics pushed at an interval, as `service.telemetry.metrics.readers` asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader

from collector.settings.telemetry import OtlpPush, PeriodicReader

HTTP_PATH = "/v1/metrics"


def push_reader(options: PeriodicReader) -> PeriodicExportingMetricReader:
    """The SDK's reader for one entry of the configuration."""
    exporter = ConsoleMetricExporter() if options.exporter.otlp is None else _otlp(options.exporter.otlp)
    return PeriodicExportingMetricReader(
        exporter, export_interval_millis=options.interval * 1000, export_timeout_millis=options.timeout * 1000
    )


def _otlp(options: OtlpPush) -> MetricExporter:
    common: dict[str, Any] = {"headers": headers(options), "timeout": options.timeout}
    if options.protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpExporter

        return HttpExporter(
            endpoint=http_url(options.endpoint),
            certificate_file=options.certificate,
            client_key_file=options.client_key,
            client_certificate_file=options.client_certificate,
            compression=Compression.Gzip if options.compression == "gzip" else Compression.NoCompression,
            **common,
        )
    import grpc
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcExporter

    insecure = options.insecure or options.endpoint.startswith("http://")
    return GrpcExporter(
        endpoint=options.endpoint,
        insecure=insecure,
        credentials=None if insecure else _credentials(options),
        compression=grpc.Compression.Gzip if options.compression == "gzip" else grpc.Compression.NoCompression,
        **common,
    )


def http_url(endpoint: str) -> str:
    """A URL without a path means OTLP's own path."""
    return endpoint.rstrip("/") + HTTP_PATH if urlsplit(endpoint).path in ("", "/") else endpoint


def headers(options: OtlpPush) -> dict[str, str]:
    """`headers_list` (`name=value,…`) under `headers`, names in lower case as gRPC wants them."""
    listed = (pair.partition("=") for pair in (options.headers_list or "").split(",") if "=" in pair)
    found = {name.strip(): value.strip() for name, _, value in listed}
    if isinstance(options.headers, dict):
        found |= options.headers
    else:
        found |= {header.name: header.value or "" for header in options.headers}
    return {name.lower(): value for name, value in found.items()}


def _credentials(options: OtlpPush) -> Any:
    import grpc

    def content(path: str | None) -> bytes | None:
        return None if path is None else Path(path).read_bytes()

    return grpc.ssl_channel_credentials(
        content(options.certificate), content(options.client_key), content(options.client_certificate)
    )
