"""The options of the `webhook_event` receiver: an HTTP listener's, who may post, and what of a request is a record."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

import re2
from pydantic import Field, SecretStr, field_validator, model_validator

from collector.ingress.listener_config import ListenerConfig
from collector.ingress.required_header import RequiredHeader
from collector.matchers import re2_options
from collector.transport.block import Block
from collector.transport.probe import Probe


class HmacSignature(Block):
    """The `hmac_signature:` block: a header holds the HMAC-SHA256 of the body in hexadecimal digits, as GitHub sends it."""

    secret: SecretStr = Field(min_length=1)
    """What the sender signs with; never shown."""
    header: str = Field(min_length=1)
    """Name of the header, such as `X-Hub-Signature-256`."""
    prefix: str = ""
    """What stands in front of the digits, such as `sha256=`."""


class WebhookEventConfig(ListenerConfig):
    """Options of the `webhook_event` receiver."""

    probed: ClassVar[tuple[str, str]] = ("webhook_event", "")

    endpoint: str
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    path: str = "/events"
    """Where webhooks are posted to."""
    health_path: str = "/health_check"
    """Answered 200 to whoever asks with GET."""
    required_header: RequiredHeader | None = None
    """A header without which a webhook is refused (401)."""
    required_headers: list[RequiredHeader] = []
    """Several such headers; each must be there."""
    hmac_signature: HmacSignature | None = None
    """A signature without which a webhook is refused (401)."""
    split_logs_at_newline: bool = False
    """A record a line; else the whole body is one."""
    split_logs_at_json_boundary: bool = False
    """A record for each JSON document of the body, as it stands there."""
    convert_headers_to_attributes: bool = False
    """Request headers become attributes `header.<Name>`, but for those that are required, and those that carry credentials."""
    header_attribute_regex: str = ""
    """Only headers whose name has a match of this expression (RE2); without `convert_headers_to_attributes` it turns that on."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may send, and that needs no warning; never with several domains."""

    @field_validator("required_header", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        """The Collector takes a block without key and value for none."""
        return None if isinstance(value, dict) and not any(value.values()) else value

    @field_validator("path", "health_path")
    @classmethod
    def _absolute(cls, value: str) -> str:
        return value if value.startswith("/") else f"/{value}"

    @field_validator("header_attribute_regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re2.compile(value, re2_options())
        except re2.error as error:
            raise ValueError(f"not an expression of RE2: {error}") from None
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.split_logs_at_newline and self.split_logs_at_json_boundary:
            raise ValueError("split_logs_at_newline and split_logs_at_json_boundary exclude each other")
        if self.path == self.health_path:
            raise ValueError("path and health_path must be different paths")
        return self

    def required(self) -> list[RequiredHeader]:
        """All headers that must be there."""
        return [*([self.required_header] if self.required_header else []), *self.required_headers]

    def probes(self) -> dict[str, Probe]:
        """See `ListenerConfig.probes`; an empty webhook would be a refusal, and counted as one."""
        return {
            protocol: replace(probe, path=self.health_path, method="GET")
            for protocol, probe in super().probes().items()
        }
