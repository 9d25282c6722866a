"""The SDK's side: one meter provider, read by Prometheus over `/metrics` and, if asked for, pushed over OTLP."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_client import REGISTRY, generate_latest

from collector.settings.telemetry import PeriodicReader
from collector.telemetry.endpoints import Answer
from collector.telemetry.metrics import register
from collector.telemetry.push import push_reader
from collector.telemetry.snapshot import Snapshots

LAST_PUSH_SECS = 3
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def make_provider(
    snapshots: Snapshots, push: Sequence[PeriodicReader] = (), attributes: Mapping[str, str] | None = None
) -> MeterProvider:
    """A provider whose instruments read `snapshots`; end it with `shutdown`.

    Args:
        push: where else to send the metrics, and how often.
        attributes: resource attributes on top of `service.name` and `service.version`.
    """
    readers: list[MetricReader] = [PrometheusMetricReader(), *map(push_reader, push)]
    resource = Resource.create({"service.name": "logboom", "service.version": version("logboom"), **(attributes or {})})
    provider = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
    register(provider.get_meter("logboom", version("logboom")), snapshots)
    return provider


def shutdown(provider: MeterProvider) -> None:
    """Push the last numbers, and end. A destination that does not answer delays the end by a few seconds at most."""
    with contextlib.suppress(Exception):  # the SDK tells in its own log
        provider.shutdown(timeout_millis=LAST_PUSH_SECS * 1000)


def prometheus_answer() -> Answer:
    """The text of `/metrics`."""
    return 200, PROMETHEUS_TEXT, generate_latest(REGISTRY).decode()
