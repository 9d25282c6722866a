"""Options of the `azure_monitor` exporter: those of the Collector's."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from collector.component import Config
from collector.delivery.config import BatchConfig, DeliveryConfig, QueueConfig
from collector.transport.http_client_config import HttpClientConfig, origin
from collector.units import ByteSize, Duration
from exporters.azure_monitor.connection import GLOBAL, Connection, connection, track

ITEMS = 64_000
"""What one call may hold."""
VARIABLE = "APPLICATIONINSIGHTS_CONNECTION_STRING"
Source = Annotated[str, Field(min_length=1)]
"""An attribute of the resource where it has a dot, else the text itself."""


def _stripped(text: SecretStr) -> SecretStr:
    return SecretStr(text.get_secret_value().strip())


class TagMappings(Config):
    """`tag_mappings`: of each list the first source that says something."""

    cloud_role_instance: list[Source] = Field(["service.instance.id"], min_length=1)
    """`cloud_RoleInstance`: attributes of the resource (what has a dot), or a text."""
    application_version: list[Source] = Field(["service.version"], min_length=1)
    """`application_Version`, in the same way."""


class AzureMonitorBatchConfig(BatchConfig):
    """`sending_queue.batch`."""

    flush_timeout: Duration = 1.0
    """Send what there is after this time, even if it is less than `min_size`."""
    min_size: int = Field(1024, ge=0)
    """Wait for this much."""
    max_size: int = Field(1024, ge=1, le=ITEMS)
    """Cut requests at this size."""
    sizer: Literal["items"] = "items"
    """Sizes count records."""


class AzureMonitorQueueConfig(QueueConfig):
    """`sending_queue`: a call holds 64,000 items at most."""

    max_request_bytes: ByteSize = Field(3 << 20, ge=1024)
    """Cut requests near this (uncompressed, estimated) size."""
    batch: AzureMonitorBatchConfig = AzureMonitorBatchConfig()
    """Wait for fuller requests."""


class AzureMonitorConfig(HttpClientConfig, DeliveryConfig):
    """An HTTP client, delivery, the resource, and what an item says."""

    former_names: ClassVar[dict[str, str]] = {"customeventsenabled": "custom_events_enabled"}
    removed_options: ClassVar[dict[str, str]] = {"maxbatchinterval_sec": "write maxbatchinterval"}

    timeout: Duration = 30.0
    """Time for one attempt; 0 = no limit."""
    compression: Literal["gzip", "none", ""] = "gzip"
    """Of request bodies."""
    sending_queue: AzureMonitorQueueConfig = AzureMonitorQueueConfig()
    """Queue, batching and quota."""
    connection_string: Annotated[SecretStr, AfterValidator(_stripped)] = SecretStr("")
    """The resource's connection string. The variable APPLICATIONINSIGHTS_CONNECTION_STRING, where it is set, comes before it."""
    instrumentation_key: Annotated[SecretStr, AfterValidator(_stripped)] = SecretStr("")
    """The resource's key, where there is no connection string."""
    endpoint: str = ""
    """With `instrumentation_key`: the ingestion endpoint, `/v2.1/track` is appended; empty = Azure's global one. A connection string has its own."""
    maxbatchsize: int = Field(1024, ge=1, le=ITEMS)
    """The same as `max_size` and `min_size` of `sending_queue.batch`, which come before it."""
    maxbatchinterval: Duration = 1.0
    """The same as `flush_timeout` of `sending_queue.batch`, which comes before it."""
    custom_events_enabled: bool = False
    """A record with the attribute `microsoft.custom_event.name` or `APPLICATION_INSIGHTS_EVENT_MARKER_ATTRIBUTE` becomes a custom event."""
    exception_events_enabled: bool = False
    """A record with the attribute `exception.type` or `exception.message` becomes an exception."""
    tag_mappings: TagMappings = TagMappings()
    """Where some tags come from."""
    spaneventsenabled: bool = False
    """Accepted; only logs are sent."""
    shutdown_timeout: Duration = 1.0
    """Accepted; what was not sent stays in the outbox."""
    non_error_http_status_codes: list[int] = []
    """Accepted; only logs are sent."""
    align_http_server_request_success_with_otel_spec: bool = False
    """Accepted; only logs are sent."""

    @model_validator(mode="before")
    @classmethod
    def _take_over_batch(cls, options: Any) -> Any:
        """What `maxbatchsize` and `maxbatchinterval` say, unless the queue says it."""
        if not isinstance(options, dict):
            return options
        size, interval = options.get("maxbatchsize"), options.get("maxbatchinterval")
        taken = {
            **({"min_size": size, "max_size": size} if size else {}),
            **({"flush_timeout": interval} if interval else {}),
        }
        queue = options.get("sending_queue") or {}
        if not taken or not isinstance(queue, dict) or not isinstance(queue.get("batch") or {}, dict):
            return options
        return {**options, "sending_queue": {**queue, "batch": {**taken, **(queue.get("batch") or {})}}}

    @model_validator(mode="after")
    def _check(self) -> Self:
        _ = self.connection
        return self

    @property
    def connection(self) -> Connection:
        """Whose records they are, and where they go. Raises ValueError where nothing says it."""
        text = os.environ.get(VARIABLE, "").strip() or self.connection_string.get_secret_value()
        if text:
            return connection(text)
        key = self.instrumentation_key.get_secret_value()
        if not key:
            raise ValueError(f"needs `connection_string` (or the variable {VARIABLE}), or `instrumentation_key`")
        return Connection(key, track(self.endpoint or GLOBAL))

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.connection.url)

    def notes(self) -> Iterable[str]:
        """Which of several places counts."""
        if os.environ.get(VARIABLE, "").strip():
            yield f"the variable {VARIABLE} says where records go"
        elif self.connection_string.get_secret_value() and self.endpoint:
            yield "the connection string says where records go, not `endpoint`"
