"""Reading a request's body, bounded in bytes. What arrives is counted by the connection (`http_protocol.py`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from collector.errors import InvalidPayload
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.serving.content_encoding import too_large

Receive = Callable[[], Awaitable[Any]]


class SenderGone(Exception):
    """The connection ended before the body did; nobody waits for an answer."""


def max_body_size(config: HttpServerConfig) -> int:
    """In bytes, on the wire and again after decompression."""
    return config.max_request_body_size or 4 << 20


async def read_body(receive: Receive, content_length: bytes | None, limit: int) -> bytes:
    """The whole body as it is on the wire.

    Raises `TooLarge` over `limit` bytes (what is left is thrown away unread), `SenderGone`.
    """
    declared = _declared(content_length)
    if declared is not None and declared > limit:
        raise too_large(limit)
    parts: list[bytes] = []
    room = limit
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise SenderGone
        part: bytes = message["body"]
        room -= len(part)
        if room < 0:
            raise too_large(limit)
        if not message.get("more_body"):
            return b"".join((*parts, part)) if parts else part
        parts.append(part)


def _declared(content_length: bytes | None) -> int | None:
    if content_length is None:
        return None
    if not content_length.isdigit():
        raise InvalidPayload("Content-Length is not a number")
    return int(content_length)
