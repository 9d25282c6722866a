"""Parquet in object storage: what is kept for years."""

from collector.component import Factory, Instrument, Kind
from exporters.archive.config import ArchiveConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="archive",
    config=ArchiveConfig,
    behaviour="exporters.archive.exporter:ArchiveExporter",
    summary="writes Parquet files to object storage (S3, R2, Google Cloud, Azure) or a folder, by domain and hour",
    stability="beta",
    counters=(
        Instrument("archive_objects", "{objects}", "Objects that the exporter wrote to the archive."),
        Instrument(
            "archive_known_objects", "{objects}", "Objects that the archive had already when they were written again."
        ),
        Instrument("archive_bytes", "By", "Bytes of the objects that the exporter wrote to the archive."),
        Instrument(
            "archive_deleted_objects", "{objects}", "Objects that retention and the joining of small ones deleted."
        ),
    ),
    local_reason="it writes and deletes files where its options say",
)
