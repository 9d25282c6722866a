"""Splunk, by its HTTP Event Collector (HEC)."""

from collector.component import Factory, Kind
from exporters.splunk_hec.config import SplunkHecConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="splunk_hec",
    config=SplunkHecConfig,
    behaviour="exporters.splunk_hec.exporter:SplunkHecExporter",
    summary="sends to Splunk's HTTP Event Collector, with indexer acknowledgement",
    stability="beta",
    differs=("events that are refused become dead letters",),
)
