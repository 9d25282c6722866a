"""`/logs/tail`: records as they are stored, as Server-Sent Events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from collector.console.api.records import Domain, Q, as_object
from collector.console.asking import query_of, scope_of
from collector.console.parts import parts, visitor
from collector.console.tailing import EventStream, Following
from collector.console.tailing.tail import Row
from collector.store.reading import NoStore

router = APIRouter(tags=["records"])

After = Annotated[
    str,
    Query(
        max_length=128,
        description="The `id:` of an event, or the id of a record: what was stored behind it; `0`: all. Without it, what comes from now on.",
    ),
]


@router.get("/logs/tail", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def tail(
    request: Request,
    domain: Domain = "",
    q: Q = "",
    after: After = "",
    last_event_id: Annotated[str, Header(max_length=128)] = "",
    *,
    events: bool = False,
) -> EventStream:
    """Records that a query takes, in the order in which they are stored, each once. Events: `record`
    (`{"records": […]}`, 50 at most), `skipped` (`{"count", "complete"}`: of more than 10,000 behind a client's place the newest 500 are told), `reset` (the place is not known),
    `place` (nothing new, each ten seconds). A stream ends after five minutes: `Last-Event-ID` goes on where it ended."""
    following = await followed(request, {"domain": domain, "q": q}, last_event_id or after, events=events)
    return EventStream(following, _shown)


async def followed(request: Request, parameters: Mapping[str, str], after: str, *, events: bool = False) -> Following:
    """Raises `Refused`, `NoStore`."""
    scope, _ = scope_of(parameters, visitor(request))
    query, stores = query_of(parameters.get("q", "")), parts(request).stores
    if stores is None:
        raise NoStore("no pipeline has an exporter whose store can be read: sqlite")
    return await stores.tails.open(query, scope, after, events=events)


def _shown(rows: Sequence[Row]) -> Mapping[str, Any]:
    return {"records": [as_object({name: value for name, value in row.items() if name != "rowid"}) for row in rows]}
