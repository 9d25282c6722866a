"""The ASGI layer around all routes: host ► where a change comes from ► who asks, and whether they may change ► route; and the headers of every answer."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message

from collector.console.login.facts import Facts
from collector.console.metering import HEADER as ROWS_READ
from collector.console.metering import metered
from collector.console.parts import Parts
from collector.console.reads import Reader, begin
from collector.console.refusal import Refused, problem
from collector.console.security.headers import HEADERS, UNKEPT
from collector.console.security.hosts import is_ours
from collector.console.security.login import Entered, entered
from collector.console.security.origins import CHANGING, OPENING, from_our_pages
from collector.console.security.watching import Watched
from collector.console.unmasking import NOT_THEIRS, PATHS
from collector.console.visitor import LOCAL, Role, Visitor
from collector.domains.senders import Senders
from collector.transport.serving.http_server import App

_BY = {"/api/": "api", "/loki/": "loki", "/mcp": "mcp"}
Send = Callable[[Message], Awaitable[None]]

_ANOTHER_HOST = Refused(
    421,
    "the console is not asked for by this name: names of this machine, that of public_url, and those of the option hosts",
)
_FROM_ELSEWHERE = Refused(
    403, "a change is taken from the console's own pages, or from programs: not from pages of others"
)
_VIEWER = Refused(403, "a viewer may look: to change something takes the role operator")
OF_VISITOR = frozenset({"/display", "/login", "/login/link", "/logout"})
"""Changes that concern nobody but who makes them."""
ASKED_BY_POST = "/mcp"
"""Where a POST is a question; what changes something there looks at the role itself."""


def guarded(app: Any, parts: Parts) -> App:
    """`app`, with `request.state.visitor` set, and the headers of `headers.py` in each answer."""
    options, senders = parts.options, Senders(parts.settings.service.domains.trusted_peers)
    allowed = None if parts.logins is not None and not options.is_local and not options.names else options.names

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        answer, headers = _with_headers(send), Headers(scope=scope)
        scope.setdefault("method", OPENING)  # a WebSocket has none
        refused = _refused(scope["method"], headers, allowed)
        if refused is not None:
            await problem(refused)(scope, receive, answer)
            return
        scope["root_path"] = base = options.base_path
        path = scope["path"].removeprefix(base)
        came = Entered(LOCAL, receive) if parts.logins is None else await entered(parts.logins, scope, receive, path)
        if not isinstance(came, Entered):
            await came(scope, receive, answer)
            return
        begin(_reader(parts, senders, came.visitor, scope, path))
        address = senders.address(Facts(scope))
        scope.setdefault("state", {}).update(
            visitor=came.visitor, address=address, token=came.token, form_token=came.form_token
        )
        refused = _not_theirs(came.visitor, path) if scope["method"] in CHANGING else None
        if refused is not None:
            await problem(refused)(scope, receive, answer)
            return
        if parts.logins is None or came.known is None:
            await app(scope, came.receive, answer)
            return
        lasts = functools.partial(asyncio.to_thread, parts.logins.lasts, came.known)
        watched = Watched(came.receive, answer, lasts)
        await app(scope, watched.receive, watched.send)

    return guard


def _reader(parts: Parts, senders: Senders, visitor: Visitor, scope: Any, path: str) -> Reader | None:
    """By whom, from where and through what records are read, if they are."""
    if parts.reads is None:
        return None
    by = next((name for front, name in _BY.items() if path.startswith(front)), "console")
    return Reader(parts.reads, visitor.name, senders.address(Facts(scope)), by, scope)


def _not_theirs(visitor: Visitor, path: str) -> Refused | None:
    """Why this visitor changes nothing there."""
    if PATHS.fullmatch(path):
        return None if visitor.privacy else NOT_THEIRS
    return _VIEWER if visitor.role < Role.OPERATOR and path not in (*OF_VISITOR, ASKED_BY_POST) else None


def _refused(method: str, headers: Headers, allowed: frozenset[str] | None) -> Refused | None:
    """`allowed`: None for any name."""
    if allowed is not None and not is_ours(headers.get("host", ""), allowed):
        return _ANOTHER_HOST
    return _FROM_ELSEWHERE if method in {*CHANGING, OPENING} and not from_our_pages(headers) else None


def _with_headers(send: Send) -> Send:
    meter = metered()

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            kept = () if b"cache-control" in given else (UNKEPT,)
            read = () if meter.rows is None else ((ROWS_READ, str(meter.rows).encode()),)
            message["headers"] = [*message.get("headers", ()), *HEADERS, *kept, *read]
        await send(message)

    return answer
