"""What a record says → LEEF keys, in the order of the event; `msg` is last, so that QRadar, which cuts a payload that
is too long for its protocol, cuts the message."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from collector.documents.device_event import readings
from collector.documents.device_event.mapped import Mapped, ends
from collector.documents.device_event.pieces import Form
from collector.documents.leef import cleaning
from collector.documents.leef.attributes import EVENT_ID_LENGTH, PREDEFINED

PER_RECORD = ("cat", "sev", "devTime", "domain", "traceId", "spanId", "recordId", "severityNumber", "msg")
"""Keys out of the record's own fields: category and severity (which every record has), time, tenant, ids, body."""

MAPPING = (
    *ends(("src", "srcHostName"), ("dst", "dstHostName"), ("srcPort", "dstPort"), readings.one_address),
    Mapped("transport", ("proto",), readings.transport),
    Mapped("user id", ("usrName",)),
    Mapped("user name", ("usrName",)),
    Mapped("user id", ("accountName",)),
    Mapped("user role", ("role",)),
    Mapped("host address", ("identSrc",), readings.one_machine),
    Mapped("host name", ("identHostName",)),
    Mapped("service", ("resource",)),
    Mapped("rule", ("policy",)),
    Mapped("url", ("url",)),
    Mapped("request size", ("srcBytes",), readings.integer),
    Mapped("response size", ("dstBytes",), readings.integer),
    Mapped("application protocol", ("applicationProtocol",)),
    Mapped("method", ("requestMethod",)),
    Mapped("user agent", ("userAgent",)),
    Mapped("status code", ("httpStatusCode",), readings.integer),
    Mapped("status code", ("outcome",), readings.outcome_of_status),
    Mapped("outcome", ("outcome",), readings.outcome),
    Mapped("reason", ("reason",)),
    Mapped("detail", ("exceptionMessage",)),
    Mapped("file path", ("filePath",)),
    Mapped("file name", ("fileName",)),
    Mapped("file size", ("fileSize",), readings.integer),
    Mapped("host id", ("deviceId",)),
    Mapped("process name", ("processName",)),
    Mapped("process id", ("processId",), readings.integer),
    Mapped("environment", ("environment",)),
    Mapped("component", ("component",)),
    Mapped("endpoint", ("endpoint",)),
    Mapped("level", ("triageLevel",)),
    Mapped("action", ("triageAction",)),
    Mapped("issue", ("issueId",)),
    Mapped("pattern", ("patternId",)),
    Mapped("count", ("eventCount", ""), readings.aggregated),
    Mapped("threat actor", ("threatActor",)),
    Mapped("threat technique", ("threatTechnique",)),
    Mapped("group of the resource", ("resourceGroup",)),
    Mapped("name of the resource", ("resourceName",)),
    Mapped("id of the resource", ("resourceId",)),
)
"""Where two lines fill one key the later one counts. Keys that are not predefined are custom event keys."""

LONGEST = 4000
"""Characters of a value without a limit of its own."""
LONGEST_MESSAGE = 32_000
"""Characters of `msg`: QRadar takes payloads of at most 32 KiB."""
_NUMBERS = "sev devTime severityNumber srcPort dstPort srcBytes dstBytes httpStatusCode fileSize processId eventCount"
_SAFE = frozenset(f"{_NUMBERS} cat traceId spanId src dst identSrc proto outcome".split())
"""Numbers, addresses, words of a fixed list: no delimiter that is allowed occurs in them."""


EVENT_ID = "event id"
"""Of the header."""


@cache
def forms(start: str, delimiter: str) -> dict[str, Form]:
    """How the event id and each key are written, in the order of the event. `start`: the header up to the event id."""
    clean = cleaning.attribute(delimiter)
    header = {EVENT_ID: Form(start, EVENT_ID_LENGTH, cleaning.header)}
    return header | {key: Form(f"{key}=", _longest(key), None if key in _SAFE else clean) for key in _keys()}


def _keys() -> Iterator[str]:
    yield from (key for key in PER_RECORD if key != "msg")
    yield from (key for line in MAPPING for key in line.keys if key)
    yield "msg"


def _longest(key: str) -> int:
    if key == "msg":
        return LONGEST_MESSAGE
    return PREDEFINED[key].length or LONGEST if key in PREDEFINED else LONGEST
