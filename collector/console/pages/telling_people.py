"""Whether anybody is told of anything: the connector `alerting` of the configuration."""

from __future__ import annotations

from starlette.requests import Request

from collector.connectors.alerting.config import AlertingConfig
from collector.console.parts import parts


def alerting_of(request: Request) -> tuple[str, AlertingConfig | None]:
    """The first one with its id; empty: there is none, and nobody is told."""
    for ident, component in parts(request).settings.connectors.items():
        if isinstance(component.config, AlertingConfig):
            return ident, component.config
    return "", None
