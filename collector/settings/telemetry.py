"""`service.telemetry`: logboom's own logs, metrics and resource, with the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from collector.component import Config
from collector.units import Duration


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _millis(value: Any) -> Any:
    """The SDK's configuration schema writes times as plain milliseconds."""
    return f"{value}ms" if isinstance(value, int | float) and not isinstance(value, bool) else value


_OTHER_LEVELS = {"warning": "warn", "dpanic": "error", "panic": "error", "fatal": "error"}


def _level(value: Any) -> Any:
    """The Collector's levels above error are written as errors here."""
    lower = _lower(value)
    return _OTHER_LEVELS.get(lower, lower) if isinstance(lower, str) else lower


LogLevel = Annotated[Literal["debug", "info", "warn", "error"], BeforeValidator(_level)]
MetricsLevel = Annotated[Literal["none", "basic", "normal", "detailed"], BeforeValidator(_lower)]
Millis = Annotated[Duration, BeforeValidator(_millis, json_schema_input_type=str | float)]


class LogSampling(Config):
    """Repeated lines of our own log are thinned out."""

    enabled: bool = True
    """Thin out at all."""
    tick: Duration = 10.0
    """Length of the window."""
    initial: int = Field(10, ge=0)
    """Equal lines a window that are all written."""
    thereafter: int = Field(100, ge=0)
    """After those, every how many-th line is written."""


class Header(Config):
    """One header of a push exporter."""

    name: str
    """Header name."""
    value: str | None = None
    """Header value."""


class OtlpPush(Config):
    """An OTLP destination for our own telemetry (OpenTelemetry SDK configuration schema 0.3)."""

    endpoint: str
    """URL, such as `http://localhost:4318/v1/metrics`."""
    protocol: Literal["http/protobuf", "grpc", "grpc/protobuf"] = "http/protobuf"
    """How to send."""
    headers: list[Header] | dict[str, str] = []
    """Headers of each request."""
    headers_list: str | None = None
    """Headers as `name=value,name=value`."""
    compression: Literal["gzip", "none"] | None = None
    """Compression of bodies."""
    timeout: Millis = 10.0
    """Longest wait for one request; plain numbers are milliseconds."""
    insecure: bool = False
    """gRPC without TLS."""
    certificate: str | None = None
    """Path of the CA certificate."""
    client_certificate: str | None = None
    """Path of the client certificate."""
    client_key: str | None = None
    """Path of the client key."""
    temporality_preference: Literal["cumulative", "delta", "low_memory", "lowmemory"] | None = None
    """Temporality of sums."""
    default_histogram_aggregation: Literal["explicit_bucket_histogram", "base2_exponential_bucket_histogram"] | None = (
        None
    )
    """Aggregation of histograms."""


class PushExporter(Config):
    """Where a periodic reader or a batch processor sends to."""

    otlp: OtlpPush | None = None
    """An OTLP destination."""
    console: dict[str, Any] | None = None
    """Write to standard output."""

    @model_validator(mode="after")
    def _has_one(self) -> PushExporter:
        if (self.otlp is None) == (self.console is None):
            raise ValueError("name one exporter: otlp or console")
        return self


class PrometheusPull(Config):
    """A Prometheus endpoint."""

    host: str = "localhost"
    """Interface to listen on."""
    port: int = Field(8888, ge=0, le=65535)
    """Port to listen on; 0 takes any free one."""
    without_scope_info: bool = False
    """Leave out the instrumentation scope's labels."""
    without_type_suffix: bool = False
    """Leave out type suffixes such as `_total`."""
    without_units: bool = False
    """Leave out unit suffixes."""
    with_resource_constant_labels: dict[str, Any] | None = None
    """Resource attributes that become labels: `included`, `excluded`."""


class PullExporter(Config):
    """What a pull reader offers."""

    prometheus: PrometheusPull
    """A Prometheus endpoint."""


class PullReader(Config):
    """Metrics are fetched from us."""

    exporter: PullExporter
    """What is offered."""


class PeriodicReader(Config):
    """Metrics are pushed at an interval."""

    exporter: PushExporter
    """Where to."""
    interval: Millis = 60.0
    """Time between two pushes; plain numbers are milliseconds."""
    timeout: Millis = 30.0
    """Longest wait for one push; plain numbers are milliseconds."""


class MetricReader(Config):
    """One way out for our metrics."""

    pull: PullReader | None = None
    """A Prometheus endpoint."""
    periodic: PeriodicReader | None = None
    """A push at an interval."""

    @model_validator(mode="after")
    def _has_one(self) -> MetricReader:
        if (self.pull is None) == (self.periodic is None):
            raise ValueError("a reader is either pull or periodic")
        return self


class BatchLogProcessor(Config):
    """Own logs are pushed in batches."""

    exporter: PushExporter
    """Where to."""
    schedule_delay: Millis = 1.0
    """Time between two pushes; plain numbers are milliseconds."""
    export_timeout: Millis = 30.0
    """Longest wait for one push; plain numbers are milliseconds."""
    max_queue_size: int = Field(2048, gt=0)
    """Lines that may wait."""
    max_export_batch_size: int = Field(512, gt=0)
    """Lines a push."""


class SimpleLogProcessor(Config):
    """Own logs are pushed one by one."""

    exporter: PushExporter
    """Where to."""


class LogProcessor(Config):
    """One way out for our own logs beside `output_paths`."""

    batch: BatchLogProcessor | None = None
    """In batches."""
    simple: SimpleLogProcessor | None = None
    """One by one."""


class LogsTelemetry(Config):
    """Our own log."""

    level: LogLevel = "info"
    """Least severe line that is written."""
    development: bool = False
    """Accepted; no effect."""
    encoding: Literal["console", "json"] = "console"
    """Form of a line."""
    disable_caller: bool = False
    """Leave out the file and line of the caller."""
    disable_stacktrace: bool = False
    """Leave out stack traces."""
    output_paths: list[str] = ["stderr"]
    """`stderr`, `stdout` or file paths."""
    error_output_paths: list[str] = ["stderr"]
    """Accepted; errors of the log itself go to stderr."""
    initial_fields: dict[str, Any] = {}
    """Fields of every line."""
    sampling: LogSampling | None = LogSampling()
    """Thinning of repeated lines."""
    disable_zap_resource: bool = False
    """Leave the resource out of every line."""
    processors: list[LogProcessor] = []
    """Other ways out, as in the SDK's configuration schema."""


class MetricsTelemetry(Config):
    """Our own metrics."""

    level: MetricsLevel = "normal"
    """How much is measured; `none` opens no endpoint."""
    address: str | None = Field(None, pattern=r":\d{1,5}$")
    """Old form of a pull reader: `host:port`."""
    readers: list[MetricReader] = [MetricReader(pull=PullReader(exporter=PullExporter(prometheus=PrometheusPull())))]
    """Ways out; the default is Prometheus on localhost:8888."""
    views: list[dict[str, Any]] = []
    """Accepted with `level: detailed`; no effect."""

    @model_validator(mode="after")
    def _views_need_detail(self) -> MetricsTelemetry:
        if self.views and self.level != "detailed":
            raise ValueError("views can only be set when the level is detailed")
        return self

    def prometheus(self) -> list[tuple[str, int]]:
        """The (host, port) pairs to serve `/metrics` on; empty with `level: none`."""
        if self.level == "none":
            return []
        if self.address is not None:
            host, _, port = self.address.rpartition(":")
            return [(host.strip("[]"), int(port))]
        pulls = [reader.pull.exporter.prometheus for reader in self.readers if reader.pull]
        return [(pull.host, pull.port) for pull in pulls]

    def periodic(self) -> list[PeriodicReader]:
        """The push readers; empty with `level: none`."""
        return [] if self.level == "none" else [reader.periodic for reader in self.readers if reader.periodic]


class BatchSpans(Config):
    """Own spans are pushed in batches."""

    exporter: PushExporter
    """Where to."""
    schedule_delay: Millis = 5.0
    """Time between two pushes; plain numbers are milliseconds."""
    export_timeout: Millis = 30.0
    """Longest wait for one push; plain numbers are milliseconds."""
    max_queue_size: int = Field(2048, gt=0)
    """Spans that may wait; beyond it the oldest are given up."""
    max_export_batch_size: int = Field(512, gt=0)
    """Spans a push."""


class SimpleSpans(Config):
    """Own spans are pushed one by one."""

    exporter: PushExporter
    """Where to."""


class SpanProcessor(Config):
    """One way out for our own spans."""

    batch: BatchSpans | None = None
    """In batches."""
    simple: SimpleSpans | None = None
    """One by one."""

    @model_validator(mode="after")
    def _has_one(self) -> SpanProcessor:
        if (self.batch is None) == (self.simple is None):
            raise ValueError("a processor is either batch or simple")
        return self


class Ratio(Config):
    """`trace_id_ratio_based`."""

    ratio: float = Field(1.0, ge=0, le=1)
    """So large a part of them."""


class RootSampler(Config):
    """`parent_based.root`."""

    always_on: dict[str, Any] | None = None
    """All."""
    always_off: dict[str, Any] | None = None
    """None but slow ones."""
    trace_id_ratio_based: Ratio | None = None
    """A part of them."""

    @property
    def share(self) -> float:
        """Of all operations."""
        said = self.model_fields_set  # `always_on:` has no value
        if "trace_id_ratio_based" in said:
            return self.trace_id_ratio_based.ratio if self.trace_id_ratio_based is not None else 1.0
        return 1.0 if "always_on" in said else 0.0


class ParentBased(Config):
    """`parent_based`."""

    root: RootSampler | None = None
    """Of operations without a parent, which all are."""
    remote_parent_sampled: dict[str, Any] | None = None
    """Accepted; nothing has a parent."""
    remote_parent_not_sampled: dict[str, Any] | None = None
    """Accepted; nothing has a parent."""
    local_parent_sampled: dict[str, Any] | None = None
    """Accepted; nothing has a parent."""
    local_parent_not_sampled: dict[str, Any] | None = None
    """Accepted; nothing has a parent."""


class Sampler(RootSampler):
    """Which operations become spans however fast they were."""

    parent_based: ParentBased | None = None
    """As its `root` says: no operation of logboom has a parent."""

    @property
    def share(self) -> float:
        """Of all operations."""
        if "parent_based" not in self.model_fields_set:
            return super().share
        return (
            self.parent_based.root.share
            if self.parent_based is not None and self.parent_based.root is not None
            else 1.0
        )


class TracesTelemetry(Config):
    """Our own spans: steps of pipelines and requests of exporters, of logs alone, that are slow or a sample."""

    level: Annotated[Literal["none", "basic", "normal", "detailed"], BeforeValidator(_lower)] = "basic"
    """`none`: there are none, and nothing is measured."""
    processors: list[SpanProcessor] = []
    """Ways out, as in the SDK's configuration schema; none = spans are made for nobody, and /debug/tracez has the figures."""
    slower_than: Duration = Field(1.0, gt=0)
    """From here on an operation is slow, and becomes a span."""
    sampler: Sampler | None = None
    """Which others become spans, too; absent = none."""
    propagators: list[str] = []
    """Accepted; no context is taken from senders, and none is given to destinations."""

    @property
    def share(self) -> float:
        """Of all operations, that become spans however fast they were."""
        return self.sampler.share if self.sampler is not None else 0.0


class TelemetryConfig(Config):
    """The `service.telemetry` section."""

    logs: LogsTelemetry = LogsTelemetry()
    """Our own log."""
    metrics: MetricsTelemetry = MetricsTelemetry()
    """Our own metrics."""
    traces: TracesTelemetry = TracesTelemetry()
    """Our own spans."""
    resource: dict[str, Any] = {}
    """Resource attributes of our own telemetry; null removes a default one."""

    @property
    def attributes(self) -> dict[str, str]:
        """`resource` in its plain form."""
        return {
            name: str(value) for name, value in self.resource.items() if isinstance(value, str | int | float | bool)
        }
