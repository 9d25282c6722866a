"""Logs in a SQLite file, a row a record: the embedded store."""

from collector.component import Factory, Kind
from exporters.sqlite.config import SqliteConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="sqlite",
    config=SqliteConfig,
    behaviour="exporters.sqlite.exporter:SqliteExporter",
    summary="Stores records in a SQLite file, exactly once, ready for `logboom query`.",
    local_reason="it writes a file where its options say",
)
