"""Datadog's logs intake."""

from collector.component import Factory, Kind
from exporters.datadog.config import DatadogConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="datadog",
    config=DatadogConfig,
    behaviour="exporters.datadog.exporter:DatadogExporter",
    summary="sends to Datadog's logs intake (API v2)",
    stability="beta",
    differs=("messages over the limit are cut and marked",),
)
