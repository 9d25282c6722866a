"""Application Insights' ingestion endpoint as Microsoft documents it, each item read by its own generated message types: strict, in one process.

Sources: the API "Track" (v2.1), "Application Insights telemetry data model", "Service limits - Application Insights". What they forbid is refused; what was
taken stands in `items`.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError

from counterparts import application_insights_models as models
from counterparts.http_service import Handler, HttpService

KEY = "00000000-1111-2222-3333-444444444444"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
_ITEM_BYTES, _ITEMS = 1 << 20, 64_000
_NAME, _VALUE, _MESSAGE = 150, 8192, 32_768
_LONGEST = {"ai.cloud.role": 256, "ai.cloud.roleInstance": 256, "ai.operation.id": 128, "ai.operation.parentId": 128,
            "ai.application.ver": 1024, "ai.internal.sdkVersion": 64}  # fmt: skip


class ApplicationInsights(HttpService):
    """`refused`: text → code and message that an item with it gets. `redirect`: where calls are sent, 307. `token`: what calls must show."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.refused: dict[str, tuple[int, str]] = {}
        self.redirect = self.token = ""

    def routes(self) -> Iterator[tuple[str, Handler]]:
        """(path, handler)."""
        yield "/v2.1/track", self._track

    async def _track(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.headers.append(dict(request.headers))
        if self.redirect:
            return web.Response(status=307, headers={"Location": self.redirect})
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _told(401, 1, [(0, 401, "Unauthorized")])
        plain = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body
        items = orjson.loads(plain)
        if not isinstance(items, list) or not 0 < len(items) <= _ITEMS or request.content_type != "application/json":
            self.complaints.append(f"no array of 1 to {_ITEMS} items")
            return _told(400, 0, [(0, 400, "Invalid JSON")])
        return self._taken(items)

    def _taken(self, items: list[dict[str, Any]]) -> web.Response:
        self.complaints += filter(None, map(_complaint, items))
        errors = [(at, *found) for at, item in enumerate(items) if (found := self._refusal(item))]
        bad = {at for at, _, _ in errors}
        self.items += [item for at, item in enumerate(items) if at not in bad]
        status = 200 if not bad else 206 if len(bad) < len(items) else errors[0][1]
        return _told(status, len(items), errors)

    def _refusal(self, item: dict[str, Any]) -> tuple[int, str] | None:
        if item.get("iKey") != KEY:
            return 400, "Invalid instrumentation key"
        text = orjson.dumps(item).decode()
        return next((found for said, found in self.refused.items() if said in text), None)


def _complaint(item: dict[str, Any]) -> str:
    try:
        models.check(item)
    except (ValidationError, KeyError, AssertionError) as problem:
        return str(problem)
    data = item["data"]["baseData"]
    kind = item["data"]["baseType"].removesuffix("Data")
    if (item["ver"], item["name"], data["ver"]) != (
        1,
        f"Microsoft.ApplicationInsights.{kind}",
        2,
    ) or not _TIME.fullmatch(item["time"]):
        return f"{item['name']} at {item['time']}"
    datetime.fromisoformat(item["time"])
    if data.get("severityLevel", "Error") not in models.levels():
        return f"level {data['severityLevel']}"
    return (
        _tags_complaint(item["tags"])
        or _texts_complaint(data)
        or ("size" if len(orjson.dumps(item)) > _ITEM_BYTES else "")
    )


def _tags_complaint(tags: dict[str, str]) -> str:
    wrong = [
        name for name, text in tags.items() if name not in models.tag_names() or not 0 < len(text) <= _LONGEST[name]
    ]
    return f"tags {wrong}" if wrong else ""


def _texts_complaint(data: dict[str, Any]) -> str:
    said = [data.get("message", "x"), *(one["message"] for one in data.get("exceptions", ()))]
    if any(not 0 < len(text) <= _MESSAGE for text in said) or not 0 < len(data.get("name", "x")) <= 512:
        return "a message or name that is empty or too long"
    wrong = [name for name, text in data["properties"].items() if not 0 < len(name) <= _NAME or len(text) > _VALUE]
    return f"properties {wrong}" if wrong else ""


def _told(status: int, received: int, errors: list[tuple[int, int, str]]) -> web.Response:
    named = [{"index": at, "statusCode": code, "message": message} for at, code, message in errors]
    told = {"itemsReceived": received, "itemsAccepted": received - len(errors), "errors": named}
    return web.json_response(told, status=status)
