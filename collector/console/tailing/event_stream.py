"""What a tail tells, as Server-Sent Events: `id:` is the place, by which a browser comes back by itself (`Last-Event-ID`).

    event: record    data: {"records": […]}        at most 50
    event: skipped   data: {"count": 9120, "complete": true}
    event: reset     data: {}
    event: place     data: {}                      each ten seconds at least

After five minutes the stream ends and its client comes again from its place: who may look is asked anew.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from collector.console.refusal import Refused
from collector.console.tailing.tail import Quiet, Records, Reset, Row, Skipped, Told
from collector.console.tailing.tails import Following
from collector.store.reading import NoStore
from collector.visible import escaped_json

LONGEST_SECS = 300.0
STALLED_SECS = 60.0
"""For which a client may take nothing."""
_HEADERS = {"x-accel-buffering": "no", "cache-control": "no-store"}
_RETRY = "retry: 1000\n\n"

Show = Callable[[Sequence[Row]], Mapping[str, Any]]


class EventStream(StreamingResponse):
    """Closes what it follows at its end.

    Args:
        show: the data of an event with these rows.
    """

    def __init__(self, following: Following, show: Show) -> None:
        self._following = following
        super().__init__(_events(following, show), 200, _HEADERS, "text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Any) -> None:
            async with asyncio.timeout(STALLED_SECS):
                await send(message)

        try:
            with suppress(OSError, ClientDisconnect):  # too slow, gone, or its session is over
                await super().__call__(scope, receive, in_time)
        finally:
            self._following.close()


async def _events(following: Following, show: Show) -> AsyncIterator[str]:
    """A store that can't be read ends it: whoever comes again is told why."""
    ends = time.monotonic() + LONGEST_SECS
    yield _RETRY
    with suppress(NoStore, sqlite3.Error, Refused):
        async for told in following.told():
            yield event(told, show)
            if time.monotonic() > ends:
                return


def event(told: Told, show: Show) -> str:
    """As it goes over the wire."""
    match told:
        case Records(rows, place):
            return _named("record", show(rows), place)
        case Skipped(count, complete, place):
            return _named("skipped", {"count": count, "complete": complete}, place)
        case Reset(place):
            return _named("reset", {}, place)
        case Quiet(place):
            return _named("place", {}, place)


def _named(name: str, data: Mapping[str, Any], place: str) -> str:
    return f"id: {place}\nevent: {name}\ndata: {escaped_json(orjson.dumps(data, default=bytes.hex).decode())}\n\n"
