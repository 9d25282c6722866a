"""The SDK's side: one meter provider, read by Prometheus over `/metrics` and, if asked for, pushed over OTLP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_client import REGISTRY, generate_latest

from collector.component import Instrument
from collector.component.figures import Figure
from collector.settings.telemetry import PeriodicReader
from collector.telemetry.component_figures import ComponentFigures
from collector.telemetry.endpoints import Answer
from collector.telemetry.exporter_counters import ExporterCounters
from collector.telemetry.metrics import register
from collector.telemetry.push import push_reader
from collector.telemetry.snapshot import Snapshots

LAST_PUSH_SECS = 3
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class OwnMetrics:
    """A provider whose instruments read `snapshots`.

    Args:
        push: where else to send the metrics, and how often.
        attributes: resource attributes on top of `service.name` and `service.version`.
    """

    def __init__(
        self, snapshots: Snapshots, push: Sequence[PeriodicReader] = (), attributes: Mapping[str, str] | None = None
    ) -> None:
        readers: list[MetricReader] = [PrometheusMetricReader(), *map(push_reader, push)]
        named = {"service.name": "logboom", "service.version": version("logboom"), **(attributes or {})}
        self._provider = MeterProvider(readers, resource=Resource.create(named), shutdown_on_exit=False)
        meter = self._provider.get_meter("logboom", version("logboom"))
        register(meter, snapshots)
        self._exporter_counters = ExporterCounters(meter, snapshots)
        self._component_figures = ComponentFigures(meter, snapshots)

    def declare(self, counters: Iterable[Instrument], figures: Iterable[tuple[str, Figure]] = ()) -> None:
        """What the configured exporters count themselves, and other components keep of their state, again whenever the configuration changes.
        From any thread."""
        self._exporter_counters.declare(counters)
        self._component_figures.declare(figures)

    def shutdown(self) -> None:
        """Push the last numbers, and end. A destination that does not answer delays the end by a few seconds at most."""
        with contextlib.suppress(Exception):  # the SDK tells in its own log
            self._provider.shutdown(timeout_millis=LAST_PUSH_SECS * 1000)


def prometheus_answer() -> Answer:
    """The text of `/metrics`."""
    return 200, PROMETHEUS_TEXT, generate_latest(REGISTRY).decode()
