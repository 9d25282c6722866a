"""Loki's read API, for Grafana and logcli: `/loki/api/v1`, where the option `loki` is on."""

from collections.abc import Sequence

from fastapi import APIRouter

from collector.console.loki import routes, tailing

ROUTERS: Sequence[APIRouter] = (routes.ready, routes.router, tailing.router)

__all__ = ["ROUTERS"]
