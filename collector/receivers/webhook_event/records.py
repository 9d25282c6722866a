"""A webhook to one OTLP request, as the Collector's receiver maps it.

resource                parameters of the query
scope                   `otlp/webhook_event`, with attributes `source` (the receiver's id) and `receiver`
body                    the request's body, a line of it, or a JSON document of it
attributes              `header.<Name>`: a list of values
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl

import re2

from collector.ingress.shown_headers import is_secret
from collector.matchers import re2_options
from collector.receivers.webhook_event.config import WebhookEventConfig
from collector.release import release
from otlp_wire import Received, Repairs
from otlp_wire.inspection import bounded, byte_gate, check_records
from otlp_wire.record_writing import attribute_field, body_field, request, scope_field

_DECODER = json.JSONDecoder()
_SPACES = " \t\r\n"
_MOST_PARAMETERS = 50
_TYPE = "webhook_event"
Split = Callable[[str], list[str]]


class Around(NamedTuple):
    """What a request says besides its body: the resource of its records, and their attributes on the wire."""

    resource: tuple[tuple[str, str], ...]
    attributes: bytes

    @property
    def variant(self) -> str:
        """The same bytes with another one are no duplicate."""
        return f"{self.resource!r}{self.attributes.hex()}" if self.resource or self.attributes else ""


class WebhookRecords:
    """What the options say of requests.

    Args:
        id: of the receiver.
    """

    def __init__(self, config: WebhookEventConfig, id: str) -> None:  # noqa: A002  the name it has in the configuration
        wanted = config.header_attribute_regex
        self._headers = re2.compile(wanted, re2_options()) if wanted or config.convert_headers_to_attributes else None
        self._hidden = frozenset(header.key.lower() for header in config.required()) | {"host"}
        self._secret_parameters = frozenset(config.auth.request_params if config.auth is not None else ())
        self._scope = scope_field(f"otlp/{_TYPE}", release(), {"source": id, "receiver": _TYPE})
        self._split: Split = (
            _lines if config.split_logs_at_newline else _documents if config.split_logs_at_json_boundary else _whole
        )

    def around(self, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Around:
        """Of the parts of a request."""
        pairs = parse_qsl(query.decode("latin-1"))[:_MOST_PARAMETERS] if query else []
        shown = {name: value for name, value in reversed(pairs) if name not in self._secret_parameters}
        return Around(tuple(shown.items()), self._attributes(headers) if self._headers else b"")

    def received(self, body: bytes, around: Around) -> Received:
        """What admission keeps. Raises `TooLarge`."""
        with byte_gate(len(body)):
            texts = self._split(body.decode("utf-8", "replace"))
            check_records(len(texts))
            records = bounded((body_field(text) + around.attributes for text in texts), len(body))
            content = request({around.resource: records}, self._scope) if records else b""
            return Received(content, len(records), 2 if records else 0, Repairs())

    def _attributes(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        assert self._headers is not None
        found: dict[str, list[str]] = {}
        for key, value in headers:
            lower = key.decode("latin-1")
            name = _canonical(lower)
            if lower not in self._hidden and not is_secret(lower) and self._headers.search(name):
                found.setdefault(f"header.{name}", []).append(value.decode("latin-1"))
        return b"".join(attribute_field(name, values) for name, values in found.items())


def _canonical(name: str) -> str:
    """As Go writes it: `x-github-event` is `X-Github-Event`."""
    return "-".join(part[:1].upper() + part[1:] for part in name.split("-"))


def _whole(text: str) -> list[str]:
    return [text]


def _lines(text: str) -> list[str]:
    check_records(text.count("\n"))
    return [line for line in text.split("\n") if line.strip()]


def _documents(text: str) -> list[str]:
    """The JSON documents as they stand there; what follows the last one, if it is none, is one more text."""
    found: list[str] = []
    at = _start(text, 0)
    while at < len(text):
        try:
            _, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = len(text)
        found.append(text[at:end])
        check_records(len(found))
        at = _start(text, end)
    return found


def _start(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACES:
        at += 1
    return at
