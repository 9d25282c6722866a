"""The ASGI layer around all routes: host ► where a change comes from ► who asks, and whether they may change ► route; and the headers of every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message

from collector.console.parts import Parts
from collector.console.refusal import Refused, problem
from collector.console.security.headers import HEADERS, UNKEPT
from collector.console.security.hosts import is_ours
from collector.console.security.origins import CHANGING, from_our_pages
from collector.console.visitor import LOCAL, Role
from collector.transport.serving.http_server import App

Send = Callable[[Message], Awaitable[None]]

_ANOTHER_HOST = Refused(
    421, "the console is not asked for by this name: names of this machine, and those of the option hosts"
)
_FROM_ELSEWHERE = Refused(
    403, "a change is taken from the console's own pages, or from programs: not from pages of others"
)
_VIEWER = Refused(403, "a viewer may look: to change something takes the role operator")
OF_VISITOR = "/display"
"""The one change that concerns nobody but who makes it: how pages look."""
ASKED_BY_POST = "/mcp"
"""Where a POST is a question; what changes something there looks at the role itself."""


def guarded(app: Any, parts: Parts) -> App:
    """`app`, with `request.state.visitor` set, and the headers of `headers.py` in each answer."""
    allowed = frozenset(name.lower() for name in parts.options.hosts)

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        answer, headers = _with_headers(send), Headers(scope=scope)
        refused = _refused(scope["method"], headers, allowed)
        if refused is not None:
            await problem(refused)(scope, receive, answer)
            return
        visitor = scope.setdefault("state", {})["visitor"] = LOCAL
        scope["root_path"] = base = parts.options.base_path
        if (
            scope["method"] in CHANGING
            and visitor.role < Role.OPERATOR
            and scope["path"] not in (base + OF_VISITOR, base + ASKED_BY_POST)
        ):
            await problem(_VIEWER)(scope, receive, answer)
            return
        await app(scope, receive, answer)

    return guard


def _refused(method: str, headers: Headers, allowed: frozenset[str]) -> Refused | None:
    if not is_ours(headers.get("host", ""), allowed):
        return _ANOTHER_HOST
    return _FROM_ELSEWHERE if method in CHANGING and not from_our_pages(headers) else None


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            kept = () if b"cache-control" in given else (UNKEPT,)
            message["headers"] = [*message.get("headers", ()), *HEADERS, *kept]
        await send(message)

    return answer
