"""Answers that depend on the store alone have an `ETag`, and whoever has one already is told so (304) before anything is asked of the store.

What moves by itself has none: times like `now-1h`, what did not end within its time, what is read from the service. A tag is of a process's view
of a store: after a restart of the console everything is asked for once more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import xxhash
from fastapi import Request, Response
from fastapi.routing import APIRoute

from collector.console.asking import moment
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused
from collector.release import release

LATE_SECS = 900
"""A time that ended so long ago is not expected to change."""
_ENDED, _ASK = "private, max-age=60", "private, no-cache"
_VARY = "Cookie, Authorization"
_TAG = {
    "ETag": {
        "description": "Of an answer that stays as long as nothing is written.",
        "schema": {"type": "string"},
    }
}
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StoreRoute(APIRoute):
    """A route whose answer is what the store says, and nothing else: see the module."""

    holds_records = False
    """Records are never kept by browsers; programs may keep them by themselves."""
    clock_secs = 0
    """The answer also moves with the clock, in steps of so many seconds; 0: it does not."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        said = given.get("responses") or {}
        if "GET" in (given.get("methods") or ("GET",)):
            said = {304: {"description": "It is what `If-None-Match` names.", "headers": _TAG}, **said}
        super().__init__(path, endpoint, **{**given, "responses": said})

    def get_route_handler(self) -> _Handler:
        """The handler, with the question whether anything changed in front of it."""
        handler = super().get_route_handler()
        timed = any(field.alias == "from" for field in self.dependant.query_params)

        async def answer(request: Request) -> Response:
            if request.method != "GET" or (timed and not _is_fixed(request.query_params)):
                return await handler(request)
            tag = await self._tag(request)
            if tag and tag in _given(request):
                return Response(None, 304, self._headers(request, tag))
            response = await handler(request)
            if tag and response.status_code == 200 and not getattr(request.state, "partial", False):
                for name, value in self._headers(request, tag).items():
                    response.headers.setdefault(name, value)
            return response

        return answer

    async def _tag(self, request: Request) -> str:
        """Weak, for answers also say how long they took. Empty: nobody can tell whether something changed."""
        stores = parts(request).stores
        version = await stores.version() if stores is not None else None
        if version is None:
            return ""
        scope = visitor(request).scope
        whose = "*" if scope.is_everything else "\0".join(scope.sorted())
        step = int(time.time() // self.clock_secs) if self.clock_secs else 0
        asked = f"{request.url.path}?{sorted(request.query_params.multi_items())}"
        return f'W/"{xxhash.xxh3_128_hexdigest(repr((version, release(), whose, step, asked, parts(request).options.redacts)).encode())}"'

    def _headers(self, request: Request, tag: str) -> Mapping[str, str]:
        if self.holds_records:
            return {"etag": tag}
        kept = _ENDED if _has_ended(request.query_params) else _ASK
        return {"etag": tag, "cache-control": kept, "vary": _VARY}


class RecordsRoute(StoreRoute):
    """The same of records."""

    holds_records = True


class MinuteRoute(StoreRoute):
    """The same of what also says how the last day was, minute by minute."""

    clock_secs = 60


def partial(request: Request) -> None:
    """What is answered would be another the next time, though nothing changed: it did not end within its time."""
    request.state.partial = True


def _given(request: Request) -> frozenset[str]:
    return frozenset(tag.strip() for tag in request.headers.get("if-none-match", "").split(","))


def _is_fixed(parameters: Mapping[str, str]) -> bool:
    """Both ends are written, or a cursor that holds them."""
    ends = (parameters.get("from", ""), parameters.get("to", ""))
    return bool(parameters.get("cursor")) or all(end and not end.lstrip().startswith("now") for end in ends)


def _has_ended(parameters: Mapping[str, str]) -> bool:
    now = time.time_ns()
    try:
        return bool(parameters.get("to")) and moment(parameters["to"], now, "to") <= now - LATE_SECS * 10**9
    except Refused:
        return False
