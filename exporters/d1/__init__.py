"""Logs in Cloudflare D1, a row a record."""

from collector.component import Factory, Instrument, Kind
from exporters.d1.config import D1Config

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="d1",
    config=D1Config,
    behaviour="exporters.d1.exporter:D1Exporter",
    summary="Stores records in Cloudflare D1, exactly once, ready for `logboom query --store d1`.",
    counters=(
        Instrument(
            "rows_written", "{rows}", "Billed rows that the destination says it wrote, since the worker started."
        ),
        Instrument("rows_read", "{rows}", "Billed rows that the destination says it read, since the worker started."),
        Instrument(
            "rows_deleted", "{rows}", "Records that retention deleted at the destination, since the worker started."
        ),
        Instrument("rows_written_per_day", "{rows}", "Estimate of the billed rows of a day, by those written so far."),
    ),
)
