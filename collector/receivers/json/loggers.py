"""`POST /logs`: what loggers and agents send, told apart by what is in it. Also GELF and Datadog, which are lists of records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from collector.receivers.json import cloudflare, loki
from collector.receivers.json.mapping import Mapper
from collector.receivers.json.shape import Slot
from collector.receivers.json.shapes import DATADOG, GELF, LOGS
from collector.receivers.json.taking import Taking

WRAPPERS = ("logs", "events", "records")
_OTLP = ("resourceLogs", "resource_logs")
_BODIES = frozenset(LOGS.slots[Slot.BODY])
_MAPPER = Mapper(LOGS)
_PLANS = _MAPPER.plans(frozenset((*WRAPPERS, *_OTLP, "streams", "scriptName")))
_GELF = Mapper(GELF)
_DATADOG = Mapper(DATADOG)
_TAGS = ("env", "version", "service")


def read_logs(taking: Taking, body: bytes) -> None:
    """Objects, arrays, lines, wrappers."""
    for document in taking.documents(body):
        for item in document if type(document) is list else (document,):
            if type(item) is dict:
                plan = _PLANS.of(item)
                written = plan.record(item) if plan is not None else None
                if written is None:
                    _object(taking, item)
                else:
                    taking.add(*written)
            else:
                taking.take(_MAPPER, item)


def read_lines(taking: Taking, body: bytes) -> None:
    """Text that is no JSON, a record a line."""
    for line in body.decode("utf-8", "replace").splitlines():
        if line.strip():
            taking.take(_MAPPER, line)


def read_gelf(taking: Taking, body: bytes) -> None:
    """An object, or several in lines; an array is no GELF, but what is meant is clear."""
    for document in taking.documents(body):
        for item in document if type(document) is list else (document,):
            taking.take(_GELF, item)


def read_datadog(taking: Taking, body: bytes, parameters: Mapping[str, str]) -> None:
    """An array, an object, or lines; what stands in the query holds for each record."""
    for document in taking.documents(body):
        for item in document if type(document) is list else (document,):
            record = {"message": item} if type(item) is str else item
            taking.take(_DATADOG, _tagged({**parameters, **record}) if type(record) is dict else record)


def _tagged(record: dict[str, Any]) -> dict[str, Any]:
    """Unified service tagging: `env`, `version` and `service` of `ddtags`, where the record itself does not say them."""
    tags = record.get("ddtags")
    if type(tags) is str:
        for name, value in _tags(tags):
            record.setdefault(name, value)
    return record


@lru_cache(256)
def _tags(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (tag.strip().partition(":") for tag in text.split(","))
    return tuple((name, value) for name, _, value in pairs if name in _TAGS and value)


def _object(taking: Taking, item: dict[str, Any]) -> None:
    """A record, or one of the objects that hold records."""
    if any(type(item.get(key)) is list for key in _OTLP):
        taking.take_otlp(item)
    elif type(item.get("streams")) is list:
        loki.take_streams(taking, item["streams"])
    elif cloudflare.is_trace(item):
        cloudflare.take_trace(taking, item)
    elif (key := _wrapped(item)) is not None:
        around = {name: value for name, value in item.items() if name != key}
        for record in item[key]:
            taking.take(_MAPPER, {**around, **record} if around and type(record) is dict else record)
    else:
        taking.take(_MAPPER, item)


def _wrapped(item: dict[str, Any]) -> str | None:
    """Under which key an object holds a list of records; None for one that says something itself."""
    key = next((key for key in WRAPPERS if type(item.get(key)) is list), None)
    if key is None or not _BODIES.isdisjoint(item):
        return None
    return key if all(type(record) is dict or type(record) is str for record in item[key]) else None
