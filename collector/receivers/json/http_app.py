"""A request to the `json` receiver:

preflight ► who sends ► path ► method ► encoding ► body ► its shape (`routes.py`) ► admission ► answer
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from collector.admission.admission import Notice
from collector.admission.entrance import Entrance
from collector.errors import Refusal
from collector.ingress.http_app import Headers, HttpApp
from collector.ingress.http_request import HttpRequest
from collector.ingress.http_response import Response
from collector.receivers.json.answers import HEALTHY, problem, refused, taken
from collector.receivers.json.config import JsonReceiverConfig
from collector.receivers.json.routes import Post, ShapeAtPath, routes
from collector.receivers.json.taking import Taking, read_by
from collector.transport.serving.http_body import Receive, read_body
from collector.transport.serving.turns import Turns

_INLINE_BYTES = 8 << 10
_GZIP = b"\x1f\x8b\x08"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")  # no JSON or text begins so: "x" and what is no letter
_EITHER = "gzip,deflate"
_GELF = {b"gzip", b"deflate"}


class JsonHttpApp(HttpApp):
    """The ASGI callable of a `json` receiver."""

    def __init__(self, config: JsonReceiverConfig, entrance: Entrance, turns: Turns) -> None:
        super().__init__(config, entrance, turns)
        self._routes = routes(config)
        self._health_path = config.webhook.health_path if "webhook" in config.formats else ""
        self._skip = config.on_error == "skip"

    async def respond(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """One request."""
        path, method = scope["path"], scope["method"]
        if method == "GET" and path == self._health_path:
            return HEALTHY
        request = HttpRequest(scope, headers)
        credential = self.credential(scope, headers, request)
        route = self._routes.get(path) or self._routes.get(path.rpartition("/")[0] + "/*")
        if route is None:
            return problem(404, f"nothing is taken at this path: post to {', '.join(sorted(self._routes))}")
        if method != "POST":
            return problem(405, "only POST is taken", headers=((b"allow", b"POST"),))
        if route.required is not None and headers.get(route.required[0]) != route.required[1]:
            return problem(401, "the header that is required is missing, or another one")
        post = Post.of(headers, scope["query_string"])
        encoding = self._named(headers, request.peer())
        limit = self.limit_of(credential, route.max_bytes)
        body = await read_body(receive, headers.get(b"content-length"), limit)
        if encoding == _EITHER or not (encoding or post.binary):
            encoding = _seen(body)
        taking = Taking(self._skip or post.parameters.get("on_error") == "skip")
        read = read_by(route.reader(post, encoding), taking)
        submit = partial(self.entrance.submit, request, credential=credential, read=read, variant=post.variant)
        given = "" if route.unpacks(post) else encoding
        outcome = await self.admitted(scope["sender"], submit, given, body, _inline, limit)
        return self._answer(route, taking, outcome)

    def refused(self, refusal: Refusal, headers: Headers) -> Response:  # noqa: ARG002 - one form for all senders
        """A problem."""
        return refused(refusal)

    def _named(self, headers: Headers, peer: str) -> str:
        """The encoding that the sender names; `_EITHER` where it names both that GELF knows (pygelf does) and means one."""
        named = headers.get(b"content-encoding")
        if named is None:
            return ""
        return _EITHER if set(named.replace(b" ", b"").lower().split(b",")) == _GELF else self.encoding(headers, peer)

    def _answer(self, route: ShapeAtPath, taking: Taking, outcome: Refusal | Notice | None) -> Response:
        return refused(outcome) if isinstance(outcome, Refusal) else taken(route.status, taking, outcome)


def _seen(body: bytes) -> str:
    """The encoding by a body's first bytes: some senders compress and don't say so, or say two."""
    if body.startswith(_GZIP):
        return "gzip"
    return "deflate" if body[:2] in _ZLIB else ""


def _inline(_encoding: str) -> int:
    return _INLINE_BYTES
