"""Loki's read API, for Grafana and logcli: `/loki/api/v1`, where the option `loki` is on."""

from collector.console.loki.routes import router

__all__ = ["router"]
