"""Logs in Cloudflare D1, a row a record."""

from collector.component import Factory, Kind
from exporters.d1.config import D1Config

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="d1",
    config=D1Config,
    behaviour="exporters.d1.exporter:D1Exporter",
    summary="Stores records in Cloudflare D1, exactly once, ready for `logboom query --store d1`.",
)
