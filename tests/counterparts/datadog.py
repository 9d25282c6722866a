"""Datadog's logs intake as its API reference describes it (`POST /api/v2/logs`): strict, in one process."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import zstandard
from aiohttp import web

from counterparts.http_service import Handler, HttpService

KEY = "0123456789abcdef0123456789abcdef"
_ENTRIES, _BYTES, _ENTRY_BYTES = 1000, 5_000_000, 1_000_000
_TEXTS = ("message", "ddsource", "ddtags", "hostname", "service", "status")
_CODECS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "": bytes,
}


class Intake(HttpService):
    """`entries` holds what was taken, `complaints` what broke a rule."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[dict[str, Any]] = []
        self.complaints: list[str] = []

    def routes(self) -> Iterator[tuple[str, Handler]]:
        """(path, handler)."""
        yield "/api/v2/logs", self._take

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("DD-API-KEY") != KEY:
            return _errors(403, "Forbidden", "API key is invalid")
        plain = _CODECS[request.headers.get("Content-Encoding", "")](await request.read())
        entries = orjson.loads(plain)
        if len(plain) > _BYTES or len(entries) > _ENTRIES:
            self.complaints.append(f"{len(entries)} entries, {len(plain)} bytes")
            return _errors(413, "Payload too large", self.complaints[-1])
        if complaint := next(filter(None, map(_bad, entries)), ""):
            self.complaints.append(complaint)
            return _errors(400, "Bad Request", complaint)
        self.entries += entries
        return web.json_response({}, status=202)


def _bad(entry: dict[str, Any]) -> str:
    if not isinstance(entry, dict) or "message" not in entry:
        return "no message"
    for name in _TEXTS:
        if not isinstance(entry.get(name, ""), str):
            return f"{name} is no text"
    tags = entry.get("ddtags", "").split(",")
    if any(":" not in tag or " " in tag or len(tag) > 200 for tag in tags if tag):
        return f"tags {tags}"
    if not isinstance(entry.get("timestamp", 0), int):
        return "timestamp is no integer"
    return "entry too long" if len(orjson.dumps(entry)) > _ENTRY_BYTES else ""


def _errors(status: int, title: str, detail: str) -> web.Response:
    return web.json_response({"errors": [{"detail": detail, "status": str(status), "title": title}]}, status=status)
