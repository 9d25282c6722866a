"""Cloudflare: Logpush datasets, and what Tail Workers pass on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from collector.ingress.documents import BadRecord
from collector.receivers.json.cloudflare_shapes import LOGPUSH, TAIL
from collector.receivers.json.mapping import Mapper
from collector.receivers.json.taking import Taking
from otlp_wire.record_writing import plain_text

_TESTS = ({"content": "tests"}, {"content": "test"})
"""What is uploaded when a job is made; it is answered and no record."""
_LOGPUSH = Mapper(LOGPUSH)
_TAIL = Mapper(TAIL)
_TRACE_KEYS: dict[str, str] = {"ScriptName": "scriptName", "Outcome": "outcome", "EventTimestampMs": "eventTimestamp", "Event": "event",
               "Entrypoint": "entrypoint", "ScriptVersion": "scriptVersion", "Logs": "logs", "Exceptions": "exceptions",
               "DispatchNamespace": "dispatchNamespace"}  # fmt: skip
"""Keys of the dataset `workers_trace_events` → those of a Tail Worker's events."""
_INNER_KEYS: dict[str, str] = {
    "TimestampMs": "timestamp",
    "Level": "level",
    "Message": "message",
    "Name": "name",
    "Stack": "stack",
}
_ITS_OWN = ("logs", "exceptions", "diagnosticsChannelEvents", "eventTimestamp")
_HARMLESS = ("canceled", "responseStreamDisconnected", "unknown")
_FINE = ("ok", "", None)


def read_logpush(taking: Taking, body: bytes) -> None:
    """Lines of a dataset."""
    for document in taking.documents(body):
        for record in document if type(document) is list else (document,):
            if type(record) is not dict:
                taking.take(_LOGPUSH, record)
            elif "EventTimestampMs" in record and "Logs" in record:
                take_trace(taking, {_TRACE_KEYS.get(str(key), str(key)): value for key, value in record.items()})
            elif record not in _TESTS:
                taking.take(_LOGPUSH, _told(record))


def read_tail(taking: Taking, body: bytes) -> None:
    """The array of a Tail Worker's events."""
    for document in taking.documents(body):
        for item in document if type(document) is list else (document,):
            if type(item) is dict:
                take_trace(taking, item)
            else:
                taking.bad(BadRecord("record", taking.records + taking.skipped + 1, "no event of a Tail Worker"))


def is_trace(item: dict[str, Any]) -> bool:
    """Whether an object is what a Tail Worker gets."""
    return "scriptName" in item and "outcome" in item and type(item.get("logs")) is list


def take_trace(taking: Taking, item: dict[str, Any]) -> None:
    """A record for each line and exception of an invocation, and one for an outcome that is bad and has no exception."""
    around = {key: value for key, value in item.items() if key not in _ITS_OWN}
    exceptions = list(_objects(item.get("exceptions")))
    for line in _objects(item.get("logs")):
        taking.take(_TAIL, {**around, **line, "message": _joined(line.get("message"))})
    for exception in exceptions:
        said = f"{exception.get('name', 'Error')}: {exception.get('message', '')}"
        told = {"exception.message": exception.get("message"), "message": said, "level": "error"}
        taking.take(_TAIL, {**around, **exception, **told})
    outcome = item.get("outcome")
    if outcome not in _FINE and not exceptions:
        level = "warn" if outcome in _HARMLESS else "error"
        told = {"message": f"the invocation ended: {outcome}", "level": level}
        taking.take(_TAIL, {**around, "timestamp": item.get("eventTimestamp"), **told})


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for item in value if type(value) is list else ():
        if type(item) is dict:
            yield {_INNER_KEYS.get(str(key), str(key)): inner for key, inner in item.items()}


def _joined(message: Any) -> Any:
    """Arguments of `console.log`: one object is kept, else they are a line."""
    if type(message) is not list:
        return message
    if len(message) == 1 and type(message[0]) is dict:
        return message[0]
    return " ".join(part if type(part) is str else plain_text(part) for part in message)


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """Requests have no text and no level: both are made of what they say."""
    status = record.get("EdgeResponseStatus")
    if type(status) is int and "Level" not in record:
        record["Level"] = "INFO" if status < 300 else "INFO2" if status < 400 else "WARN" if status < 500 else "ERROR"
    method = record.get("ClientRequestMethod")
    if type(method) is str and "Message" not in record and "Description" not in record:
        place = f"{record.get('ClientRequestHost', '')}{record.get('ClientRequestURI', '')}"
        record["Message"] = f"{method} {place} {status if status is not None else ''}".rstrip()
    return record
