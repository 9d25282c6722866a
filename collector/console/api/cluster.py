"""The machines that share the work."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from collector.console.sharing import seen

router = APIRouter(tags=["health"])


class Cluster(BaseModel):
    """As the workers of this machine (`me`) heard of it. A partition is `owned`, `restoring` (here) or `standing`: nobody tells of it.
    `heard_secs_ago`: null: nothing was heard yet."""

    me: str
    machines: list[dict[str, Any]]
    partitions: list[dict[str, Any]]
    heard_secs_ago: float | None
    cut_off: bool


@router.get("/cluster")
async def cluster(request: Request) -> Cluster:
    """Who owns which partition, since when, and what waits there."""
    return Cluster(**await seen(request))
