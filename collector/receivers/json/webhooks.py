"""Webhooks: the body stays text, as the Collector's `webhook_event` receiver takes it; headers may become attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.ingress.shown_headers import is_secret
from collector.receivers.json.config import WebhookConfig
from collector.receivers.json.taking import Taking
from otlp_wire.record_writing import attribute_field, body_field, plain_text


class Webhooks:
    """What the `webhook:` block says of a body."""

    def __init__(self, config: WebhookConfig) -> None:
        self._config = config
        wanted = config.header_attribute_regex
        self._headers = re.compile(wanted or ".*") if wanted or config.convert_headers_to_attributes else None

    def read(self, taking: Taking, body: bytes, headers: Mapping[bytes, bytes]) -> None:
        """The records of a body."""
        attributes = self._attributes(headers)
        for text in self._texts(taking, body):
            taking.add((), body_field(text) + attributes)

    def _texts(self, taking: Taking, body: bytes) -> list[str]:
        if self._config.split_logs_at_json_boundary:
            return [item if type(item) is str else plain_text(item) for item in taking.documents(body)]
        text = body.decode("utf-8", "replace")
        return [line for line in text.splitlines() if line.strip()] if self._config.split_logs_at_newline else [text]

    def _attributes(self, headers: Mapping[bytes, bytes]) -> bytes:
        if self._headers is None:
            return b""
        named = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items())
        wanted = self._headers
        return b"".join(
            attribute_field(f"header.{name}", value)
            for name, value in named
            if wanted.search(name) and not is_secret(name)
        )
