"""Options of the `splunk_hec` exporter: otelcol's names and meanings, and `acknowledgement`, which is ours."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from collector.component import Config
from collector.delivery.config import BatchedQueueConfig, DeliveryConfig
from collector.delivery.routing_options import RoutingOptions
from collector.documents.options import DocumentModel, DocumentOptions
from collector.transport.compression import Compression
from collector.transport.http_client_config import Cookies, WordClientConfig, leaves_in_the_clear
from collector.units import ByteSize, Duration

EventModel = Literal["otel"] | DocumentModel
_EVENT_PATH, _RAW_PATH = "/services/collector", "/services/collector/raw"
_MOST_BYTES = 838_860_800
"""What Splunk's `max_content_length` may be set to."""


class HecMetadata(Config):
    """`otel_attrs_to_hec_metadata`: which attributes, of the record or else of its resource, become an event's metadata."""

    source: str = "com.splunk.source"
    """Attribute for `source`."""
    sourcetype: str = "com.splunk.sourcetype"
    """Attribute for `sourcetype`."""
    index: str = "com.splunk.index"
    """Attribute for `index`."""
    host: str = "host.name"
    """Attribute for `host`; `unknown` without it."""


class HecFields(Config):
    """`otel_to_hec_fields`: the names of fields that do not come from attributes; empty = not sent."""

    severity_text: str = "otel.log.severity.text"
    """Field for the severity's text."""
    severity_number: str = "otel.log.severity.number"
    """Field for the severity's number."""
    name: str = "otel.log.name"
    """Field for the event name."""
    record_id: str = "logboom.record.id"
    """Field for the record id: what was sent twice has it twice, so `| dedup logboom.record.id` finds it."""


class Acknowledgement(Config):
    """`acknowledgement`: wait until the indexer says that it has written the events."""

    enabled: bool = False
    """Delivered means indexed. The token must have indexer acknowledgement on."""
    interval: Duration = Field(2.0, gt=0)
    """Time between two questions; one call asks for all requests that wait on a channel."""
    timeout: Duration = Field(300.0, gt=0)
    """Send again what was not acknowledged within this time."""
    path: str = "/services/collector/ack"
    """Path of the acknowledgement API."""


class Heartbeat(Config):
    """`heartbeat`: an event of its own for the index `_internal`, so that Splunk notices when the sender is gone."""

    interval: Duration = 0.0
    """Time between two; 0 = none. One that fails is not repeated: the next one comes."""
    startup: bool = False
    """Send the first one at the start. It does not hold up the start."""


class Telemetry(Config):
    """`telemetry`: accepted; upstream it names the counters of heartbeats."""

    enabled: bool = False
    """Accepted."""
    override_metrics_names: dict[str, str] = {}
    """Accepted."""
    extra_attributes: dict[str, str] = {}
    """Accepted."""


class SplunkHecConfig(WordClientConfig, DocumentOptions, RoutingOptions, DeliveryConfig):
    """An HTTP client, what an event looks like, delivery."""

    own_credential: ClassVar[str] = "`token`"

    former_names = {"event_model": "format", "insecure_skip_verify": "tls.insecure_skip_verify"}
    removed_options = {
        "max_connections": "num_consumers of sending_queue says how many requests are under way",
        "batcher": "sending_queue.batch says how requests are cut",
    }

    sending_queue: BatchedQueueConfig = BatchedQueueConfig()
    """Queue, batching and quota."""
    token: SecretStr = SecretStr("")
    """The token of the HTTP Event Collector. A resource's attribute `com.splunk.hec.access_token` comes first."""
    timeout: Duration = 10.0
    """Time for one call; 0 = no limit. Waiting for the acknowledgement has a time of its own."""
    allow_plain_http: bool = False
    """Send the token over `http://` to other machines."""
    source: str = ""
    """`source` of events whose attributes name none."""
    sourcetype: str = ""
    """`sourcetype` of events whose attributes name none."""
    index: str = ""
    """`index` of events whose attributes name none; empty = the token's own."""
    otel_attrs_to_hec_metadata: HecMetadata = HecMetadata()
    """Which attributes become metadata."""
    hec_metadata_to_otel_attrs: HecMetadata | None = None
    """The old name of `otel_attrs_to_hec_metadata`."""
    otel_to_hec_fields: HecFields = HecFields()
    """Names of further fields."""
    format: EventModel = "otel"
    """What `event`, or a raw line, holds: `otel`, the body, with attributes as indexed `fields`; or a whole record as
    `ocsf`, `ecs`, `json`, `cef`, `leef` or `text`, with the record id as the only field."""
    empty_body: Literal["dead_letter", "attributes", "skip"] = "dead_letter"
    """Records without a body, which HEC does not take: keep them as dead letters (replayable), send their attributes as
    the event, or leave them out as otelcol does (counted)."""
    time_decimals: Literal[3, 6, 9] = 3
    """Decimals of `time`, in seconds; rounded."""
    export_raw: bool = False
    """Send bodies (or what `format` says) as lines to the raw endpoint, one request for each token and metadata."""
    raw_newlines: Literal["escape", "keep"] = "escape"
    """Line breaks within a body on the raw endpoint: written as `\\n`, so that a record stays one event and none can be
    forged, or kept as otelcol does; then `LINE_BREAKER` of the source type decides."""
    disable_compression: bool = False
    """Send bodies as they are instead of as gzip."""
    compression: Compression = ""
    """Empty or `gzip`; `none` is `disable_compression`."""
    max_content_length_logs: ByteSize = Field(2 << 20, le=_MOST_BYTES)
    """Cut requests at this size, uncompressed; 0 = no limit. Splunk's own limit is `max_content_length`."""
    max_event_size: ByteSize = Field(5 << 20, le=_MOST_BYTES)
    """Larger events become dead letters; 0 = no limit."""
    max_content_length_metrics: ByteSize = Field(2 << 20, le=_MOST_BYTES)
    """Accepted; only logs are sent."""
    max_content_length_traces: ByteSize = Field(2 << 20, le=_MOST_BYTES)
    """Accepted; only logs are sent."""
    use_multi_metric_format: bool = False
    """Accepted; only logs are sent."""
    log_data_enabled: bool = True
    """False leaves out (counted) all but profiling data."""
    profiling_data_enabled: bool = True
    """False leaves out (counted) records of the scope `otel.profiling`."""
    splunk_app_name: str = "logboom"
    """How the sender names itself to Splunk."""
    splunk_app_version: str = version("logboom")
    """Its version."""
    health_check_enabled: bool = False
    """Ask for Splunk's health before the first request; until it is well, records wait."""
    health_path: str = "/services/collector/health"
    """Path of the health API."""
    acknowledgement: Acknowledgement = Acknowledgement()
    """Indexer acknowledgement."""
    heartbeat: Heartbeat = Heartbeat()
    """A sign of life. No log record, so it is not counted."""
    telemetry: Telemetry = Telemetry()
    """Accepted."""
    max_idle_conns_per_host: int = 100
    """Accepted; idle connections are bounded by `max_conns_per_host`."""
    idle_conn_timeout: Duration = 10.0
    """An unused connection is closed after this time."""
    http2_read_idle_timeout: Duration = 10.0
    """Accepted; HTTP/1.1 is spoken."""
    http2_ping_timeout: Duration = 10.0
    """Accepted; HTTP/1.1 is spoken."""

    @field_validator("token")
    @classmethod
    def _check_token(cls, token: SecretStr) -> SecretStr:
        if not token.get_secret_value().isprintable():
            raise ValueError("the token holds a character that no header can carry")
        return token

    @model_validator(mode="after")
    def _check_hec(self) -> Self:
        if not self.endpoint:
            raise ValueError('requires a non-empty "endpoint"')
        if not self.token.get_secret_value():
            raise ValueError('requires a non-empty "token"')
        if self.hec_metadata_to_otel_attrs and "otel_attrs_to_hec_metadata" in self.model_fields_set:
            raise ValueError("hec_metadata_to_otel_attrs is the old name of otel_attrs_to_hec_metadata: keep one")
        if not (self.log_data_enabled or self.profiling_data_enabled):
            raise ValueError('either "log_data_enabled" or "profiling_data_enabled" has to be true')
        if self.compression not in ("", "gzip", "none"):
            raise ValueError("compression must be gzip or none: HEC takes nothing else")
        if leaves_in_the_clear(self.endpoint) and not self.allow_plain_http:
            raise ValueError(
                "the token would travel over http:// to another machine: use https://, or allow_plain_http: true"
            )
        return self

    @property
    def metadata(self) -> HecMetadata:
        """Which attributes become metadata, by either name of the option."""
        return self.hec_metadata_to_otel_attrs or self.otel_attrs_to_hec_metadata

    @property
    def attempt_timeout(self) -> float:
        """An attempt is several calls, each with `timeout`, and the wait for the indexer."""
        return 0.0

    @property
    def url(self) -> str:
        """Where events, or raw lines, are posted to."""
        path = urlsplit(self.endpoint).path
        if path in ("", "/"):
            return self.at(_RAW_PATH if self.export_raw else _EVENT_PATH)
        if self.export_raw and path.rstrip("/") in (_EVENT_PATH, f"{_EVENT_PATH}/event"):
            return self.at(_RAW_PATH)
        return self.endpoint

    def at(self, path: str) -> str:
        """The URL of another path of the same server."""
        return urlunsplit(urlsplit(self.endpoint)._replace(path=path, query="", fragment=""))

    @property
    def client(self) -> WordClientConfig:
        """The HTTP client's options. Acknowledgement needs the cookies by which a load balancer keeps to one indexer."""
        compression = "none" if self.disable_compression or self.compression == "none" else "gzip"
        cookies = self.cookies or Cookies(enabled=self.acknowledgement.enabled)
        return self.model_copy(update={"compression": compression, "cookies": cookies})

    def notes(self) -> Iterator[str]:
        """What `logboom validate` says beyond delivery."""
        if not self.acknowledgement.enabled:
            yield "delivered means received by Splunk: with `acknowledgement.enabled: true` it means indexed"
