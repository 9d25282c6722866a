"""Reading a request's body: bounded in bytes, and counted against the bytes in flight while it arrives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from collector.errors import InvalidPayload
from collector.receivers.otlp.content_encoding import too_large
from collector.receivers.otlp.door import Door

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
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message["body"]
        if len(body) > limit:
            raise too_large(limit)
        return body
    held = limit if declared is None else declared
    door.hold(held)
    try:
        return await _collect(message, receive, limit)
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
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


def _declared(content_length: bytes | None) -> int | None:
    if content_length is None:
        return None
    if not content_length.isdigit():
        raise InvalidPayload("Content-Length is not a number")
    return int(content_length)
