"""Jira Service Management's alerts, and Opsgenie."""

from collector.component import Factory, Kind
from exporters.jsm.config import JsmConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="jsm",
    config=JsmConfig,
    behaviour="exporters.jsm.exporter:JsmExporter",
    summary="alerts in Jira Service Management or Opsgenie: creates and closes one for each group",
    stability="alpha",
)
