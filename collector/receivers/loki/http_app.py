"""A request to the `loki` receiver over HTTP:

preflight ► who sends ► path ► method ► content type ► body, to admission ► answer
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from collector.admission.entrance import Entrance
from collector.errors import Refusal
from collector.ingress.http_app import Headers, HttpApp
from collector.ingress.http_request import HttpRequest
from collector.ingress.http_response import METHOD_NOT_ALLOWED, NOT_FOUND, Response, refusal_headers
from collector.ingress.refusals import answer
from collector.receivers.loki.config import PUSH_PATH, LokiHttpConfig
from collector.receivers.loki.push import of_json, of_protobuf
from collector.transport.serving.http_body import Receive
from collector.transport.serving.turns import Turns

_JSON, _PROTOBUF = b"application/json", b"application/x-protobuf"
_TAKEN = Response(204, b"", b"")
_UNSUPPORTED = Response(
    415, b"text/plain", b"415 unsupported media type, supported: [application/json, application/x-protobuf]"
)


class LokiHttpApp(HttpApp):
    """The ASGI callable of the `http:` block.

    Args:
        keeps_time: records have the times that their senders give them.
    """

    def __init__(self, config: LokiHttpConfig, entrance: Entrance, turns: Turns, keeps_time: bool) -> None:
        super().__init__(config, entrance, turns)
        self._of_json = partial(of_json, keeps_time=keeps_time)
        self._of_protobuf = partial(of_protobuf, keeps_time=keeps_time)

    async def respond(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """One request."""
        request = HttpRequest(scope, headers)
        credential = self.credential(scope, headers, request)
        if scope["path"] != PUSH_PATH:
            return NOT_FOUND
        if scope["method"] != "POST":
            return METHOD_NOT_ALLOWED
        media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media not in (_JSON, _PROTOBUF):
            return _UNSUPPORTED
        packed = media == _PROTOBUF

        outcome = await self.kept(
            scope, request, credential, headers, receive,
            lambda encoding, limit: partial(self._of_protobuf, encoding=encoding, limit=limit) if packed else self._of_json,
            unpacks=packed,
        )  # fmt: skip
        return _refused(outcome) if isinstance(outcome, Refusal) else _TAKEN

    def refused(self, refusal: Refusal, headers: Headers) -> Response:  # noqa: ARG002 - one form for all
        """A sentence."""
        return _refused(refusal)


def _refused(refusal: Refusal) -> Response:
    """Nothing was kept."""
    told = answer(refusal)
    text = f"{told.message}\n".encode()
    return Response(told.http_status, b"text/plain; charset=utf-8", text, refusal_headers(refusal, told))
