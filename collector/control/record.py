"""A control record: what goes over the socket, and its bytes in the journal."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from socket import gethostname
from typing import Self

import orjson

Value = str | int | float | bool
_MOST_ID, _MOST_NAME, _MOST_DOMAIN = 64, 100, 253
_MOST_ATTRIBUTES, _MOST_TEXT = 64, 8192
SEVERITIES = {"INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}


class Unfit(ValueError):
    """It is no control record; the sentence says why."""


def new_id() -> str:
    """26 characters that nobody else makes."""
    return secrets.token_hex(13)


@dataclass(frozen=True, slots=True)
class ControlRecord:
    """Something that happened to the service, or that somebody wants of it.

    Args:
        name: the event name, `logboom.…`.
        domain: whom it is for.
        body: a sentence for people.
        severity: of `SEVERITIES`.
        time_unix_nano: when it happened.
        id: made by whoever makes the record; the same again is the same record, sent again.

    Raises:
        Unfit: a part of it is none of that, or too long.
    """

    name: str
    domain: str
    body: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    severity: str = "INFO"
    time_unix_nano: int = field(default_factory=time.time_ns)
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        for what, text, most in (
            ("id", self.id, _MOST_ID),
            ("name", self.name, _MOST_NAME),
            ("domain", self.domain, _MOST_DOMAIN),
        ):
            if not isinstance(text, str) or not 0 < len(text) <= most or not text.isprintable():
                raise Unfit(f"the {what} of a record has 1 to {most} printable characters")
        if not self.name.startswith("logboom."):
            raise Unfit("the name of a record begins with logboom.")
        if self.severity not in SEVERITIES:
            raise Unfit(f"a severity is one of {', '.join(SEVERITIES)}")
        if not isinstance(self.time_unix_nano, int) or not 0 < self.time_unix_nano < 1 << 63:
            raise Unfit("a time is nanoseconds since 1970")
        _check_contents(self.body, self.attributes)

    @classmethod
    def parse(cls, told: object) -> Self:
        """From what `to_json` made. Raises `Unfit`."""
        if not isinstance(told, dict):
            raise Unfit("a record is an object")
        try:
            return cls(**told)
        except TypeError:
            raise Unfit("a record has a field that it can't have, or lacks one") from None

    def to_json(self) -> dict[str, object]:
        """As it goes over the socket."""
        return asdict(self)

    def otlp_json(self) -> bytes:
        """As one ExportLogsServiceRequest; the record's id among its attributes."""
        own = {"logboom.control.id": self.id, **self.attributes}
        nano = str(self.time_unix_nano)
        record = {
            "timeUnixNano": nano, "observedTimeUnixNano": nano, "severityText": self.severity,
            "severityNumber": SEVERITIES[self.severity], "eventName": self.name, "body": {"stringValue": self.body},
            "attributes": _attributes(own),
        }  # fmt: skip
        scope = {"scope": {"name": "logboom"}, "logRecords": [record]}
        return orjson.dumps({"resourceLogs": [{"resource": {"attributes": _resource()}, "scopeLogs": [scope]}]})


def shortened(text: str) -> str:
    """Of a text that comes from outside: as much as a record takes."""
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"


def _check_contents(body: object, attributes: object) -> None:
    if not isinstance(body, str) or len(body) > _MOST_TEXT:
        raise Unfit(f"a body is a text of at most {_MOST_TEXT} characters")
    if not isinstance(attributes, Mapping) or len(attributes) > _MOST_ATTRIBUTES:
        raise Unfit(f"a record has at most {_MOST_ATTRIBUTES} attributes")
    for key, value in attributes.items():
        if not isinstance(key, str) or not 0 < len(key) <= _MOST_NAME:
            raise Unfit(f"the name of an attribute has 1 to {_MOST_NAME} characters")
        if not isinstance(value, str | int | float | bool) or len(str(value)) > _MOST_TEXT:
            raise Unfit(
                f"{key[:_MOST_NAME]}: a value is a text of at most {_MOST_TEXT} characters, a number or a truth"
            )
        if isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 63:
            raise Unfit(f"{key[:_MOST_NAME]}: a number has 64 bits")


def _attributes(values: Mapping[str, Value]) -> list[dict[str, object]]:
    return [{"key": key, "value": _any(value)} for key, value in values.items()]


def _any(value: Value) -> dict[str, object]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


@cache
def _resource() -> list[dict[str, object]]:
    named = {"service.name": "logboom", "service.version": version("logboom"), "host.name": gethostname()}
    return _attributes({key: value for key, value in named.items() if value})
