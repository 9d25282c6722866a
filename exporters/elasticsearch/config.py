"""Options of the `elasticsearch` exporter: otelcol's names and meanings, and `setup`, which is ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from collector.client_info import Wanted
from collector.component import Config
from collector.delivery.config import BatchedQueueConfig, DeliveryConfig, RetryConfig
from collector.delivery.routing_options import RoutingOptions
from collector.transport.compression import Compression
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin
from collector.units import ByteSize, Duration
from exporters.elasticsearch.addresses import check_address, cloud_address
from exporters.elasticsearch.otelcol_blocks import Discover, Flush, OtelcolRetry, Telemetry

Mode = Literal["otel", "ecs", "none", "raw", "bodymap"]
MODES: tuple[Mode, ...] = ("otel", "ecs", "none", "raw", "bodymap")


class Switch(Config):
    """A block that holds nothing but `enabled`."""

    enabled: bool = False
    """Whether it is on."""


class LogstashFormat(Config):
    """`logstash_format`: an index a day."""

    enabled: bool = False
    """Append the record's date (UTC) to the index name."""
    prefix_separator: str = "-"
    """Between name and date."""
    date_format: str = "%Y.%m.%d"
    """As in strftime."""


class Mapping(Config):
    """`mapping`: which document a record becomes."""

    mode: Mode = "otel"
    """`otel`, `ecs`, `none`, `raw` or `bodymap`; a scope's attribute `elastic.mapping.mode` comes first."""
    allowed_modes: list[Mode] = list(MODES)
    """What that attribute may say; records that ask for another mode become dead letters."""
    security: bool = False
    """In mode `ecs`: documents for Elastic Security. Fields of the schema with their types (IP addresses, ports), kind and
    category of the event, triage's rule; everything else under `labels`."""
    dedup: bool = True
    """Accepted; fields are always unique."""
    dedot: bool = True
    """Accepted; `ecs` nests dotted keys, the other modes keep them."""

    @field_validator("mode", "allowed_modes", mode="before")
    @classmethod
    def _canonical(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [cls._name(item) for item in value]
        return cls._name(value)

    @staticmethod
    def _name(value: Any) -> Any:
        lower = value.lower() if isinstance(value, str) else value
        return "none" if lower in ("", "no") else lower

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.mode not in self.allowed_modes:
            raise ValueError(f"disallowed default mapping mode {self.mode!r}")
        return self


class Apart(Config):
    """`setup.apart`: indices with a lifecycle of their own, such as those of a domain (a namespace) or of a level (a dataset)."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.@-]*$")
    """Behind `setup.name`, the name of their template and policy."""
    index_patterns: list[str] = Field(min_length=1)
    """Names that they have; where several match, the last one counts."""
    retention: Duration = 0.0
    """Their documents are deleted after this time; 0 = never. At least a day."""


class Setup(Config):
    """`setup`: make what the indices need, before the first request. Off unless `enabled`."""

    enabled: bool = False
    """Make (or renew) the index template, and the policy when there is a `retention`."""
    name: str = Field("logboom", pattern=r"^[a-z0-9][a-z0-9_.@-]*$")
    """Name of the template and the policy."""
    index_patterns: list[str] = Field(["logs-*-*"], min_length=1)
    """Names the template applies to."""
    priority: int = Field(300, ge=0)
    """Above 200, so that it goes before Elasticsearch's own `logs` (100)."""
    data_stream: bool = True
    """The patterns are data streams; false: plain indices."""
    lifecycle: Literal["auto", "data_stream", "ilm", "ism", "none"] = "auto"
    """Who deletes after `retention`: `data_stream` (Elasticsearch 8.14 and later), `ilm`, or OpenSearch's `ism`
    plugin. `auto`: data_stream on Elasticsearch, ism on OpenSearch."""
    retention: Duration = 0.0
    """Documents are deleted after this time; 0 = never. At least a day."""
    rollover_size: ByteSize = 50 << 30
    """A new backing index at this size, with `ilm` and `ism`."""
    shards: int = Field(1, ge=1)
    """Primary shards of an index."""
    replicas: int = Field(1, ge=0)
    """Copies of each shard."""

    apart: list[Apart] = []
    """Indices with another `retention`."""

    def parts(self) -> Iterator[Setup]:
        """Itself, and what differs, each as a set-up of its own."""
        yield self
        for number, one in enumerate(self.apart, 1):
            changed = {
                "name": f"{self.name}-{one.name}",
                "index_patterns": one.index_patterns,
                "retention": one.retention,
            }
            yield self.model_copy(update={**changed, "priority": self.priority + number, "apart": []})

    @property
    def retentions(self) -> list[float]:
        """Seconds; 0 = never."""
        return [self.retention, *(one.retention for one in self.apart)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(0 < retention < 86400 for retention in self.retentions):
            raise ValueError("`retention` is at least 24h")
        if len({one.name for one in self.apart}) < len(self.apart):
            raise ValueError("`apart`: two have one name")
        if any(self.retentions) and self.lifecycle in ("auto", "data_stream") and not self.data_stream:
            raise ValueError("the lifecycle `data_stream` needs `data_stream: true`; choose `ilm` or `ism`")
        return self


class BulkQueueConfig(BatchedQueueConfig):
    """`sending_queue`: bulk requests as large as Elasticsearch likes them."""

    max_request_bytes: ByteSize = Field(5_000_000, ge=1024)
    """Cut requests near this (uncompressed, estimated) size."""


class ElasticsearchConfig(HttpClientConfig, RoutingOptions, DeliveryConfig):
    """An HTTP client, delivery, and what is said to Elasticsearch."""

    timeout: Duration = 90.0
    """Time for one attempt; 0 = no limit."""
    compression: Compression = "gzip"
    """Of request bodies: gzip or none."""
    retry_on_failure: RetryConfig = RetryConfig.model_validate({"initial_interval": "100ms", "max_interval": "1m"})
    """Back-off after failures that may pass."""
    sending_queue: BulkQueueConfig = BulkQueueConfig()
    """Queue, batching and quota."""
    endpoints: list[str] = []
    """URLs of several nodes: used in turn, those that fail left out for a while."""
    cloudid: str = ""
    """Id of an Elastic Cloud deployment, in place of `endpoint`."""
    user: str = ""
    """HTTP basic authentication."""
    password: SecretStr = SecretStr("")
    """HTTP basic authentication."""
    api_key: SecretStr = SecretStr("")
    """An encoded API key (base64 of `id:key`)."""
    allow_plain_http: bool = False
    """Send credentials over `http://` to other machines."""
    logs_index: str = ""
    """All records go to this index; empty = routing by attributes."""
    logs_dynamic_index: Switch = Switch()
    """Accepted; routing by attributes is on unless `logs_index` is set."""
    logs_dynamic_id: Switch = Switch()
    """The document's id is the attribute `elasticsearch.document_id`, or Elasticsearch's choice (then a repeated
    request doubles it). Off: the record id, which stores each record once."""
    logs_dynamic_pipeline: Switch = Switch()
    """The ingest pipeline is the attribute `elasticsearch.ingest_pipeline`, or `elasticsearch.document_pipeline`."""
    pipeline: str = ""
    """Ingest pipeline for all documents."""
    logstash_format: LogstashFormat = LogstashFormat()
    """An index a day."""
    mapping: Mapping = Mapping()
    """Which document a record becomes."""
    max_bulk_bytes: ByteSize = Field(20 << 20, ge=1024)
    """Bodies larger than this (uncompressed) are halved before they are sent; Elasticsearch refuses 100 MB."""
    require_data_stream: bool = False
    """Refuse to make plain indices where a data stream is missing (Elasticsearch 8.13 and later)."""
    include_source_on_error: bool | None = None
    """Whether errors quote the document (Elasticsearch 8.18 and later); unset = the server's default."""
    setup: Setup = Setup()
    """Index template and lifecycle."""
    retry: OtelcolRetry = OtelcolRetry()
    """otelcol's block: limits, where they are set; see `retry_on_failure`."""
    discover: Discover = Discover()
    """Accepted."""
    telemetry: Telemetry = Telemetry()
    """Accepted."""
    flush: Flush = Flush()
    """Accepted; deprecated upstream."""
    num_workers: int = 0
    """Accepted; deprecated upstream for `sending_queue.num_consumers`."""
    batcher: dict[str, Any] = {}
    """Accepted; deprecated upstream for `sending_queue.batch`."""
    metadata_keys: list[str] = []
    """Headers of the senders' requests; records with other values of them never share a request."""
    metrics_index: str = ""
    """Accepted; only logs are sent."""
    metrics_dynamic_index: Switch = Switch()
    """Accepted; only logs are sent."""
    traces_index: str = ""
    """Accepted; only logs are sent."""
    traces_dynamic_index: Switch = Switch()
    """Accepted; only logs are sent."""
    traces_dynamic_id: Switch = Switch()
    """Accepted; only logs are sent."""

    @model_validator(mode="before")
    @classmethod
    def _take_over_retry(cls, options: Any) -> Any:
        if isinstance(options, dict) and isinstance(options.get("retry"), dict) and "retry_on_failure" not in options:
            taken = ("initial_interval", "max_interval")
            given = {name: options["retry"][name] for name in taken if name in options["retry"]}
            return {**options, "retry_on_failure": {"initial_interval": "100ms", "max_interval": "1m", **given}}
        return options

    @model_validator(mode="after")
    def _check(self) -> Self:
        for address in self.addresses:
            check_address(address)
        if self.compression not in ("none", "gzip"):
            raise ValueError("compression must be one of [none, gzip]")
        if self.api_key.get_secret_value() and self.user:
            raise ValueError("both `user` and `api_key` are set: choose one")
        if self.auth and (self.user or self.api_key.get_secret_value()):
            raise ValueError("`auth` says who we are, and so do `user` and `api_key`: choose one")
        if bool(self.user) != bool(self.password.get_secret_value()):
            raise ValueError("`user` and `password` go together")
        if self.has_credential and not self.allow_plain_http and any(map(leaves_in_the_clear, self.addresses)):
            raise ValueError("a credential would travel over http:// to another machine: use https://, or "
                             "allow_plain_http: true")  # fmt: skip
        return self

    @property
    def has_credential(self) -> bool:
        """Whether it says who it is."""
        return bool(self.auth or self.user or self.api_key.get_secret_value())

    def asks_of_clients(self) -> Wanted:
        """Its own keys, and the queue's."""
        return super().asks_of_clients() | Wanted.headers(self.metadata_keys)

    def deletes_by_itself(self) -> str:
        """For legal holds: a lifecycle deletes whole indices."""
        ages = sorted({age for age in self.setup.retentions if age})
        if not (self.setup.enabled and ages):
            return ""
        days = " or ".join(f"{age / 86_400:g}" for age in ages)
        return f"lifecycles of {self.setup.name} delete whole indices after {days} days"

    def destination(self) -> str:
        """For people: the nodes, without what else their URLs hold."""
        return ", ".join(map(origin, self.addresses))

    @property
    def addresses(self) -> list[str]:
        """The nodes' URLs without a slash at the end. Raises ValueError unless exactly one option names them."""
        named = [[self.endpoint]] if self.endpoint else []
        named += [self.endpoints] if self.endpoints else []
        named += [[cloud_address(self.cloudid)]] if self.cloudid else []
        if not named and (variable := os.environ.get("ELASTICSEARCH_URL")):
            named = [[part.strip() for part in variable.split(",")]]
        if len(named) != 1:
            raise ValueError("exactly one of [endpoint, endpoints, cloudid] must be specified")
        return [address.rstrip("/") for address in named[0]]
