"""Logz.io, over OTLP."""

from collector.component import Factory, Kind
from exporters.logzio.config import LogzioConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="logzio",
    config=LogzioConfig,
    behaviour="exporters.logzio.exporter:LogzioExporter",
    summary="sends to Logz.io over OTLP",
    stability="beta",
    differs=(
        "a region that there is not is refused; it went to the United States",
        "an account token that is refused holds records back; they were dropped",
    ),
)
