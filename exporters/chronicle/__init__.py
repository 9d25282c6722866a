"""Google Security Operations (Chronicle)."""

from collector.component import Factory, Kind
from exporters.chronicle.config import ChronicleConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="chronicle",
    config=ChronicleConfig,
    behaviour="exporters.chronicle.exporter:ChronicleExporter",
    summary="sends to Google Security Operations (Chronicle), by either API",
    stability="beta",
)
