"""Prometheus' Alertmanager."""

from collector.component import Factory, Kind
from exporters.alertmanager.config import AlertmanagerConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="alertmanager",
    config=AlertmanagerConfig,
    behaviour="exporters.alertmanager.exporter:AlertmanagerExporter",
    summary="hands alerts to Prometheus' Alertmanager (API v2)",
    stability="alpha",
)
