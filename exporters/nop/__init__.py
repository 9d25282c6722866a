"""Takes everything and keeps nothing: the end of a pipeline that is measured or tried out."""

from collector.component import Factory, Kind
from exporters.nop.config import NopConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="nop",
    config=NopConfig,
    behaviour="exporters.nop.exporter:NopExporter",
    carrier="exporters.nop.exporter:NopExporter",
    summary="takes everything and keeps nothing",
    stability="stable",
    differs=(),
)
