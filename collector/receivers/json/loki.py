"""Loki's push: labels are the resource, structured metadata attributes, the line the body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from collector.ingress.documents import BadRecord
from collector.ingress.loki_push import NO_PUSH, Stream, json_streams, protobuf_streams
from collector.receivers.json.mapping import Mapper
from collector.receivers.json.plans import Resource
from collector.receivers.json.shape import Shape
from collector.receivers.json.shapes import LOKI
from collector.receivers.json.taking import Taking
from otlp_wire import record_writing

_OF_RECORD = frozenset(key for keys in LOKI.slots.values() for key in keys)
_NAMES = {key: (name, rank) for name, keys in LOKI.resource.items() for rank, key in enumerate(keys)}
_MAPPER = Mapper(Shape("loki", LOKI.summary, (), slots=LOKI.slots))  # metadata describe the record, not its source


def read_json_push(taking: Taking, body: bytes) -> None:
    """`{"streams": [{"stream": {…}, "values": [["ns", "line", {…}]]}]}`."""
    for document in taking.documents(body):
        streams = document.get("streams") if type(document) is dict else None
        if type(streams) is not list:
            taking.bad(BadRecord("record", 1, NO_PUSH))
        else:
            take_streams(taking, streams)


def read_protobuf_push(taking: Taking, body: bytes, encoding: str, limit: int) -> None:
    """A `PushRequest`."""
    _take(taking, protobuf_streams(body, encoding, limit))


def take_streams(taking: Taking, streams: list[Any]) -> None:
    """Streams as JSON has them."""

    def bad(why: str) -> None:
        taking.bad(BadRecord("record", taking.records + taking.skipped + 1, why))

    _take(taking, json_streams(streams, bad))


def _take(taking: Taking, streams: Iterable[Stream]) -> None:
    for labels, lines in streams:
        source, common = _stream(labels)
        for moment, line, metadata in lines:
            _entry(taking, source, common, moment, line, metadata)


def _stream(labels: Mapping[str, str]) -> tuple[Resource, dict[str, str]]:
    """The resource of a stream, and the labels that speak of its records (level, trace)."""
    resource: dict[str, tuple[int, str, str]] = {}
    kept: dict[str, str] = {}
    for label, text in labels.items():
        if label in _OF_RECORD:
            continue
        name, rank = _NAMES.get(label, (label, 0))
        earlier = resource.get(name)
        if earlier is None or rank < earlier[0]:
            kept.update({earlier[1]: earlier[2]} if earlier is not None else {})
            resource[name] = (rank, label, text)
        else:
            kept[label] = text
    pairs = {**kept, **{name: text for name, (_, _, text) in resource.items()}}
    return tuple(sorted(pairs.items())), {label: text for label, text in labels.items() if label in _OF_RECORD}


def _entry(
    taking: Taking, source: Resource, common: Mapping[str, str], moment: int, line: str, metadata: Mapping[str, Any]
) -> None:
    _, fields = _MAPPER.record({**common, **metadata})
    when = record_writing.time_field(moment) if moment else b""
    taking.add(source, when + record_writing.body_field(line) + fields)
