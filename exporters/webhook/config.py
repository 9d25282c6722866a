"""Options of the `webhook` exporter."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.config import DeliveryConfig, QueueConfig
from collector.documents.options import JSON_MODELS, DocumentModel, DocumentOptions
from collector.transport.compression import Compression
from collector.transport.http_client_config import HttpClientConfig, check_url, leaves_in_the_clear, origin
from collector.units import ByteSize, Duration
from exporters.webhook.signature import key_of

Status = Annotated[int, Field(ge=200, le=599)]
_TYPES = {"array": "application/json", "ndjson": "application/x-ndjson", "text": "text/plain; charset=utf-8"}


class HttpQueueConfig(QueueConfig):
    """`sending_queue`: requests that fit into `max_body_bytes` in most cases."""

    max_request_bytes: ByteSize = Field(256 << 10, ge=1024)
    """Cut requests near this (uncompressed, estimated) size. What is over `max_body_bytes` then is halved."""


class HttpConfig(HttpClientConfig, DocumentOptions, DeliveryConfig):
    """An HTTP client, delivery, and what a request looks like."""

    former_names = {"model": "format"}

    url: SecretStr = SecretStr("")
    """Where requests go. Intakes put a code into it, so it is a secret: it is never shown."""
    endpoint: str = ""
    """Another name for `url`, for URLs that may be shown."""
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    """Of requests."""
    format: DocumentModel = "json"
    """How a record is written: `json` (as it is), `ocsf`, `ecs`, `cef`, `leef`, `text` (its body)."""
    framing: Literal["ndjson", "array"] = "ndjson"
    """`ndjson`: a line a record; `array`: one JSON array, for models that are JSON."""
    content_type: str = Field("", pattern=r"^[ -~]*$")
    """`Content-Type`; empty = `application/x-ndjson`, `application/json` for arrays, `text/plain` for CEF, LEEF, text."""
    max_body_bytes: ByteSize = Field(1 << 20, ge=1024)
    """The largest body, before compression. A single record beyond it becomes a dead letter."""
    success_statuses: list[Status] = []
    """Statuses that mean delivered; empty = 200 to 299. A 2xx that is not listed blocks: somebody else answered."""
    success_body: Literal["no_page", "json", "any"] = "no_page"
    """What such an answer must hold: `no_page`: anything but an HTML page; `json`: a JSON object that is about no failure
    (`{"ok":"true"}`), or nothing; `any`: the status is enough. Else blocked: a proxy or a sign-in page answered."""
    signing_secrets: list[SecretStr] = []
    """Secrets (`whsec_` and base64 of 24 bytes or more) that requests are signed with, as Standard Webhooks says; several while one is being
    changed."""
    allow_plain_http: bool = False
    """Allow `http://` to another machine, where everybody on the way can read along."""
    timeout: Duration = 30.0
    """Time for one attempt; 0 = no limit."""
    compression: Compression = "gzip"
    """Of request bodies."""
    sending_queue: HttpQueueConfig = HttpQueueConfig()
    """Queue, batching and quota."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.url.get_secret_value()) == bool(self.endpoint):
            raise ValueError("exactly one of url and endpoint must be specified")
        check_url("url", self.address)
        self.check_credentials("url", self.address)
        if leaves_in_the_clear(self.address) and not self.allow_plain_http:
            raise ValueError(
                "logs would travel over http:// to another machine: use https://, or allow_plain_http: true"
            )
        for at, secret in enumerate(self.signing_secrets):
            try:
                key_of(secret.get_secret_value())
            except ValueError as problem:
                raise ValueError(f"signing_secrets.{at}: {problem}") from None
        if self.framing == "array" and self.format not in JSON_MODELS:
            raise ValueError(f"framing: {self.format} is not JSON, an array cannot hold it: use ndjson")
        return self

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.address)

    @property
    def address(self) -> str:
        """The URL, revealed."""
        return self.url.get_secret_value() or self.endpoint

    @property
    def media_type(self) -> str:
        """The `Content-Type`."""
        return self.content_type or _TYPES[self.framing if self.format in JSON_MODELS else "text"]
