"""Coralogix, over OTLP."""

from collector.component import Factory, Kind
from exporters.coralogix.config import CoralogixConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="coralogix",
    config=CoralogixConfig,
    behaviour="exporters.coralogix.exporter:CoralogixExporter",
    summary="sends to Coralogix over OTLP, with application and subsystem",
    stability="beta",
    differs=("protocol: http is refused: otlp_http speaks it",),
)
