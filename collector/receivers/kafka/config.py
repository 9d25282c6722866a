"""Options of the `kafka` receiver, with the Collector's names."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from collector.component import Config
from collector.kafka.options import KafkaClientOptions
from collector.matchers import re2_options
from collector.transport.block import Block
from collector.units import Duration

_KNOWN = ("otlp_proto", "otlp_json", "raw", "json", "text")
Strategy = Literal["range", "roundrobin", "sticky", "cooperative-sticky"]


def _encoding(name: str) -> str:
    if name in _KNOWN:
        return name
    if not name.startswith("text_"):
        raise ValueError(
            f"{name} is no encoding: one of {', '.join(_KNOWN)}, text_<charset>; encodings of extensions are not available"
        )
    try:
        codecs.lookup(name.removeprefix("text_"))
    except LookupError:
        raise ValueError(f"{name.removeprefix('text_')} is no character set") from None
    return name


class LogsConfig(Block):
    """`logs`: what is read, and as what."""

    topics: list[str] = []
    """Topics; one that begins with `^` is a regular expression. Left out: otlp_logs."""
    topic: str = ""
    """The old name of `topics`, for one."""
    exclude_topics: list[str] = []
    """Regular expressions of topics that are not read, where `topics` has some."""
    exclude_topic: str = ""
    """The old name of `exclude_topics`, for one."""
    encoding: Annotated[str, AfterValidator(_encoding)] = "otlp_proto"
    """`otlp_proto`, `otlp_json`: requests of OTLP; `raw`: the bytes are the body; `text`, `text_<charset>`: they are text; `json`: an object, which is the body."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for old, new in (("topic", "topics"), ("exclude_topic", "exclude_topics")):
            if getattr(self, old) and getattr(self, new):
                raise ValueError(f"{old} is the old name of {new}: keep {new} alone")
        if self.excluded and not any(topic.startswith("^") for topic in self.subscribed):
            raise ValueError("exclude_topics goes with a topic that is a regular expression (it begins with ^)")
        for pattern in (*self.excluded, *(topic for topic in self.subscribed if topic.startswith("^"))):
            _compiled(pattern)
        return self

    @property
    def subscribed(self) -> list[str]:
        """Whichever way they are written."""
        return self.topics or [self.topic or "otlp_logs"]

    @property
    def excluded(self) -> list[str]:
        """The same of those that are left out."""
        return self.exclude_topics or ([self.exclude_topic] if self.exclude_topic else [])


def _compiled(pattern: str) -> None:
    import re2

    if not pattern or "," in pattern:
        raise ValueError(f"{pattern!r} is no pattern of topics: it is empty, or holds a comma")
    try:
        re2.compile(pattern, re2_options())
    except re2.error:
        raise ValueError(f"{pattern!r} is no regular expression") from None


class OtherSignal(Block):
    """`traces`, `metrics`, `profiles`: not read."""

    topics: list[str] = []
    """Accepted."""
    topic: str = ""
    """Accepted."""
    exclude_topics: list[str] = []
    """Accepted."""
    exclude_topic: str = ""
    """Accepted."""
    encoding: str = ""
    """Accepted."""


class AutoCommitConfig(Block):
    """`autocommit`."""

    enable: bool = True
    """Accepted: the group is told of what is on disk in any case, and of nothing else."""
    interval: Duration = Field(1.0, ge=0.05)
    """How often the group is told. Another machine that takes over from one that died reads at most so much again."""


class MessageMarking(Block):
    """`message_marking`: accepted, and nothing to do: a message counts as read when it is on disk."""

    after: bool = False
    """Accepted."""
    on_error: bool = False
    """Accepted."""
    on_permanent_error: bool | None = None
    """Accepted."""


class HeaderExtraction(Block):
    """`header_extraction`."""

    extract_headers: bool = False
    """Headers of messages become attributes of resources, `kafka.header.<name>`."""
    headers: list[str] = []
    """Which."""


class KafkaReceiverConfig(KafkaClientOptions, Config):
    """Where Kafka is, and what is read of it."""

    former_names = {
        "topic": "logs.topic", "encoding": "logs.encoding", "group_rebalance_strategy": "group_rebalance_strategies",
    }  # fmt: skip

    logs: LogsConfig = LogsConfig()
    """What is read, and as what."""
    traces: OtherSignal = OtherSignal()
    """Accepted; traces are not read."""
    metrics: OtherSignal = OtherSignal()
    """Accepted; metrics are not read."""
    profiles: OtherSignal = OtherSignal()
    """Accepted; profiles are not read."""
    group_id: str = Field("otel-collector", min_length=1)
    """The consumer group, whose members share the partitions. The Collector's, so that logboom goes on where it stopped."""
    group_instance_id: str = ""
    """Static membership: who comes back by this name within `session_timeout` has its partitions still. Another one for each process."""
    initial_offset: Literal["latest", "earliest"] = "latest"
    """Where a partition begins that this group never read."""
    session_timeout: Duration = Field(10.0, ge=1, le=3600)
    """Who is silent for so long is out of the group."""
    heartbeat_interval: Duration = Field(3.0, ge=0.1)
    """How often it says that it lives."""
    group_rebalance_strategies: list[Strategy] = ["cooperative-sticky"]
    """How partitions are shared; all members of a group have one in common. `sticky` means `cooperative-sticky`."""
    min_fetch_size: int = Field(1, ge=1, le=100_000_000)
    """Bytes that a broker waits for, before it answers."""
    default_fetch_size: int = Field(1 << 20, ge=0)
    """Accepted; `max_partition_fetch_size` says it."""
    max_fetch_size: int = Field(1 << 20, ge=0, le=2_147_483_135)
    """Bytes of one answer; a larger message comes all the same. 0 = 50 MiB."""
    max_partition_fetch_size: int = Field(1 << 20, ge=1, le=1_000_000_000)
    """Bytes of one partition in an answer."""
    max_fetch_wait: Duration = Field(0.25, le=300)
    """How long a broker waits for `min_fetch_size`."""
    autocommit: AutoCommitConfig = AutoCommitConfig()
    """When the group is told how far partitions are read."""
    message_marking: MessageMarking = MessageMarking()
    """Accepted, and nothing to do."""
    header_extraction: HeaderExtraction = HeaderExtraction()
    """Which headers of messages records carry."""
    error_backoff: dict[str, Any] = {}
    """Accepted: what the journal can't take is handed over again when it says."""
    partition_processing: dict[str, Any] = {}
    """Accepted: partitions go on beside each other, each in order."""
    telemetry: dict[str, Any] = {}
    """Accepted; see `logboom_*` metrics."""
    domain: str = ""
    """Whose records these are, where several domains are served and `domain_from` says nothing; empty: the default."""
    domain_from: Annotated[str, Field(pattern=r"^$|^key$|^topic$|^header\.\S+$")] = ""
    """What of a message names the domain of its records: `key` (as the exporter `kafka` writes it), `topic`, `header.<name>`. Whoever may write
    to the topics may write for every domain."""

    @field_validator("group_rebalance_strategies", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_group(self) -> Self:
        if self.heartbeat_interval >= self.session_timeout:
            raise ValueError("heartbeat_interval must be less than session_timeout: a third of it, say")
        if len(kinds := {name in ("sticky", "cooperative-sticky") for name in self.group_rebalance_strategies}) != 1:
            what = "it is empty" if not kinds else "cooperative-sticky and the others exclude each other"
            raise ValueError(f"group_rebalance_strategies: {what}")
        return self

    @property
    def cooperative(self) -> bool:
        """Whether partitions come and go one by one."""
        return self.strategies == "cooperative-sticky"

    @property
    def strategies(self) -> str:
        """As librdkafka is told."""
        named = ("cooperative-sticky" if name == "sticky" else name for name in self.group_rebalance_strategies)
        return ",".join(dict.fromkeys(named))

    @property
    def extracted(self) -> tuple[str, ...]:
        """Headers that records carry."""
        return tuple(self.header_extraction.headers) if self.header_extraction.extract_headers else ()

    def cautions(self) -> Mapping[str, str]:
        """What is accepted and does nothing, although it was written."""
        told = {
            "message_marking": "a message counts as read when it is on disk, nothing else marks it",
            "autocommit": "the group is told of what is on disk in any case" if not self.autocommit.enable else "",
        }
        return {name: text for name, text in told.items() if text and name in self.model_fields_set}
