"""Loki's push endpoint as its HTTP API describes it (`POST /loki/api/v1/push`, JSON): strict, in one process."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from counterparts.http_service import Handler, HttpService

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Entry(NamedTuple):
    """A line of a stream."""

    tenant: str
    labels: dict[str, str]
    time: int
    line: str


class Loki(HttpService):
    """`entries` holds what was taken, each of a stream's (time, line) once; `pushes` counts calls."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self.pushes = 0
        self.times: Counter[str] = Counter()
        """How often each entry came."""

    def routes(self) -> Iterator[tuple[str, Handler]]:
        """(path, handler)."""
        yield "/loki/api/v1/push", self._push

    async def _push(self, request: web.Request) -> web.Response:
        self.pushes += 1
        data = await request.read()
        plain = gzip.decompress(data) if request.headers.get("Content-Encoding") == "gzip" else data
        if request.headers.get("Content-Type") != "application/json":
            return web.Response(status=400, text="unsupported content type")
        tenant = request.headers.get("X-Scope-OrgID", "")
        try:
            found = [entry for stream in orjson.loads(plain)["streams"] for entry in _entries(tenant, stream)]
        except (ValueError, KeyError, TypeError) as error:
            return web.Response(status=400, text=f"{error}\n")
        for entry in found:
            self.times[str(entry)] += 1
            if self.times[str(entry)] == 1:
                self.entries.append(entry)
        return web.Response(status=204)


def _entries(tenant: str, stream: dict[str, Any]) -> Iterator[Entry]:
    labels = stream["stream"]
    if not labels or not all(_LABEL.fullmatch(name) and isinstance(value, str) for name, value in labels.items()):
        raise ValueError(f"error parsing labels {labels}")
    for time, line in stream["values"]:
        if not isinstance(time, str) or not isinstance(line, str) or "too long" in line:
            raise ValueError(f"entry {time}: Max entry size exceeded")
        yield Entry(tenant, labels, int(time), line)
