"""Shows records to people."""

from collector.component import Factory, Kind
from exporters.debug.config import DebugConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="debug",
    config=DebugConfig,
    behaviour="exporters.debug.exporter:DebugExporter",
    carrier="exporters.debug.carrier:DebugCarrier",
    summary="writes records to the console, for people",
    stability="beta",
    differs=("another text",),
)
