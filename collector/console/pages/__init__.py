"""Pages: a module for each, with a `router`; `panels.py` for the parts of them that are asked for one by one."""

from collections.abc import Sequence

from fastapi import APIRouter

from collector.console.pages import (
    alerts,
    audit,
    cluster,
    display,
    explained,
    first,
    health,
    issue,
    issues,
    log_tail,
    login,
    logs,
    monitor,
    overview,
    panels,
    patterns,
    report,
)

ROUTERS: Sequence[APIRouter] = (
    health.router,
    alerts.router,
    audit.router,
    cluster.router,
    overview.router,
    first.router,
    log_tail.router,  # in front of `/logs/{record_id}`
    logs.router,
    explained.router,
    monitor.router,
    issues.router,
    issue.router,
    patterns.router,
    report.router,
    panels.router,
    display.router,
    login.router,
)
