"""Splunk's HTTP Event Collector as its documentation describes it: strict, in one process, with its bad days.

Sources: help.splunk.com, "Format events for HTTP Event Collector", "HTTP Event Collector REST API endpoints", "About HTTP
Event Collector Indexer Acknowledgment", "Troubleshoot HTTP Event Collector" (status codes). What the documents forbid
is refused with the code they give; `indexed` holds what was written.

With acknowledgement a request is written only once its number was asked for `acks_after` times: a restart before that
loses it, as it would in Splunk. Events before an invalid one are kept (Splunk does not say), so that a sender which
counts on them not being kept is found out.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import ssl
import zlib
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiohttp import web

TOKEN = "11111111-2222-3333-4444-555555555555"
_KEYS = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
_TEXTS = ("host", "source", "sourcetype", "index")
_TIME = re.compile(r"\d{1,10}(\.\d{1,9})?")
_STATUS = {
    0: (200, "Success"), 1: (403, "Token disabled"), 2: (401, "Token is required"), 3: (401, "Invalid authorization"),
    4: (403, "Invalid token"), 5: (400, "No data"), 6: (400, "Invalid data format"), 7: (400, "Incorrect index"),
    8: (500, "Internal server error"), 9: (503, "Server is busy"), 10: (400, "Data channel is missing"),
    11: (400, "Invalid data channel"), 12: (400, "Event field is required"), 13: (400, "Event field cannot be blank"),
    14: (400, "ACK is disabled"), 15: (400, "Error in handling indexed fields"),
    16: (400, "Query string authorization is not enabled"), 17: (200, "HEC is healthy"),
    18: (503, "HEC is unhealthy, queues are full"), 19: (503, "HEC is unhealthy, ack service unavailable"),
    20: (503, "HEC is unhealthy, queues are full, ack service unavailable"), 21: (400, "Invalid token"),
    22: (400, "Token disabled"),
}  # fmt: skip


@dataclass(slots=True)
class TokenRule:
    """What a token may do."""

    enabled: bool = True
    acknowledges: bool = False
    indexes: frozenset[str] = frozenset()
    """Indexes it may name; empty = all."""


@dataclass(frozen=True, slots=True)
class Call:
    """A POST of events or lines; its body is decompressed."""

    splunk: Splunk
    request: web.Request
    body: bytes

    async def answer(self) -> web.Response:
        """What Splunk says, after it did it."""
        return self.splunk.take(self)

    async def hang_up(self) -> web.Response:
        """Close the connection instead of answering."""
        assert self.request.transport is not None
        self.request.transport.abort()
        raise asyncio.CancelledError


Fault = Callable[[Call], Awaitable[web.Response]]


@dataclass(slots=True)
class _Channel:
    """Requests by number: asked so often, and what they hold. A request leaves when it was called true."""

    next_number: int = 0
    waiting: dict[int, tuple[int, list[dict[str, Any]]]] = field(default_factory=dict)


class Splunk:
    """`url` without a path. `faults` are taken one a POST, in order; `indexed` are events with their `token`."""

    def __init__(self, *, acknowledges: bool = False) -> None:
        self.url = ""
        self.tokens = {TOKEN: TokenRule(acknowledges=acknowledges)}
        self.faults: deque[Fault] = deque()
        self.indexed: list[dict[str, Any]] = []
        self.calls: list[web.Request] = []
        self.asked: list[list[int]] = []
        self.channels_seen: set[str] = set()
        self.max_content_length = 838_860_800
        self.acks_after: int | None = 1
        """How often a number is asked for until it is true; None: never."""
        self.ack_answer: Callable[[], web.Response] | None = None
        """Instead of an answer of the acknowledgement API."""
        self.health = 17
        self.tls: ssl.SSLContext | None = None
        """Speak TLS, with this certificate."""
        self._port = 0
        self._channels: dict[tuple[str, str], _Channel] = defaultdict(_Channel)

    async def start(self) -> None:
        """Listen on a free loopback port; on the same one again after `stop`."""
        application = web.Application(client_max_size=1 << 30, handler_args={"auto_decompress": False})
        for path in ("", "/event", "/event/1.0"):
            application.router.add_post(f"/services/collector{path}", self._post)
        for path in ("/raw", "/raw/1.0"):
            application.router.add_post(f"/services/collector{path}", self._post)
        application.router.add_post("/services/collector/ack", self._acks)
        for path in ("/health", "/health/1.0"):
            application.router.add_get(f"/services/collector{path}", self._health)
        self._runner = web.AppRunner(application, access_log=None, auto_decompress=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self.tls).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Close the port and all connections; what is not yet written is lost."""
        await self._runner.cleanup()
        self.restart()

    def restart(self) -> None:
        """Forget the channels, and what is not yet written. Connections stay open, as behind a load balancer."""
        self._channels.clear()

    def write(self) -> None:
        """Write all that waits, as Splunk does in its own time, asked or not."""
        for channel in self._channels.values():
            for _, events in channel.waiting.values():
                self.indexed += events
            channel.waiting.clear()

    def take(self, call: Call) -> web.Response:
        """Do what a POST asks for."""
        token = call.request.headers.get("Authorization", "").removeprefix("Splunk ")
        rule = self.tokens[token]
        channel = _channel_of(call.request)
        raw = "/raw" in call.request.path
        if (raw or rule.acknowledges) and (code := _channel_code(channel)):
            return reply(code)
        if len(call.body) > self.max_content_length:
            return web.Response(status=413, text="Content-Length too big")
        if not call.body.strip():
            return reply(5)
        events, code = _lines(call) if raw else _events(call.body, rule)
        taken = [{**event, "token": token} for event in events]
        if code:
            self.indexed += taken
            return reply(code, invalid_event_number=len(events))
        if not rule.acknowledges:
            self.indexed += taken
            return reply(0)
        return reply(0, ackId=self._numbered(token, channel, taken))

    def _numbered(self, token: str, channel: str, taken: list[dict[str, Any]]) -> int:
        self.channels_seen.add(channel)
        known = self._channels[token, channel]
        number = known.next_number
        known.next_number += 1
        known.waiting[number] = (0, taken)
        return number

    async def _post(self, request: web.Request) -> web.Response:
        self.calls.append(request)
        body = await request.read()
        if code := self._token_code(request):
            return reply(code)
        encoding = request.headers.get("Content-Encoding", "")
        if encoding not in ("", "gzip"):
            return web.Response(status=415, text="unsupported encoding")
        try:
            plain = gzip.decompress(body) if encoding else body
        except (OSError, EOFError, zlib.error):
            return reply(6)
        call = Call(self, request, plain)
        return await (self.faults.popleft()(call) if self.faults else call.answer())

    async def _acks(self, request: web.Request) -> web.Response:
        body = await request.read()
        if code := self._token_code(request):
            return reply(code)
        if self.ack_answer is not None:
            return self.ack_answer()
        token = request.headers["Authorization"].removeprefix("Splunk ")
        if not self.tokens[token].acknowledges:
            return reply(14)
        channel = _channel_of(request)
        if code := _channel_code(channel):
            return reply(code)
        numbers = json.loads(body)["acks"]
        assert numbers
        assert all(type(number) is int for number in numbers)
        self.asked.append(numbers)
        return web.json_response({"acks": {str(number): self._ask(token, channel, number) for number in numbers}})

    def _ask(self, token: str, channel: str, number: int) -> bool:
        waiting = self._channels[token, channel].waiting
        if number not in waiting or self.acks_after is None:
            return False
        asked, events = waiting[number]
        if asked + 1 < self.acks_after:
            waiting[number] = (asked + 1, events)
            return False
        del waiting[number]  # told once, then forgotten
        self.indexed += events
        return True

    async def _health(self, _: web.Request) -> web.Response:
        return reply(self.health)

    def _token_code(self, request: web.Request) -> int:
        given = request.headers.get("Authorization", "")
        if not given:
            return 2
        scheme, _, token = given.partition(" ")
        if scheme != "Splunk" or not token:
            return 3
        rule = self.tokens.get(token)
        return 4 if rule is None else 0 if rule.enabled else 1


def reply(code: int, headers: Mapping[str, str] | None = None, **more: int) -> web.Response:
    """An answer of HEC by its code."""
    status, text = _STATUS[code]
    said = {name.replace("_", "-"): value for name, value in more.items()}
    return web.json_response({"text": text, "code": code, **said}, status=status, headers=headers)


def _channel_of(request: web.Request) -> str:
    return request.headers.get("X-Splunk-Request-Channel", "") or request.query.get("channel", "")


def _channel_code(channel: str) -> int:
    if not channel:
        return 10
    try:
        return 0 if str(UUID(channel)) == channel.lower() else 11
    except ValueError:
        return 11


def _lines(call: Call) -> tuple[list[dict[str, Any]], int]:
    named = {name: call.request.query[name] for name in _TEXTS if name in call.request.query}
    return [{**named, "event": line} for line in call.body.decode().split("\n") if line.strip()], 0


def _events(body: bytes, rule: TokenRule) -> tuple[list[dict[str, Any]], int]:
    """The events up to the first that is wrong, and its code."""
    text, at = body.decode(), 0
    found: list[dict[str, Any]] = []
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    while rest := text[at:].lstrip() if at < len(text) else "":
        at = len(text) - len(rest)
        try:
            event, at = decoder.raw_decode(text, at)
        except ValueError:
            return found, 6
        if code := _event_code(event, rule):
            return found, code
        found.append(event)
    return found, 0


def _event_code(event: Any, rule: TokenRule) -> int:
    if not isinstance(event, dict) or not event.keys() <= _KEYS:
        return 6
    if "event" not in event or event["event"] is None:
        return 12
    if isinstance(event["event"], str) and not event["event"].strip():
        return 13
    if not all(isinstance(event.get(name, ""), str) for name in _TEXTS) or not _is_time(event.get("time", 0)):
        return 6
    if not _are_fields(event.get("fields", {})):
        return 15
    return 7 if rule.indexes and event.get("index") and event["index"] not in rule.indexes else 0


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) or (isinstance(value, str) and _TIME.fullmatch(value) is not None)


def _are_fields(fields: Any) -> bool:
    if not isinstance(fields, dict):
        return False
    return all(_are_scalars(value) if isinstance(value, list) else _are_scalars([value]) for value in fields.values())


def _are_scalars(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str | int | float) for value in values)


def _no_constant(name: str) -> float:
    raise ValueError(name)


async def lost_answer(call: Call) -> web.Response:
    """Splunk has it; nobody hears of it."""
    await call.answer()
    return await call.hang_up()


async def cut_request(call: Call) -> web.Response:
    """The connection breaks, and nothing was taken."""
    return await call.hang_up()


async def passes(call: Call) -> web.Response:
    """A good call."""
    return await call.answer()


def says(code: int, headers: Mapping[str, str] | None = None) -> Fault:
    """An answer instead of the work."""

    async def fault(_: Call) -> web.Response:
        return reply(code, headers)

    return fault


def stalls(secs: float) -> Fault:
    """Splunk has it; the answer comes late."""

    async def fault(call: Call) -> web.Response:
        answer = await call.answer()
        await asyncio.sleep(secs)
        return answer

    return fault


async def restarts(call: Call) -> web.Response:
    """Splunk restarts, then takes it: its number is one that was given before."""
    call.splunk.restart()
    return await call.answer()


def cut_answer(size: int) -> Fault:
    """Splunk has it; the connection breaks after so many bytes of the answer."""

    async def fault(call: Call) -> web.Response:
        await call.answer()
        transport = call.request.transport
        assert transport is not None
        transport.write(
            b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{"text"'[:size]
        )
        transport.close()
        raise asyncio.CancelledError

    return fault
