"""Batches as messages: which records share one, its topic, its key, its value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
import xxhash

from collector.batch import LogBatch
from collector.documents.bodies import structured_bodies
from collector.documents.facts import normalised
from collector.documents.json_text import quoted
from collector.documents.models import texts
from collector.documents.objects import resource_json
from collector.outcomes import Items
from exporters.kafka.config import TOPIC, WHOLE, KafkaExporterConfig
from otlp_wire import encode, encode_json

_NONE: Items = np.empty(0, np.uint32)
_OVERHEAD = 256
"""Bytes of a message beside key, value and the names of our own headers."""
_TRACE_ID = 16
_SOMEWHAT_MORE = 1.05
_BYTES_VALUE = 0x3A
"""The first byte of an AnyValue that holds bytes: field 7, length-delimited."""


class Message(NamedTuple):
    """`topic` None: the configured one. `rows`: positions of its records in the request's batch."""

    topic: str | None
    key: bytes | None
    value: bytes
    first: str
    rows: Items


@dataclass(frozen=True, slots=True)
class Messages:
    """A request. `unfit`: positions of records that are too large for a message of their own."""

    messages: Sequence[Message]
    unfit: Items
    records: int


class Encoder:
    """Makes messages of batches. Safe from any thread."""

    def __init__(self, config: KafkaExporterConfig) -> None:
        self._config = config
        self._most = config.producer.max_message_bytes - _OVERHEAD
        self._record_bytes = 0.0

    def encode(self, batch: LogBatch) -> Messages:
        """All records, in their order within a topic and key."""
        places = pl.DataFrame([self._topics(batch), self._keys(batch)])
        whole = self._config.logs.encoding in WHOLE
        made = list(self._shared(batch, places) if whole else self._single(batch, places))
        unfit = np.sort(np.concatenate([_NONE, *(message.rows for message in made if not self._fits(message))]))
        return Messages([message for message in made if self._fits(message)], unfit.astype(np.uint32), len(batch))

    def _fits(self, message: Message) -> bool:
        return len(message.value) + len(message.key or b"") <= self._most

    def _shared(self, batch: LogBatch, places: pl.DataFrame) -> Iterator[Message]:
        """A message for each topic and key."""
        groups = places.with_row_index("row").group_by("topic", "key", maintain_order=True).agg("row")
        for topic, key, rows in zip(*groups.get_columns(), strict=True):
            part = batch if groups.height == 1 else batch.gather(rows)
            yield from self._cut(part, topic, key, rows.to_numpy())

    def _cut(self, batch: LogBatch, topic: str | None, key: bytes | None, rows: Items) -> Iterator[Message]:
        """By what records took the last time: who halves what is too large has encoded it for nothing."""
        pieces = max(1, math.ceil(len(batch) * self._record_bytes / self._most))
        step = math.ceil(len(batch) / pieces)
        for start in range(0, len(batch), step):
            yield from self._halved(batch.slice(start, step), topic, key, rows[start : start + step])

    def _halved(self, batch: LogBatch, topic: str | None, key: bytes | None, rows: Items) -> Iterator[Message]:
        """As few messages as hold them."""
        writer = encode if self._config.logs.encoding == "otlp_proto" else encode_json
        message = Message(topic, key, writer(normalised(batch)), str(batch.column("record_id")[0] or ""), rows)
        self._record_bytes = _SOMEWHAT_MORE * len(message.value) / len(batch)
        if self._fits(message) or len(batch) == 1:
            yield message
            return
        half = len(batch) // 2
        yield from self._halved(batch.slice(0, half), topic, key, rows[:half])
        yield from self._halved(batch.slice(half, len(batch) - half), topic, key, rows[half:])

    def _single(self, batch: LogBatch, places: pl.DataFrame) -> Iterator[Message]:
        """A message for each record; none for one without a body where bodies are sent."""
        values = self._values(batch)
        rows = np.arange(len(batch), dtype=np.uint32).reshape(-1, 1)
        columns = (
            places.get_column("topic"),
            places.get_column("key"),
            values,
            batch.column("record_id").fill_null(""),
        )
        for at, (topic, key, value, first) in enumerate(zip(*(column.to_list() for column in columns), strict=True)):
            if value is not None:
                yield Message(topic, key, value, first, rows[at])

    def _values(self, batch: LogBatch) -> pl.Series:
        match self._config.logs.encoding:
            case "raw":
                return _bodies(batch)
            case "otlp_proto" | "otlp_json":
                raise AssertionError("these share messages")
            case model:
                return texts(batch, model, self._config).cast(pl.Binary)

    def _topics(self, batch: LogBatch) -> pl.Series:
        if not self._config.topic_from_attribute:
            return pl.Series("topic", [None], pl.String).new_from_index(0, len(batch))
        routing = batch.for_routing(self._config.routing_attributes)
        found = routing.resource_attribute(self._config.topic_from_attribute)
        names = {name: name if TOPIC.fullmatch(name) else None for name in found.drop_nulls().unique().to_list()}
        return found.replace_strict(names, default=None, return_dtype=pl.String).rename("topic")

    def _keys(self, batch: LogBatch) -> pl.Series:
        config = self._config
        if config.partition_logs_by_trace_id:
            ids = batch.column("trace_id")
            return (
                ids.zip_with(ids.bin.size() == _TRACE_ID, _null_keys(len(ids)))
                .bin.encode("hex")
                .cast(pl.Binary)
                .rename("key")
            )
        if config.partition_logs_by_resource_attributes:
            return _resource_hashes(batch)
        if config.message_key == "none" or config.logs.message_key_from_metadata_key:
            return _null_keys(len(batch))
        return batch.column("domain").cast(pl.Binary).rename("key")


def _null_keys(height: int) -> pl.Series:
    return pl.Series("key", [None], pl.Binary).new_from_index(0, height)


def _resource_hashes(batch: LogBatch) -> pl.Series:
    """16 bytes for each record: equal where the attributes are."""
    described = resource_json(batch)
    hashes = {text: xxhash.xxh3_128_digest(text.encode()) for text in described.unique().to_list()}
    return described.replace_strict(hashes, return_dtype=pl.Binary).rename("key")


def _bodies(batch: LogBatch) -> pl.Series:
    """Strings and values as JSON, bytes as they are, null for none."""
    text, other = quoted(batch.column("body")), batch.column("body_any")
    said = text.zip_with(text.is_not_null(), structured_bodies(batch)).cast(pl.Binary)
    holds_bytes = other.bin.starts_with(bytes([_BYTES_VALUE])).fill_null(False)
    if not holds_bytes.any():
        return said
    rows = holds_bytes.arg_true()
    return said.clone().scatter(rows, pl.Series([_content(value) for value in other.gather(rows)], dtype=pl.Binary))


def _content(value: bytes) -> bytes:
    """What an AnyValue of bytes holds, behind its tag and length."""
    at = 1
    while value[at] & 0x80:
        at += 1
    return value[at + 1 :]
