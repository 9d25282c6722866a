"""Events, one behind the other or in an array, to one OTLP request, as the Collector's receiver maps them.

resource                `host`, `source`, `sourcetype`, `index`, under the names that the options give them
body                    `event`, of whatever type it is
attributes              `fields`
time_unix_nano          `time`
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from collector.ingress.documents import BadRecord, documents
from collector.receivers.splunk_hec.answers import Code, HecRefusal, MetricEvent
from collector.receivers.splunk_hec.config import HecNames
from collector.receivers.splunk_hec.moment import unix_nano
from otlp_wire import Received, Repairs
from otlp_wire.inspection import byte_gate, check_records
from otlp_wire.record_writing import MAX_KEYS, attribute_field, body_field, dropped_field, request, time_field

Resource = tuple[tuple[str, str], ...]
_METADATA = ("host", "source", "sourcetype", "index")
_METRIC_NAME = re.compile(r"metric_name:(?!.*metric_name)[A-Za-z.:][A-Za-z0-9_.:\\-]*")


def named(metadata: Mapping[str, Any], names: HecNames, beside: Resource) -> Resource:
    """The resource that metadata name, and what stands `beside`. Raises `HecRefusal` for what is no text."""
    found: dict[str, str] = {}
    for key in _METADATA:
        value = metadata.get(key)
        if value is not None and type(value) is not str:
            raise HecRefusal(Code.INVALID_DATA_FORMAT)
        if value:
            found[getattr(names, key)] = value
    return (*found.items(), *beside)


def received(body: bytes, names: HecNames, beside: Resource) -> Received:
    """What admission keeps: all events or none. Raises `HecRefusal`, `MetricEvent`, `TooLarge`."""
    if not body.strip():
        raise HecRefusal(Code.NO_DATA)
    with byte_gate(len(body)):
        groups: dict[Any, list[bytes]] = {}
        resources: dict[Any, Resource] = {}
        count = 0
        for count, event in enumerate(_events(body), 1):
            record = _record(event, count - 1)
            key = (event.get("host"), event.get("source"), event.get("sourcetype"), event.get("index"))
            try:
                groups[key].append(record)
            except (KeyError, TypeError):  # TypeError: one of them is a list or an object
                resources[key] = named(event, names, beside)
                groups[key] = [record]
        check_records(count)
        merged: dict[Resource, list[bytes]] = {}
        for key, records in groups.items():
            merged.setdefault(resources[key], []).extend(records)
        return Received(request(merged), count, 2 * len(merged), Repairs())


def _events(body: bytes) -> Iterator[dict[str, Any]]:
    """The objects of a body; an array stands alone. Raises `HecRefusal` where there is none, or something else."""
    array = False
    for number, document in enumerate(documents(body, _no_json)):
        if type(document) is dict and not array:
            yield document
        elif document is None:
            raise HecRefusal(Code.EVENT_REQUIRED)
        elif number or type(document) is not list:
            raise HecRefusal(Code.INVALID_DATA_FORMAT)
        else:
            array = True
            yield from _of_array(document)


def _of_array(items: list[Any]) -> Iterator[dict[str, Any]]:
    if not items:
        raise HecRefusal(Code.NO_DATA)
    for item in items:
        if type(item) is not dict:
            raise HecRefusal(Code.EVENT_REQUIRED if item is None else Code.INVALID_DATA_FORMAT)
        yield item


def _no_json(_bad: BadRecord) -> NoReturn:
    raise HecRefusal(Code.INVALID_DATA_FORMAT)


def _record(event: dict[str, Any], number: int) -> bytes:
    attributes = event.get("fields")
    if attributes is not None and type(attributes) is not dict:
        raise HecRefusal(Code.INVALID_DATA_FORMAT)
    body = event.get("event")
    written = _attributes(attributes, number) if attributes else b""
    if body == "metric":
        raise MetricEvent
    if body is None:
        raise HecRefusal(Code.EVENT_REQUIRED)
    if body == "":
        raise HecRefusal(Code.EVENT_BLANK)
    moment = unix_nano(event.get("time"))
    return (time_field(moment) if moment else b"") + body_field(body) + written


def _attributes(fields: dict[str, Any], number: int) -> bytes:
    metric = False
    written: list[bytes] = []
    for key, value in fields.items():
        kind = type(value)
        if kind is dict or (kind is list and any(type(item) in (dict, list) for item in value)):
            raise HecRefusal(Code.INDEXED_FIELDS, number)
        if key.startswith("metric_name") and (key == "metric_name" or _METRIC_NAME.fullmatch(key)):
            metric = True
        written.append(attribute_field(key, value))
    if metric:
        raise MetricEvent
    if len(written) > MAX_KEYS:
        written[MAX_KEYS:] = [dropped_field(len(written) - MAX_KEYS)]
    return b"".join(written)
