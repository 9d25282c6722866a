"""Cluster: which machine has what, and does any of it stand still?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.cluster.told import numbers
from collector.console.pages import frame
from collector.console.pages.panels import panel, shown
from collector.console.pages.rendering import page, part
from collector.console.sharing import seen
from collector.console.views import cluster

router = APIRouter()


@router.get("/cluster")
async def cluster_page(request: Request) -> HTMLResponse:
    """The page. Raises `Refused`: there is no cluster, or they may not."""
    await seen(request)
    return await page(request, "cluster.html", panels=await shown(request, "cluster.machines"))


@panel("cluster.machines")
async def machines(request: Request) -> Markup:
    """Machines, and their partitions."""
    found = await seen(request)
    return part(
        request, "parts/cluster_machines.html", **found, totals=cluster.totals(found["partitions"]), numbers=numbers,
        shown=frame.shown(request),
    )  # fmt: skip
