"""Reading a request's body: bounded in bytes, and counted against the bytes in flight while it arrives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from collector.errors import InvalidPayload
from collector.receivers.otlp.content_encoding import too_large
from collector.receivers.otlp.door import Door

_UNCOUNTED_BYTES = 64 << 10
Receive = Callable[[], Awaitable[Any]]


class SenderGone(Exception):
    """The connection ended before the body did; nobody waits for an answer."""


async def read_body(receive: Receive, content_length: bytes | None, limit: int, door: Door) -> bytes:
    """The whole body as it is on the wire.

    Raises `TooLarge` over `limit` bytes (what is left is thrown away unread), `Unavailable` when too much is in
    flight, `SenderGone`.
    """
    declared = _declared(content_length)
    if declared is not None and declared > limit:
        raise too_large(limit)
    if declared is None or declared <= _UNCOUNTED_BYTES:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            return _whole(message["body"], limit)
        return await _counted(message, receive, limit if declared is None else declared, limit, door)
    return await _counted(None, receive, declared, limit, door)


def _whole(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise too_large(limit)
    return body


async def _counted(message: Any, receive: Receive, held: int, limit: int, door: Door) -> bytes:
    """The body whose first part is `message`, counted as `held` bytes while it arrives."""
    door.hold(held)
    try:
        return await _collect(message or await receive(), receive, limit)
    finally:
        door.release(held)


async def _collect(message: Any, receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    room = limit
    while True:
        if message["type"] != "http.request":
            raise SenderGone
        part: bytes = message["body"]
        room -= len(part)
        if room < 0:
            raise too_large(limit)
        if not message.get("more_body"):
            return b"".join((*parts, part)) if parts else part
        parts.append(part)
        message = await receive()


def _declared(content_length: bytes | None) -> int | None:
    if content_length is None:
        return None
    if not content_length.isdigit():
        raise InvalidPayload("Content-Length is not a number")
    return int(content_length)
