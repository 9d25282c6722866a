"""A push to one OTLP request, as the Collector's receiver maps it.

attributes              labels, but for those that begin with `__`; then structured metadata, which have the last word
body                    the line
time_unix_nano          the entry's time, or when it came
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from collector.errors import InvalidPayload
from collector.ingress.documents import documents
from collector.ingress.loki_push import Line, Stream, json_streams, labels_of, protobuf_streams
from otlp_wire import Received, Repairs, read_push
from otlp_wire.inspection import bounded, byte_gate
from otlp_wire.record_writing import MAX_KEYS, attribute_field, body_field, dropped_field, request, time_field

_INTERNAL = "__"


def of_json(body: bytes, keeps_time: bool) -> Received:
    """What admission keeps of `{"streams": […]}`. Raises `InvalidPayload`, `TooLarge`."""
    with byte_gate(len(body)):
        return _received(_of_documents(body) if body.strip() else (), keeps_time, len(body))


def of_protobuf(body: bytes, keeps_time: bool, encoding: str, limit: int) -> Received:
    """The same of a `PushRequest`, which is compressed with snappy."""
    return _received(protobuf_streams(body, encoding, limit) if body else (), keeps_time, len(body))


def of_message(body: bytes, keeps_time: bool) -> Received:
    """The same of a `PushRequest` as it comes over gRPC."""
    return _received(((labels_of(labels), lines) for labels, lines in read_push(body)), keeps_time, len(body))


def _of_documents(body: bytes) -> Iterator[Stream]:
    for document in documents(body, _refuse):
        if type(document) is not dict:
            raise InvalidPayload('not {"streams": […]}: see Loki\'s push API')
        streams = document.get("streams")
        if streams is not None:
            yield from json_streams(streams, _no_push)


def _refuse(bad: InvalidPayload) -> None:
    raise bad


def _no_push(why: str) -> None:
    raise InvalidPayload(why)


def _received(streams: Iterable[Stream], keeps_time: bool, sent: int) -> Received:
    came = b"" if keeps_time else time_field(time.time_ns())
    records = bounded((record for labels, lines in streams for record in _records(labels, lines, came)), sent)
    return Received(request({(): records}) if records else b"", len(records), 2 if records else 0, Repairs())


def _records(labels: Mapping[str, str], lines: Iterable[Line], came: bytes) -> Iterator[bytes]:
    """`came`: the time that each has; empty: its own. One that is told no time has none: then an equal request is no repetition."""
    kept = {name: text for name, text in labels.items() if not name.startswith(_INTERNAL)}
    common = _attributes(kept)
    for moment, line, metadata in lines:
        when = (came or time_field(moment)) if moment else b""
        yield when + body_field(line) + (_attributes({**kept, **metadata}) if metadata else common)


def _attributes(values: Mapping[str, Any]) -> bytes:
    fields = [attribute_field(name, value) for name, value in islice(values.items(), MAX_KEYS)]
    if len(values) > MAX_KEYS:
        fields.append(dropped_field(len(values) - MAX_KEYS))
    return b"".join(fields)
