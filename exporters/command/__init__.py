"""Commands on a list."""

from collector.component import Factory, Kind
from exporters.command.config import CommandConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="command",
    config=CommandConfig,
    behaviour="exporters.command.exporter:CommandExporter",
    summary="runs a command of a list, without a shell, when `alerting` starts that response",
    stability="alpha",
    local_reason="it runs programs",
)
