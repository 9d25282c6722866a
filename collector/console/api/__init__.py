"""`/api/v1`: a module for each subject, with a `router`. Models are pydantic's: the OpenAPI document is made of them."""

from collections.abc import Sequence

from fastapi import APIRouter

from collector.console.api import alerts, health, issues, me, overview, records

ROUTERS: Sequence[APIRouter] = (health.router, alerts.router, me.router, overview.router, issues.router, records.router)
