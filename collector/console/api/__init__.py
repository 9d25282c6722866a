"""`/api/v1`: a module for each subject, with a `router`. Models are pydantic's: the OpenAPI document is made of them."""

from collections.abc import Sequence

from fastapi import APIRouter

from collector.console.api import (
    alerts,
    audit,
    cluster,
    explain,
    export,
    health,
    issues,
    me,
    openapi,
    overview,
    records,
    tail,
)

ROUTERS: Sequence[APIRouter] = (
    health.router,
    alerts.router,
    audit.router,
    cluster.router,
    me.router,
    overview.router,
    issues.lists,
    issues.records,
    issues.router,
    export.router,  # in front of `/logs/{record_id}`
    tail.router,  # the same
    explain.router,
    records.counted,
    records.router,
    openapi.router,
)
