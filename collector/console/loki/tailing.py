"""`/loki/api/v1/tail`, a WebSocket: the newest records since `start`, then each as it is stored, at least `delay_for` seconds after it was received.

    {"streams": [{"stream": {…}, "values": [["<ns>", "line"]]}], "dropped_entries": [{"labels": {"left_out": "130"}, "timestamp": "<ns>"}]}

A client that comes again names a time, not a place: what is of that very moment it is told twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, WebSocket
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketDisconnect, WebSocketState

from collector.base32 import received_ms
from collector.console.loki import reading
from collector.console.loki.answering import (
    CATEGORIZE,
    MOST_LINES,
    PREFIX,
    ask,
    budget,
    categorized,
    store,
    streams,
    text,
)
from collector.console.loki.logql import parse
from collector.console.loki.selection import Selection, ready
from collector.console.loki.times import NANO, moment
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound, Refused
from collector.console.tailing import Following, Records, Skipped, Told
from collector.query.searching import Wanted
from collector.store.reading import NoStore

router = APIRouter(prefix=PREFIX)

LONGEST_SECS = 3600.0
_STALLED_SECS = 60.0
_MOST_DELAY_SECS = 5
_GOING_AWAY, _TRY_AGAIN = 1001, 1013


@dataclass(frozen=True, slots=True)
class _Asked:
    selected: Selection
    since: int
    limit: int
    delay_secs: int


@router.websocket("/tail")
async def tail(socket: WebSocket) -> None:
    """What can't be followed is refused before the handshake."""
    try:
        if not parts(socket).options.loki:
            raise NotFound("such page")
        asked = _asked(socket)
        following = await store(socket).tails.open(asked.selected, visitor(socket).scope, prepare=ready)
    except (Refused, NoStore) as error:
        refused = error if isinstance(error, Refused) else Refused(503, str(error))
        await socket.send_denial_response(PlainTextResponse(refused.detail, refused.status))
        return
    with contextlib.closing(following):
        await socket.accept()
        await _served(socket, following, asked)


async def _served(socket: WebSocket, following: Following, asked: _Asked) -> None:
    """Until the client goes or would not be let in any more, the store can't be read, or an hour is over."""
    telling = asyncio.create_task(_tell(socket, following, asked))
    leaving = asyncio.create_task(_leave(socket))
    _, others = await asyncio.wait({telling, leaving}, timeout=LONGEST_SECS, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    done = await asyncio.gather(telling, leaving, return_exceptions=True)
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        if socket.application_state is WebSocketState.CONNECTED and socket.client_state is WebSocketState.CONNECTED:
            await socket.close(_TRY_AGAIN if isinstance(done[0], NoStore | sqlite3.Error | Refused) else _GOING_AWAY)


async def _leave(socket: WebSocket) -> None:
    """Clients have nothing to say but that they go."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _tell(socket: WebSocket, following: Following, asked: _Asked) -> None:
    wanted = Wanted(asked.selected, visitor(socket).scope, asked.since, 1 << 62, asked.limit)
    old = await ask(socket, reading.newest(wanted, budget(socket)))
    told = {row["record_id"] for row in old}
    await _send(socket, old[::-1], [])
    async for one in following.told():
        if isinstance(one, Records):
            await asyncio.sleep(_early_secs(one.rows, asked.delay_secs, time.time()))
        new, left = _new(one, told)
        if new or left:
            await _send(socket, new, left)


def _early_secs(rows: Sequence[Any], delay_secs: float, now: float) -> float:
    """Until the last of them was received so long ago. A clock that was set is no reason to wait longer."""
    received = max((received_ms(row["record_id"]) / 1000 for row in rows), default=0.0)
    return min(delay_secs, max(0.0, received + delay_secs - now))


def _new(told: Told, before: set[str]) -> tuple[Sequence[Any], list[Any]]:
    """Records that were not told yet: what came while the first ones were looked for is in both."""
    match told:
        case Records(rows, _):
            return [row for row in rows if row["record_id"] not in before], []
        case Skipped(count, _, _):
            return [], [{"labels": {"left_out": str(count)}, "timestamp": str(time.time_ns())}]
        case _:
            return [], []


async def _send(socket: WebSocket, rows: Sequence[Any], left: list[Any]) -> None:
    with_attributes = categorized(socket)
    said: dict[str, Any] = {"streams": streams(rows, categorized=with_attributes)}
    if left:
        said["dropped_entries"] = left
    if with_attributes:
        said["encodingFlags"] = [CATEGORIZE]
    async with asyncio.timeout(_STALLED_SECS):
        await socket.send_text(text(said))


def _asked(socket: WebSocket) -> _Asked:
    given = socket.query_params
    selected = parse(given.get("query", ""))
    if not isinstance(selected, Selection):
        raise Refused(400, "parse error : only log queries can be tailed")
    limit, delay = given.get("limit", "100"), given.get("delay_for", "0")
    if not limit.isdecimal() or not 0 < len(limit) < 6 or not 0 < int(limit) <= MOST_LINES:
        raise Refused(400, f"limit must be a positive value, of {MOST_LINES} at most (max_entries_limit)")
    if not delay.isdecimal() or len(delay) > 3 or int(delay) > _MOST_DELAY_SECS:
        raise Refused(400, f"delay_for can't be greater than {_MOST_DELAY_SECS}")
    return _Asked(selected, moment(given.get("start", ""), time.time_ns() - 3600 * NANO), int(limit), int(delay))
