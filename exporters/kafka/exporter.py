"""Batches to Kafka: messages of an idempotent producer; a request is done when all of its messages are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from collector.batch import LogBatch
from collector.client_info import SENT_WITH, ClientInfo
from collector.component import Context
from collector.errors import LogboomError
from collector.kafka.client import client_settings, lacking, millis, token_source
from collector.outcomes import Retry, Verdicts
from collector.transport.headers import revealed
from exporters.kafka.answers import Produced, verdicts
from exporters.kafka.config import TOPIC, KafkaExporterConfig
from exporters.kafka.messages import Encoder, Messages
from exporters.kafka.sending import Headers, Place, Sent

if TYPE_CHECKING:
    from exporters.kafka.producing import Producing

RECORD_ID, RECORDS = "logboom.record.id", "logboom.records"
_FEW = 16
_UNKNOWN_TOPIC_MS = 5000
"""How long a topic may be unknown, before people are told: one that was made just now is known a moment later."""


class KafkaExporter:
    """Translates between batches and messages."""

    def __init__(self, config: KafkaExporterConfig, context: Context) -> None:
        self._config, self._context = config, context
        token_source(config, context)
        self._encoder = Encoder(config)
        self._producing: Producing | None = None
        self._fixed: Headers = list(revealed(config.record_headers).items())

    async def start(self) -> None:
        """Make the producer; nothing is connected yet. Raises LogboomError, also where the extra is missing."""
        if lack := lacking():
            raise LogboomError(f"exporters.{self._context.id}: {lack}")
        from exporters.kafka.producing import Producing

        self._producing = Producing(self._settings, f"kafka producer of {self._context.id}")
        self._producing.start()

    def encode(self, batch: LogBatch) -> Messages:
        """Records that share topic and key share messages, where the encoding has room for many."""
        return self._encoder.encode(batch)

    async def send(self, request: Messages) -> Produced:
        """All messages; the answer when each is written, or is given up."""
        if not request.messages:
            return Produced(request)
        assert self._producing is not None, "not started"
        client = SENT_WITH.get()
        place = Place(self._named_topic(client), self._config.logs.topic, self._named_key(client))
        sent = Sent(request, all_named=place.named is not None)
        more = [*self._fixed, *self._of_client(client)]

        def headers(at: int) -> Headers:
            return [*more, *self._of_records(request, at)]

        if self._producing.ready and len(request.messages) <= _FEW:
            self._producing.send(sent, request, place, headers)
        else:
            await asyncio.to_thread(self._producing.send, sent, request, place, headers)
        return await sent.answer()

    def classify(self, answer: Produced | Exception) -> Verdicts:
        """By Kafka's errors, message by message."""
        if isinstance(answer, LogboomError):
            return [Retry(str(answer))]
        if isinstance(answer, Exception):
            return [Retry(f"cannot be handed to the producer: {type(answer).__name__}")]
        return verdicts(answer)

    async def shutdown(self) -> None:
        """End the producer."""
        if self._producing is not None:
            await asyncio.to_thread(self._producing.close)

    def _settings(self) -> Mapping[str, Any]:
        config, producer = self._config, self._config.producer
        level = (
            {"compression.level": producer.compression_params.level} if producer.compression_params.level > 0 else {}
        )
        return {
            "topic.metadata.propagation.max.ms": _UNKNOWN_TOPIC_MS,
            "enable.idempotence": config.idempotent, "acks": producer.required_acks,
            "message.timeout.ms": millis(config.timeout), "linger.ms": millis(producer.linger),
            "message.max.bytes": producer.max_message_bytes, "compression.type": producer.compression, **level,
            "batch.num.messages": producer.flush_max_messages or 10_000,
            "allow.auto.create.topics": producer.allow_auto_topic_creation,
            "partitioner": config.record_partitioner.librdkafka, "retry.backoff.ms": millis(config.metadata.retry.backoff),
            "sticky.partitioning.linger.ms": 0 if config.record_partitioner.librdkafka == "random" else 10,
            **client_settings(config, self._context),
        }  # fmt: skip

    def _named_topic(self, client: ClientInfo) -> str | None:
        name = self._config.logs.topic_from_metadata_key
        value = client.named(name) if name else None
        return value if value is not None and TOPIC.fullmatch(value) else None

    def _named_key(self, client: ClientInfo) -> bytes | None:
        name = self._config.logs.message_key_from_metadata_key
        value = client.named(name) if name else None
        return value.encode() if value else None

    def _of_client(self, client: ClientInfo) -> Headers:
        names = (name.lower() for name in self._config.include_metadata_keys)
        return [(name, value) for name in names for value in client.metadata.get(name, ())]

    def _of_records(self, request: Messages, at: int) -> Headers:
        if not self._config.record_id_header:
            return []
        message = request.messages[at]
        return [(RECORD_ID, message.first), (RECORDS, str(len(message.rows)))]
