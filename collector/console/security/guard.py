"""The ASGI layer around all routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import Message

from collector.console.parts import Parts
from collector.console.security.headers import HEADERS, UNKEPT
from collector.console.visitor import LOCAL
from collector.transport.serving.http_server import App

Send = Callable[[Message], Awaitable[None]]


def guarded(app: Any, parts: Parts) -> App:
    """`app`, with `request.state.visitor` set, and the headers of `headers.py` in each answer."""

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["visitor"] = LOCAL
        if base := parts.options.base_path:
            _strip(scope, base)
        await app(scope, receive, _with_headers(send))

    return guard


def _strip(scope: dict[str, Any], base: str) -> None:
    """Routes are below the prefix that a proxy leaves in the path."""
    scope["root_path"] = base


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            kept = () if b"cache-control" in given else (UNKEPT,)
            message["headers"] = [*message.get("headers", ()), *HEADERS, *kept]
        await send(message)

    return answer
