"""Amazon CloudWatch Logs' `PutLogEvents` and what it needs, as the API reference describes them: strict, in one process. moto checks less: no sizes, no span."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from aiohttp import web

from counterparts.http_service import Handler, HttpService

_DAY_MS = 86_400_000
_MOST_EVENTS, _MOST_BYTES, _EVENT_BYTES = 10_000, 1 << 20, 26


class Refused(Exception):
    """An error by its name."""


class CloudWatchLogs(HttpService):
    """`written` holds (group, stream, message) as it came; `complaints` is what a good sender never causes."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: dict[str, set[str]] = {}
        self.written: list[tuple[str, str, str]] = []
        self.complaints: list[str] = []
        self._operations: Mapping[str, Callable[[Any], Any]] = {
            "CreateLogGroup": self._group, "CreateLogStream": self._stream, "PutLogEvents": self._put,
        }  # fmt: skip

    def routes(self) -> Iterator[tuple[str, Handler]]:
        """(path, handler)."""
        yield "/", self._asked

    async def _asked(self, request: web.Request) -> web.Response:
        operation = request.headers["X-Amz-Target"].removeprefix("Logs_20140328.")
        if "AWS4-HMAC-SHA256 Credential=" not in request.headers.get("Authorization", ""):
            return _answer(400, {"__type": "MissingAuthenticationTokenException"})
        try:
            return _answer(200, self._operations[operation](orjson.loads(await request.read())))
        except Refused as refused:
            return _answer(400, {"__type": f"{refused}Exception", "message": operation})

    def _group(self, told: Any) -> dict[str, Any]:
        if told["logGroupName"] in self.groups:
            raise Refused("ResourceAlreadyExists")
        self.groups[told["logGroupName"]] = set()
        return {}

    def _stream(self, told: Any) -> dict[str, Any]:
        streams = self._streams(told)
        if told["logStreamName"] in streams:
            raise Refused("ResourceAlreadyExists")
        streams.add(told["logStreamName"])
        return {}

    def _put(self, told: Any) -> dict[str, Any]:
        if told["logStreamName"] not in self._streams(told):
            raise Refused("ResourceNotFound")
        events = told["logEvents"]
        times = [event["timestamp"] for event in events]
        size = sum(len(event["message"].encode()) + _EVENT_BYTES for event in events)
        if (
            times != sorted(times)
            or times[-1] - times[0] > _DAY_MS
            or size > _MOST_BYTES
            or not 0 < len(events) <= _MOST_EVENTS
        ):
            self.complaints.append(f"{len(events)} events of {size} bytes and {times[-1] - times[0]} ms")
            raise Refused("InvalidParameter")
        self.written += [(told["logGroupName"], told["logStreamName"], event["message"]) for event in events]
        return {"nextSequenceToken": "0"}

    def _streams(self, told: Any) -> set[str]:
        try:
            return self.groups[told["logGroupName"]]
        except KeyError:
            raise Refused("ResourceNotFound") from None


def _answer(status: int, body: Any) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/x-amz-json-1.1")
