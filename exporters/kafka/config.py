"""Options of the `kafka` exporter, with the Collector's names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from collector.client_info import Wanted
from collector.component import Config
from collector.delivery.config import BatchedQueueConfig, DeliveryConfig
from collector.delivery.routing_options import RoutingOptions
from collector.documents.options import DocumentModel, DocumentOptions
from collector.kafka.options import KafkaClientOptions
from collector.transport.block import Block
from collector.transport.headers import Headers
from collector.units import ByteSize, Duration

Encoding = Literal["otlp_proto", "otlp_json", "raw"] | DocumentModel
WHOLE: frozenset[str] = frozenset({"otlp_proto", "otlp_json"})
"""Encodings in which a message holds many records; in the others each has one of its own."""
TOPIC = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}")
_LARGEST = 1_000_000_000


def _acks(value: Any) -> Any:
    return {"all": -1, "-1": -1, "0": 0, "1": 1}.get(value, value) if isinstance(value, str) else value


def _empty_block(value: Any) -> Any:
    return {} if value is None else value


class SignalConfig(Config):
    """`logs`: where records go, and as what."""

    topic: str = "otlp_logs"
    """The topic."""
    encoding: Encoding = "otlp_proto"
    """`otlp_proto`, `otlp_json`: a message holds all records of a request that have its topic and key. `raw`: a message for each body, strings
    and values as JSON, bytes as they are; records without a body have none. `json`, `ocsf`, `ecs`, `cef`, `leef`, `text`: a message for each record."""
    topic_from_metadata_key: str = ""
    """A header of the senders' requests that names the topic."""
    message_key_from_metadata_key: str = ""
    """A header of the senders' requests that is the key of messages."""

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, value: str) -> str:
        if TOPIC.fullmatch(value) is None:
            raise ValueError("a topic has letters, digits, `.`, `_` and `-`, 249 at most")
        return value


class OtherSignal(Config):
    """`traces`, `metrics`, `profiles`: not sent."""

    topic: str = ""
    """Accepted."""
    encoding: str = ""
    """Accepted."""
    topic_from_metadata_key: str = ""
    """Accepted."""
    message_key_from_metadata_key: str = ""
    """Accepted."""


class StickyKey(Block):
    """`record_partitioner.sticky_key`: equal keys go to one partition; messages without a key anywhere."""

    hasher: Literal["sarama_compat", "murmur2"] = "sarama_compat"
    """By FNV-1a, as Sarama and the Collector do, or by murmur2, as Java's client does."""


class Nothing(Block):
    """A block without options."""


class RecordPartitioner(Block):
    """`record_partitioner`: which partition a message goes to. One of them."""

    sticky_key: StickyKey | None = None
    """By the key."""
    round_robin: Annotated[Nothing | None, BeforeValidator(_empty_block)] = None
    """Spread evenly, whatever the key: each message to a partition by chance."""
    least_backup: Annotated[Nothing | None, BeforeValidator(_empty_block)] = None
    """Accepted as `round_robin`."""
    extension: str | None = None
    """Not available."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.extension is not None:
            raise ValueError("extension: partitioners of extensions are not available; use sticky_key or round_robin")
        if len(self.model_fields_set) > 1:
            raise ValueError("one of sticky_key, round_robin and least_backup")
        return self

    @property
    def librdkafka(self) -> str:
        """Its name there."""
        if self.round_robin is not None or self.least_backup is not None:
            return "random"
        return (
            "murmur2_random" if self.sticky_key is not None and self.sticky_key.hasher == "murmur2" else "fnv1a_random"
        )


class CompressionParams(Block):
    """`producer.compression_params`."""

    level: int = Field(0, ge=-1, le=12)
    """Effort; 0, -1 = the codec's own."""


class ProducerConfig(Block):
    """`producer`."""

    max_message_bytes: ByteSize = Field(1_000_000, ge=1000, le=_LARGEST)
    """Messages are cut to this size, before compression: not above the topic's `max.message.bytes`."""
    required_acks: Annotated[Literal[-1, 0, 1], BeforeValidator(_acks)] = -1
    """`all` (-1): all replicas in sync have it. 1 and 0 switch idempotence off, and lose records when a broker dies."""
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "none"
    """Of batches of messages."""
    compression_params: CompressionParams = CompressionParams()
    """How hard it tries."""
    flush_max_messages: int = Field(0, ge=0, le=1_000_000)
    """Messages in one request to a broker; 0 = 10,000."""
    allow_auto_topic_creation: bool = False
    """Let brokers make topics that are not there (otelcol: true): a slip in a name is a topic then."""
    linger: Duration = Field(0.01, le=900)
    """How long a message waits for others; requests are full anyhow where many are under way."""


class KafkaExporterConfig(KafkaClientOptions, DocumentOptions, RoutingOptions, DeliveryConfig):
    """Kafka, document models and delivery."""

    former_names = {"topic": "logs.topic", "encoding": "logs.encoding"}

    timeout: Duration = 30.0
    """How long a message may take, attempts of the producer included, which never double it; then the records are sent anew, and may stand twice. 0 = no limit."""
    sending_queue: BatchedQueueConfig = BatchedQueueConfig()
    """Queue, batching and quota."""
    logs: SignalConfig = SignalConfig()
    """Where records go, and as what."""
    traces: OtherSignal = OtherSignal()
    """Accepted; traces are not sent."""
    metrics: OtherSignal = OtherSignal()
    """Accepted; metrics are not sent."""
    profiles: OtherSignal = OtherSignal()
    """Accepted; profiles are not sent."""
    topic_from_attribute: str = ""
    """A resource attribute that names the topic; without it, or where it can't be one: `logs.topic`."""
    message_key: Literal["domain", "none"] = "domain"
    """Of messages, where nothing below says it: the domain of its records, so that a domain stays in one partition and in order, or none."""
    partition_logs_by_resource_attributes: bool = False
    """The key is a hash of the resource's attributes."""
    partition_logs_by_trace_id: bool = False
    """The key is the trace id, in hex; records without one have no key."""
    partition_traces_by_id: bool = False
    """Accepted; traces are not sent."""
    partition_metrics_by_resource_attributes: bool = False
    """Accepted; metrics are not sent."""
    include_metadata_keys: list[str] = []
    """Headers of the senders' requests that become headers of messages."""
    record_headers: Headers = {}
    """Headers of each message: a map, or a list of `{name, value}`. Values are secrets."""
    record_id_header: bool = True
    """Each message says in `logboom.record.id` which record is its first, and in `logboom.records` how many it holds, so that readers can
    tell what was sent again."""
    record_partitioner: RecordPartitioner = RecordPartitioner()
    """Which partition a message goes to."""
    producer: ProducerConfig = ProducerConfig()
    """How messages are written."""

    @model_validator(mode="after")
    def _check_kafka(self) -> Self:
        if self.partition_logs_by_resource_attributes and self.partition_logs_by_trace_id:
            raise ValueError(
                "partition_logs_by_resource_attributes and partition_logs_by_trace_id cannot both be enabled"
            )
        for name in ("partition_logs_by_resource_attributes", "partition_logs_by_trace_id"):
            if getattr(self, name) and self.logs.message_key_from_metadata_key:
                raise ValueError(
                    f"{name} and logs.message_key_from_metadata_key both say what the key is: keep one of them"
                )
        if self.timeout and self.producer.linger >= self.timeout:
            raise ValueError("producer.linger must be less than timeout")
        return self

    @property
    def attempt_timeout(self) -> float:
        """The producer ends each message in time itself."""
        return 0.0

    @property
    def idempotent(self) -> bool:
        """Whether the producer's own attempts never double a message."""
        return self.producer.required_acks == -1

    def asks_of_clients(self) -> Wanted:
        """See `DeliveryConfig`: what says topic, key and headers keeps records apart, too."""
        named = (
            *self.include_metadata_keys,
            self.logs.topic_from_metadata_key,
            self.logs.message_key_from_metadata_key,
        )
        return super().asks_of_clients() | Wanted.headers(name for name in named if name)

    def destination(self) -> str:
        """For people: the brokers."""
        return self.reached()

    def notes(self) -> Iterable[str]:
        """See `DeliveryConfig`."""
        if not self.idempotent:
            yield f"producer.required_acks {self.producer.required_acks}: records are lost when a broker dies before others have them"

    def not_erased(self) -> str:
        """See `DeliveryConfig`."""
        return "cannot: messages stay in their topics as long as these keep them (`retention.ms`, or a tombstone where they are compacted)"
