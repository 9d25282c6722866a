"""Grafana Loki's push API."""

from collector.component import Factory, Kind
from exporters.loki.config import LokiConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="loki",
    config=LokiConfig,
    behaviour="exporters.loki.exporter:LokiExporter",
    summary="pushes to Loki: one stream a label set",
    stability="beta",
    differs=("a hint that is a list, or names a member of a map, is ignored", "logfmt: maps stand as JSON"),
)
