"""Restarts of systemd units."""

from collector.component import Factory, Kind
from exporters.systemd.config import SystemdConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="systemd",
    config=SystemdConfig,
    behaviour="exporters.systemd.exporter:SystemdExporter",
    summary="restarts a systemd unit when `alerting` starts that response",
    stability="alpha",
    local_reason="it restarts units of this machine",
)
