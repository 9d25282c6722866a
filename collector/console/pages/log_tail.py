"""The page Logs while it is live: records as they are stored, each as a row of its list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request

from collector.console.api.tail import After, followed
from collector.console.asking import query_of
from collector.console.pages.frame import shown as looks
from collector.console.pages.log_lines import lines
from collector.console.pages.rendering import part
from collector.console.tailing import EventStream
from collector.console.tailing.tail import Row

router = APIRouter()


@router.get("/logs/tail")
async def tail(request: Request, after: After = "") -> EventStream:
    """Events as those of the API's; of a record its ids, its day, and its row as HTML."""
    place = request.headers.get("last-event-id", "")[:128] or after
    following = await followed(request, request.query_params, place)
    query, zone = query_of(request.query_params.get("q", "")), looks(request).zone

    def show(rows: Sequence[Row]) -> Mapping[str, Any]:
        made = [line for row in rows for line in lines([row], zone, query.node)]
        return {
            "rows": [{"id": line.ids[0], "day": line.day, "html": _row(request, line, query.text)} for line in made]
        }

    return EventStream(following, show)


def _row(request: Request, line: Any, q: str) -> str:
    return part(request, "logs/live_row.html", line=line, q=q, shown=looks(request))
