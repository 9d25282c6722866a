"""The options of the `json` receiver: an HTTP listener's, and which shapes it takes."""

from __future__ import annotations

import re
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.ingress.listener_config import ListenerConfig
from collector.ingress.required_header import RequiredHeader
from collector.transport.block import Block
from collector.units import ByteSize

Format = Literal["logs", "loki", "datadog", "gelf", "cloudflare_logpush", "cloudflare_tail", "otlp", "webhook"]
FORMATS: tuple[Format, ...] = (
    "logs", "loki", "datadog", "gelf", "cloudflare_logpush", "cloudflare_tail", "otlp", "webhook",
)  # fmt: skip


class WebhookConfig(Block):
    """The `webhook:` block: texts that stay as they are, as the Collector's `webhook_event` receiver takes them."""

    path: str = "/events"
    """Where they are posted to."""
    health_path: str = "/health_check"
    """Answered 200 to whoever asks with GET."""
    required_header: RequiredHeader | None = None
    """A header without which a webhook is refused (401)."""
    split_logs_at_newline: bool = False
    """A record a line; else the whole body is one."""
    split_logs_at_json_boundary: bool = False
    """A record for each JSON object of the body."""
    convert_headers_to_attributes: bool = False
    """Request headers become attributes `header.<name>`; those that carry credentials never do."""
    header_attribute_regex: str = ""
    """Only the headers whose name this expression matches; without `convert_headers_to_attributes` it turns that on."""

    @field_validator("header_attribute_regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _one_split(self) -> Self:
        if self.split_logs_at_newline and self.split_logs_at_json_boundary:
            raise ValueError("split_logs_at_newline and split_logs_at_json_boundary exclude each other")
        return self


class JsonReceiverConfig(ListenerConfig):
    """Options of the `json` receiver."""

    probed: ClassVar[tuple[str, str]] = ("json", "/logs")  # an empty request is taken, and no record

    endpoint: str = "localhost:8081"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    formats: list[Format] = list(FORMATS)
    """The shapes that are taken; the paths of others are answered 404."""
    on_error: Literal["refuse", "skip"] = "refuse"
    """A line or record that can't be read refuses the whole request, which is answered with its number (`refuse`), or is left out and
    counted (`skip`). A sender chooses with `?on_error=skip`."""
    max_logpush_size: ByteSize = Field(16 << 20, ge=0)
    """As `max_request_body_size`, for uploads of Cloudflare Logpush (`max_upload_bytes` is at least 5 MB there)."""
    webhook: WebhookConfig = WebhookConfig()
    """Texts that stay as they are."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may send logs, and that needs no warning; never with several domains."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.formats:
            raise ValueError("formats: name at least one of " + ", ".join(FORMATS))
        return self
