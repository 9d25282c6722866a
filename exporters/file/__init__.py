"""OTLP, and the formats of SIEM systems, in files."""

from collector.component import Factory, Kind
from exporters.file.config import FileConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="file",
    config=FileConfig,
    behaviour="exporters.file.exporter:FileExporter",
    summary="writes OTLP (JSON lines, protobuf), OCSF, ECS, CEF or LEEF to files, with rotation",
    stability="beta",
    differs=("files are appended to, never emptied at a start",),
    local_reason="it writes files where its options say",
)
