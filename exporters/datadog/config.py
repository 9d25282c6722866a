"""Options of the `datadog` exporter. `api` and `hostname` are those of otelcol's."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from collector.component import Config
from collector.delivery.config import BatchConfig, DeliveryConfig, QueueConfig
from collector.delivery.routing_options import RoutingOptions
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin
from collector.units import ByteSize, Duration

ENTRIES = 1000
"""What one call may hold."""
Tag = Annotated[str, StringConstraints(pattern=r"^[^\s,]+$", max_length=200)]
_PATH = "/api/v2/logs"


def _stripped(key: SecretStr) -> SecretStr:
    return SecretStr(key.get_secret_value().strip())


class Api(Config):
    """`api`."""

    key: Annotated[SecretStr, AfterValidator(_stripped)] = Field(..., min_length=1)
    """The API key; space around it, such as the line's end of a file, is not part of it."""
    site: Literal[
        "datadoghq.com", "datadoghq.eu", "us3.datadoghq.com", "us5.datadoghq.com", "ap1.datadoghq.com", "ddog-gov.com"
    ] = "datadoghq.com"
    """Where the account lives."""
    fail_on_invalid_key: bool = False
    """Accepted; a key that Datadog refuses blocks the exporter, and nothing is lost."""


class DatadogBatchConfig(BatchConfig):
    """`sending_queue.batch`."""

    flush_timeout: Duration = 1.0
    """Send what there is after this time, even if it is less than `min_size`."""
    min_size: int = Field(ENTRIES, ge=0)
    """Wait for this much."""
    max_size: int = Field(ENTRIES, ge=1, le=ENTRIES)
    """Cut requests at this size."""
    sizer: Literal["items"] = "items"
    """Sizes count records."""


class Logs(Config):
    """`logs`: otelcol's block."""

    endpoint: str = ""
    """The same as `endpoint` of the exporter."""
    use_compression: bool = True
    """False: bodies are sent as they are."""
    compression_level: int = Field(6, ge=0, le=9)
    """Accepted; see `compression_params`."""
    batch_wait: int = Field(5, ge=1)
    """Accepted; see `sending_queue.batch`."""
    dump_payloads: bool = False
    """Accepted; use the `debug` exporter."""


class DatadogQueueConfig(QueueConfig):
    """`sending_queue`: a call holds 1,000 records at most."""

    max_request_bytes: ByteSize = Field(3 << 20, ge=1024)
    """Cut requests near this (uncompressed, estimated) size; the intake takes 5 MB."""
    batch: DatadogBatchConfig = DatadogBatchConfig()
    """Wait for fuller requests."""


class DatadogConfig(HttpClientConfig, RoutingOptions, DeliveryConfig):
    """An HTTP client, delivery, the account, and what entries carry."""

    timeout: Duration = 15.0
    """Time for one attempt; 0 = no limit."""
    compression: Literal["gzip", "zstd", "deflate", "none", ""] = "gzip"
    """Of request bodies."""
    endpoint: str = ""
    """Instead of the site's own intake: a proxy's URL; `/api/v2/logs` is appended."""
    sending_queue: DatadogQueueConfig = DatadogQueueConfig()
    """Queue, batching and quota."""
    api: Api
    """Key and site."""
    hostname: str = ""
    """`hostname` of records whose resource has no `host.name`."""
    source: str = "opentelemetry"
    """`ddsource` of records without the attribute `datadog.log.source`; it chooses Datadog's pipeline."""
    tags: list[Tag] = []
    """Added to every record's `ddtags`: `team:shop`."""
    old_records: Literal["restamp", "send"] = "restamp"
    """What happens to records older than 18 hours, which Datadog accepts and silently drops: `restamp` leaves their
    `timestamp` out, so that the time of arrival counts (their own stands in `otel.timestamp`); `send` lets them go."""
    max_body_bytes: ByteSize = Field(512 << 10, ge=1024, le=900_000)
    """Longer messages are cut; `otel.truncated` keeps their length."""

    logs: Logs = Logs()
    """otelcol's options for logs."""
    only_metadata: Literal[False] = False
    """Must be false: only logs are sent."""
    hostname_detection_timeout: Duration = 25.0
    """Accepted; hosts are not looked up."""
    host_metadata: dict[str, Any] = {}
    """Accepted; only logs are sent."""
    metrics: dict[str, Any] = {}
    """Accepted; only logs are sent."""
    traces: dict[str, Any] = {}
    """Accepted; only logs are sent."""

    @model_validator(mode="before")
    @classmethod
    def _take_over_logs(cls, options: Any) -> Any:
        """What `logs` says, unless the exporter's own option says it."""
        logs = options.get("logs") if isinstance(options, dict) else None
        if not isinstance(logs, dict):
            return options
        taken = {"endpoint": logs["endpoint"]} if logs.get("endpoint") else {}
        if logs.get("use_compression") is False:
            taken["compression"] = "none"
        return {**taken, **options}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the API key would travel over http:// to another machine: use https://")
        return self

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.url)

    @property
    def url(self) -> str:
        """Where entries are posted to."""
        base = self.endpoint.rstrip("/") or f"https://http-intake.logs.{self.api.site}"
        return base + _PATH
