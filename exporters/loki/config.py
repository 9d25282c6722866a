"""Options of the `loki` exporter: those of the Collector's, which was removed there."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from collector.component import Config
from collector.delivery.config import DeliveryConfig, QueueConfig
from collector.delivery.routing_options import RoutingOptions
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin
from collector.units import ByteSize
from exporters.loki.names import normalized

LineFormat = Literal["json", "logfmt", "raw"]
_PUSH = "/loki/api/v1/push"


def _label(name: str) -> str:
    if normalized(name) != name:
        raise ValueError(f"Loki takes no label of this name: write {normalized(name)}")
    return name


class DefaultLabels(Config):
    """`default_labels_enabled`."""

    exporter: bool = True
    """`exporter="OTLP"`."""
    job: bool = True
    """`job`: `service.namespace/service.name`, or the name alone."""
    instance: bool = True
    """`instance`: `service.instance.id`."""
    level: bool = True
    """`level`: the attribute of that name, else the severity (`INFO`, `WARN2`)."""


class LokiQueueConfig(QueueConfig):
    """`sending_queue`."""

    max_request_bytes: ByteSize = Field(3 << 20, ge=1024)
    """Cut requests near this (uncompressed, estimated) size; Loki takes 4 MiB a second of a tenant, by its defaults."""


class LokiConfig(HttpClientConfig, RoutingOptions, DeliveryConfig):
    """An HTTP client, delivery, and what becomes a label."""

    endpoint: str = Field(..., min_length=1)
    """Where to push to: `http://loki:3100/loki/api/v1/push`; a URL without a path gets that one."""
    compression: Literal["gzip", "none", ""] = "gzip"
    """Of request bodies."""
    sending_queue: LokiQueueConfig = LokiQueueConfig()
    """Queue, batching and quota."""
    default_labels_enabled: DefaultLabels = DefaultLabels()
    """Labels that are there without a hint."""
    labels: dict[Annotated[str, AfterValidator(_label)], str] = {}
    """Fixed labels of every stream: `cluster: eu1`."""
    format: LineFormat = "json"
    """How lines are written where no hint `loki.format` says it."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        secret = bool(self.headers) or self.auth is not None
        if secret and leaves_in_the_clear(self.endpoint):
            raise ValueError("what `headers` or `auth` hold would travel over http:// to another machine: use https://")
        return self

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.endpoint)

    @property
    def url(self) -> str:
        """Where streams are posted to."""
        base = self.endpoint.rstrip("/")
        return base if base.count("/") > 2 else base + _PUSH
