"""Restarts of Docker containers."""

from collector.component import Factory, Kind
from exporters.docker.config import DockerConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="docker",
    config=DockerConfig,
    behaviour="exporters.docker.exporter:DockerExporter",
    summary="restarts a Docker container when `alerting` starts that response",
    stability="alpha",
    local_reason="it restarts containers of this machine",
)
