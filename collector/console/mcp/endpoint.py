"""`/mcp` of the console: streamable HTTP without sessions, a request and its answer. Whoever comes here has passed the guard, so it knows who
asks; what it is told is theirs alone."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

from starlette.requests import Request

from collector.console.mcp.tools import Caller
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused, problem
from collector.console.visitor import Role

_MOST_BYTES = 256 << 10
_OFF = Refused(404, "the option `mcp` of the extension console is off")
_ABSENT = Refused(501, "this needs the MCP SDK, which is not installed: pip install 'logboom[mcp]'")
_POST = Refused(405, "agents POST their requests here; there is no stream to listen to")


class Endpoint:
    """An ASGI application: answers are made by the SDK, not by a route's handler."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        request = Request(scope)
        options = parts(request).options
        refused = _refused(request.method, on=options.mcp)
        if refused is not None:
            answer = problem(refused)
            answer.headers["allow"] = "POST"
            await answer(scope, receive, send)
            return
        manager, server = await asyncio.to_thread(_loaded)
        caller = Caller(parts(request), visitor(request))
        decisions = options.mcp_decisions and caller.visitor.role >= Role.OPERATOR
        made = manager(
            server(caller, decisions=decisions), json_response=True, stateless=True, max_request_body_size=_MOST_BYTES
        )
        async with made.run():
            await made.handle_request(scope, receive, send)


def _loaded() -> tuple[Any, Any]:
    """The SDK, a second of CPU: other requests go on meanwhile."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from collector.console.mcp.server import server

    return StreamableHTTPSessionManager, server


def _refused(method: str, *, on: bool) -> Refused | None:
    if not on:
        return _OFF
    if importlib.util.find_spec("mcp") is None:
        return _ABSENT
    return None if method == "POST" else _POST
