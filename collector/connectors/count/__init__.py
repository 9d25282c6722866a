"""Counts records, and tells the counts as records."""

from collector.component import Factory, Kind
from collector.connectors.count.config import CountConfig

FACTORY = Factory(
    kind=Kind.CONNECTOR,
    name="count",
    config=CountConfig,
    behaviour="collector.connectors.count.connector:Count",
    summary="counts records by conditions and attributes, and tells the counts as records",
    stability="beta",
    passes_records=False,
    differs=("counts are log records, not metrics",),
)
