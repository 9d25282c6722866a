"""The SDK's side: one meter provider, read by Prometheus over `/metrics` and, if asked for, pushed over OTLP."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_client import REGISTRY, generate_latest

from collector.telemetry.endpoints import Answer
from collector.telemetry.metrics import Snapshots, register

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def make_provider(
    snapshots: Snapshots, push: Mapping[str, float] | None = None, attributes: Mapping[str, str] | None = None
) -> MeterProvider:
    """A provider whose instruments read `snapshots`.

    Args:
        push: OTLP/HTTP metrics URL → interval in seconds.
        attributes: resource attributes on top of `service.name` and `service.version`.
    """
    readers: list[MetricReader] = [PrometheusMetricReader()]
    for url, interval in (push or {}).items():
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        readers.append(
            PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=url), export_interval_millis=interval * 1000)
        )
    resource = Resource.create({"service.name": "logboom", "service.version": version("logboom"), **(attributes or {})})
    provider = MeterProvider(readers, resource=resource)
    register(provider.get_meter("logboom", version("logboom")), snapshots)
    return provider


def prometheus_answer() -> Answer:
    """The text of `/metrics`."""
    return 200, PROMETHEUS_TEXT, generate_latest(REGISTRY).decode()
