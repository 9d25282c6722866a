"""Cloud Logging's `entries:write` as its reference documents it, each request read by Google's own message (google-cloud-logging):
strict, in one process, with the token service beside it."""

from __future__ import annotations

import gzip
import re
from typing import Any

from aiohttp import web
from google.cloud.logging_v2.types import WriteLogEntriesRequest
from google.protobuf import json_format

from counterparts.google import Google

WRITE = "/v2/entries:write"
SCOPE = "https://www.googleapis.com/auth/logging.write"
MOST_ENTRY_BYTES, MOST_BYTES = 256 << 10, 10_000_000
_NAME = re.compile(r"projects/([a-z0-9.:-]+)/logs/[A-Za-z0-9_.%~$&+=:@-]+")
_CODES = {"INVALID_ARGUMENT": (400, 3), "PERMISSION_DENIED": (403, 7), "UNAVAILABLE": (503, 14)}


class CloudLogging(Google):
    """`written`: entries as `json_format` tells them, each time they came. `refused`: text → the status that an entry with it gets.
    `headers`: of each call. `open`: no token is asked for."""

    def __init__(self, *, open: bool = False) -> None:  # noqa: A002  as the exporter's option is called
        super().__init__()
        self.written: list[dict[str, Any]] = []
        self.refused: dict[str, str] = {}
        self.headers: list[dict[str, str]] = []
        self.sizes: list[int] = []
        self._open = open

    @property
    def shown(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """What a query gives: of entries with the same log, time and `insertId` one."""
        return {(one["logName"], one["timestamp"], one["insertId"]): one for one in self.written}

    async def _take(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.path != WRITE:
            return error("NOT_FOUND", 404, "no such method")
        if not self._open and self.scopes.get(token) != SCOPE:
            return error("UNAUTHENTICATED", 401, "Request had invalid authentication credentials.")
        body = await request.read()
        plain = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body
        self.headers.append(dict(request.headers))
        self.sizes.append(len(plain))
        message = WriteLogEntriesRequest.pb(WriteLogEntriesRequest())
        try:
            json_format.Parse(plain, message)
        except json_format.ParseError as problem:
            self.complaints.append(str(problem))
            return error("INVALID_ARGUMENT", 400, "Invalid JSON payload received.")
        return self._written(message, len(plain))

    def _written(self, message: Any, size: int) -> web.Response:
        if size > MOST_BYTES or not message.partial_success or len({_project(one) for one in message.entries}) != 1:
            self.complaints.append(f"{size} bytes, or not of one project")
        bad = {at: code for at, one in enumerate(message.entries) if (code := self._objection(one))}
        if len(bad) == len(message.entries):  # nothing is written: no entry is named
            name = next(iter(bad.values()))
            return error(name, _CODES[name][0], "Log entries are not valid.")
        self.written += [json_format.MessageToDict(one) for at, one in enumerate(message.entries) if at not in bad]
        if not bad:
            return web.json_response({})
        told = {str(at): {"code": _CODES[name][1], "message": f"{name} of one"} for at, name in bad.items()}
        details = {
            "@type": "type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors",
            "logEntryErrors": told,
        }
        name = next(iter(bad.values()))
        return error(name, _CODES[name][0], "Log entries are not valid.", details)

    def _objection(self, entry: Any) -> str:
        if entry.ByteSize() > MOST_ENTRY_BYTES or not _NAME.fullmatch(entry.log_name) or not entry.resource.type:
            return "INVALID_ARGUMENT"
        said = entry.text_payload or str(entry.json_payload)
        return next((name for text, name in self.refused.items() if text in said), "")


def _project(entry: Any) -> str:
    found = _NAME.fullmatch(entry.log_name)
    return found[1] if found else ""


def error(name: str, status: int, message: str, *details: dict[str, Any]) -> web.Response:
    """As Google's APIs answer."""
    told: dict[str, Any] = {"code": status, "message": message, "status": name}
    return web.json_response({"error": {**told, **({"details": details} if details else {})}}, status=status)
