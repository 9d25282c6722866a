"""A request to the `webhook_event` receiver:

preflight ► (health) ► who sends ► path ► method ► required headers ► body ► signature ► admission ► answer
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from collector.admission.entrance import Entrance
from collector.errors import InvalidPayload, Refusal, Unauthenticated
from collector.ingress.http_app import Headers, HttpApp, UnsupportedEncoding
from collector.ingress.http_request import HttpRequest
from collector.ingress.http_response import METHOD_NOT_ALLOWED, NOT_FOUND, Response, refusal_headers
from collector.ingress.refusals import answer
from collector.receivers.webhook_event.config import HmacSignature, WebhookEventConfig
from collector.receivers.webhook_event.records import WebhookRecords
from collector.transport.serving.http_body import Receive
from collector.transport.serving.turns import Turns
from otlp_wire import Received

_JSON = b"application/json"
_HEALTHY = Response(200, _JSON, b'{"text": "Webhookevent receiver is healthy"}')
_TAKEN = Response(200, b"", b"")


class WebhookEventHttpApp(HttpApp):
    """The ASGI callable of a `webhook_event` receiver.

    Args:
        id: of the receiver.
    """

    def __init__(self, config: WebhookEventConfig, entrance: Entrance, turns: Turns, id: str) -> None:  # noqa: A002
        super().__init__(config, entrance, turns)
        self._path, self._health_path = config.path, config.health_path
        self._required = [
            (header.key.lower().encode("latin-1"), header.value.get_secret_value().encode())
            for header in config.required()
        ]
        self._signature = config.hmac_signature
        self._webhooks = WebhookRecords(config, id)

    async def respond(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """One request."""
        path, method = scope["path"], scope["method"]
        if path == self._health_path and method == "GET":
            return _HEALTHY
        request = HttpRequest(scope, headers)
        credential = self.credential(scope, headers, request)
        if path != self._path:
            return NOT_FOUND
        if method != "POST":
            return METHOD_NOT_ALLOWED
        if not all([hmac.compare_digest(headers.get(key, b""), value) for key, value in self._required]):  # noqa: C419 - as long for each
            return _said(401, "request was missing required header or incorrect header value")
        if headers.get(b"content-length") == b"0":
            return _said(400, "request body content length is zero")
        around = self._webhooks.around(scope["query_string"], scope["headers"])

        def read(body: bytes) -> Received:
            if self._signature is not None:
                _check_signed(self._signature, headers, body)
            if not body:
                raise InvalidPayload("request body content length is zero")
            return self._webhooks.received(body, around)

        outcome = await self.kept(scope, request, credential, headers, receive, lambda *_: read, around.variant)
        return _refused(outcome) if isinstance(outcome, Refusal) else _TAKEN

    def refused(self, refusal: Refusal, headers: Headers) -> Response:  # noqa: ARG002 - one form for all
        """A sentence, as JSON."""
        return _refused(refusal)


def _check_signed(signature: HmacSignature, headers: Headers, body: bytes) -> None:
    """Raises `Unauthenticated`."""
    wanted = signature.prefix + hmac.new(signature.secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
    given = headers.get(signature.header.lower().encode("latin-1"), b"").strip()
    if not hmac.compare_digest(given, wanted.encode()):
        raise Unauthenticated(f"{signature.header} is missing or wrong", (), cause="signature")


def _said(status: int, text: str) -> Response:
    return Response(status, _JSON, orjson.dumps(text))


def _refused(refusal: Refusal) -> Response:
    """Nothing was kept."""
    told = answer(refusal)
    status = 415 if isinstance(refusal, UnsupportedEncoding) else told.http_status
    return Response(status, _JSON, orjson.dumps(told.message), refusal_headers(refusal, told))
