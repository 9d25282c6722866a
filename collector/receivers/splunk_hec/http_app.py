"""A request to the `splunk_hec` receiver:

preflight ► (health) ► who sends ► method ► channel ► body ► events or text, to admission; numbers ► answer
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from collector.admission.entrance import Entrance
from collector.admission.steps import Read
from collector.errors import Refusal
from collector.ingress.http_app import Headers, HttpApp
from collector.ingress.http_request import HttpRequest
from collector.ingress.http_response import Response
from collector.receivers.splunk_hec import events, raw
from collector.receivers.splunk_hec.acknowledgement import AckIds, asked, check_channel
from collector.receivers.splunk_hec.answers import Code, HecRefusal, MetricEvent, acknowledged, refused, said, told
from collector.receivers.splunk_hec.config import SplunkHecReceiverConfig
from collector.transport.serving.content_encoding import decoded
from collector.transport.serving.http_body import Receive
from collector.transport.serving.turns import Turns

_CHANNEL = b"x-splunk-request-channel"
_TOKEN = "com.splunk.hec.access_token"  # noqa: S105 - the name of an attribute
_SCHEME = b"Splunk "
_VERSION = "/1.0"
_MOST_PARAMETERS = 50
_NO_METRICS = "they hold metric events, and logboom takes logs"


class SplunkHecHttpApp(HttpApp):
    """The ASGI callable of a `splunk_hec` receiver."""

    def __init__(self, config: SplunkHecReceiverConfig, entrance: Entrance, turns: Turns) -> None:
        super().__init__(config, entrance, turns)
        self._config = config
        self._names = config.hec_metadata_to_otel_attrs
        self._numbers = AckIds() if config.ack.extension is not None else None

    async def respond(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """One request."""
        path = str(scope["path"]).removesuffix(_VERSION)
        if path == self._config.health_path:
            return told(Code.HEALTHY)
        request = HttpRequest(scope, headers)
        credential = self.credential(scope, headers, request)
        if scope["method"] != "POST":
            return said(400, 'Only "POST" method is supported')
        query = _query(scope["query_string"])
        channel = _channel(headers, query)
        if path == self._config.ack.path:
            return self._acknowledged(channel, await self._plain(request, headers, receive, self.limit_of(credential)))
        read, variant = self._raw(headers, query) if path == self._config.raw_path else self._events(headers)
        outcome = await self.kept(scope, request, credential, headers, receive, lambda *_: read, variant)
        if isinstance(outcome, Refusal):
            if isinstance(outcome, MetricEvent):
                self.entrance.remark(request.peer(), _NO_METRICS)
            return refused(outcome)
        if self._numbers is None or channel is None:
            return told(Code.SUCCESS)
        return told(Code.SUCCESS, ackId=self._numbers.next())

    def refused(self, refusal: Refusal, headers: Headers) -> Response:  # noqa: ARG002 - one form for all
        """A text and its code."""
        return refused(refusal)

    def _events(self, headers: Headers) -> tuple[Read, str]:
        beside = self._beside(headers)
        return partial(events.received, names=self._names, beside=beside), repr(beside) if beside else ""

    def _raw(self, headers: Headers, query: Mapping[str, str]) -> tuple[Read, str]:
        resource, moment = events.named(query, self._names, self._beside(headers)), raw.moment(query)
        read = partial(raw.received, resource=resource, unix_nano=moment, splitting=self._config.splitting)
        return read, f"raw {moment} {resource!r}"

    def _beside(self, headers: Headers) -> events.Resource:
        """The token, where it is to be passed on."""
        given = headers.get(b"authorization", b"")
        if not self._config.access_token_passthrough or not given.startswith(_SCHEME):
            return ()
        return ((_TOKEN, given.removeprefix(_SCHEME).decode("latin-1")),)

    async def _plain(self, request: HttpRequest, headers: Headers, receive: Receive, limit: int) -> bytes:
        encoding = self.encoding(headers, request.peer())
        return decoded(encoding, await self.encoded_body(encoding, headers, receive, limit), limit)

    def _acknowledged(self, channel: str | None, body: bytes) -> Response:
        if self._numbers is None:
            raise HecRefusal(Code.ACK_DISABLED)
        if channel is None:
            raise HecRefusal(Code.CHANNEL_MISSING)
        return acknowledged({number: self._numbers.given(number) for number in asked(body)})


def _query(text: bytes) -> dict[str, str]:
    """The first value of each parameter."""
    pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True)[:_MOST_PARAMETERS] if text else []
    return dict(reversed(pairs))


def _channel(headers: Headers, query: Mapping[str, str]) -> str | None:
    """What the sender calls its channel; None where it names none. Raises `HecRefusal` for what is no UUID."""
    given = headers.get(_CHANNEL)
    named = given.decode("latin-1") if given is not None else query.get("channel")
    if named is not None:
        check_channel(named)
    return named
