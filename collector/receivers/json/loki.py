"""Loki's push: labels are the resource, structured metadata attributes, the line the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cramjam

from collector.errors import InvalidPayload, TooLarge
from collector.receivers.json.documents import BadRecord
from collector.receivers.json.mapping import Mapper
from collector.receivers.json.moments import unix_nano
from collector.receivers.json.plans import Resource
from collector.receivers.json.shape import Shape
from collector.receivers.json.shapes import LOKI
from collector.receivers.json.taking import Taking
from collector.transport.serving.content_encoding import decoded
from otlp_wire import read_push, record_writing

_LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_:.]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|\}|$)')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_OF_RECORD = frozenset(key for keys in LOKI.slots.values() for key in keys)
_NAMES = {key: (name, rank) for name, keys in LOKI.resource.items() for rank, key in enumerate(keys)}
_MAPPER = Mapper(Shape("loki", LOKI.summary, (), slots=LOKI.slots))  # metadata describe the record, not its source


def read_json_push(taking: Taking, body: bytes) -> None:
    """`{"streams": [{"stream": {…}, "values": [["ns", "line", {…}]]}]}`."""
    for document in taking.documents(body):
        streams = document.get("streams") if type(document) is dict else None
        if type(streams) is not list:
            taking.bad(BadRecord("record", 1, 'no "streams" in it: see Loki\'s push API'))
            continue
        take_streams(taking, streams)


def read_protobuf_push(taking: Taking, body: bytes, encoding: str, limit: int) -> None:
    """Loki's clients compress the body with snappy, and do not say so."""
    plain = decoded(encoding, body, limit) if encoding else _unpacked(body, limit)
    for labels, lines in read_push(plain):
        source, common = _stream(labels_of(labels))
        for moment, line, metadata in lines:
            _entry(taking, source, common, moment, line, metadata)


def take_streams(taking: Taking, streams: list[Any]) -> None:
    """Streams as JSON has them."""
    for stream in streams:
        labels = stream.get("stream", {}) if type(stream) is dict else None
        entries = stream.get("values", []) if type(stream) is dict else None
        if type(labels) is not dict or type(entries) is not list:
            taking.bad(BadRecord("record", taking.records + taking.skipped + 1, "no stream of Loki's"))
            continue
        source, common = _stream({name: value for name, value in labels.items() if type(value) is str})
        for entry in entries:
            if type(entry) is not list or not 2 <= len(entry) <= 3 or type(entry[1]) is not str:
                taking.bad(BadRecord("record", taking.records + taking.skipped + 1, 'not ["nanoseconds", "line"]'))
                continue
            metadata = entry[2] if len(entry) == 3 and type(entry[2]) is dict else {}
            _entry(taking, source, common, _moment(entry[0]), entry[1], metadata)


@lru_cache(1024)
def labels_of(text: str) -> Mapping[str, str]:
    """`{app="x", level="info"}` as Prometheus writes labels. Raises `InvalidPayload`."""
    found: dict[str, str] = {}
    inner, at = text.strip().removeprefix("{").removesuffix("}"), 0
    while at < len(inner):
        label = _LABEL.match(inner, at)
        if label is None:
            raise InvalidPayload("a stream's labels are not as Prometheus writes them")
        found[label[1]] = _ESCAPE.sub(lambda sign: _ESCAPED.get(sign[1], sign[1]), label[2])
        at = label.end()
    return found


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


def _moment(value: Any) -> int:
    """Nanoseconds, as text or number; as Loki's old API also a time as text."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 21:
        value = int(value)
    if type(value) is int:
        return value if 0 < value < 1 << 64 else 0
    return unix_nano(value) or 0


def _unpacked(body: bytes, limit: int) -> bytes:
    """Snappy where it is snappy: a plain PushRequest begins with the tag of a stream, and no block of snappy ends as it does."""
    try:
        return decoded("snappy", body, limit)
    except TooLarge:
        raise
    except (InvalidPayload, cramjam.DecompressionError):
        return body
