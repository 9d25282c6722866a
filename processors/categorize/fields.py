"""What the fields of a JSON object say, whoever wrote it: loggers, access logs, platforms, journals.

The object is a JSON body, or a map that came as an attribute (`req`, `err`). Keys with dots may be written either way,
`log.level` or `{"log": {"level": …}}`. Sources: the documents of pino, winston, bunyan, zap, zerolog, Monolog, Serilog,
logstash-logback-encoder, loguru, tracing, .NET's JSON console; nginx, Envoy, Traefik, Caddy, HAProxy, AWS load balancers;
GELF, journald, ECS, GCP, AWS Lambda, Cloudflare tail, Kubernetes and Windows events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from collector.lines.envelopes import Document, at
from collector.severity_words import PINO, SYSLOG, number_of
from processors.categorize.known_keys import STACKS, Known, known

_METHODS = frozenset(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"])
_EXCEPTION_NAME = re.compile(r"(?:Error|Exception|Failure|Fault|Panic)$|^\*?[\w.]*panic")
_REQUEST_LINE = re.compile(r"^([A-Z]{3,7}) (\S+)(?: HTTP/[\d.]+)?$")
_LARAVEL_ENVIRONMENTS = ("local", "production", "staging", "testing", "development")
_WINDOWS = {"1": "critical", "2": "error", "3": "warning", "4": "info", "0": "info", "5": "verbose"}
_SHORT = 32
"""Characters of a level whose number is kept."""
_MONGODB = ("F", "E", "W", "I", "D")
_OUTCOMES = {"ok": "info", "canceled": "info"}


class Fields(NamedTuple):
    """What an object says; None where it says nothing. `severity`: a number as text; `server`: said when infrastructure wrote it."""

    severity: str | None = None
    logger: str | None = None
    program: str | None = None
    path: str | None = None
    status: str | None = None
    server: str | None = None
    exception: str | None = None
    environment: str | None = None


def of_map(key: str, value: str, reader: Callable[[Document], str | None]) -> str | None:
    """What a reader finds in an attribute that is a map, given as JSON text, or a text such as `GET /a HTTP/1.1`."""
    if not value.startswith("{"):
        return reader({key: value}) if value[:1].isupper() else None
    try:
        return reader({key: orjson.loads(value)})
    except orjson.JSONDecodeError:
        return None


def read(document: Document) -> Fields:
    """All that the object says."""
    found = known(document)
    status, method = _status(found), _method(found)
    path = _path(found, asked=status is not None or method is not None)
    access = any(found.values[key] is not None for key in found.present.access) or len(found.present.nginx) > 1
    access = access and (status is not None or path is not None)
    served = status if access or method is not None else None
    event, windows = _kubernetes_event(document), _is_windows(document)
    infrastructure = access or event is not None or windows or _is_journal(document) or _is_mongodb(document)
    return Fields(
        severity=_severity(found, served, event, windows=windows),
        logger=_logger(found),
        program=_text(found, found.present.programs),
        path=path,
        status=status,
        server="server" if infrastructure else None,
        exception=_exception(found),
        environment=_environment(document),
    )


def status_of(document: Document) -> str | None:
    """The status of the HTTP answer."""
    return _status(known(document))


def _status(found: Known) -> str | None:
    for key in found.present.statuses:
        value = found.values[key]
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if len(text) == 3 and text.isdecimal() and "1" <= text[0] <= "5":
            return text
    return None


def path_of(document: Document) -> str | None:
    """The path or URL that was asked for."""
    found = known(document)
    return _path(found, asked=_method(found) is not None or _status(found) is not None)


def _path(found: Known, *, asked: bool) -> str | None:
    for key in found.present.paths:
        value = found.values[key]
        if not isinstance(value, str):
            continue
        line = _REQUEST_LINE.match(value)
        if line and line[1] in _METHODS:
            return line[2]
        if value.startswith(("/", "http://", "https://")) and (asked or key not in ("path", "uri", "url", "request")):
            return value
    return None


def exception_of(document: Document) -> str | None:
    """The stack trace that the object holds, or `type: message` where it names an exception without one."""
    return _exception(known(document))


def _exception(found: Known) -> str | None:
    document, values = found.document, found.values
    if not (found.present.errors or found.present.stacks or "errorType" in document):
        return None
    error = next((values[key] for key in found.present.errors if values[key]), None)
    if isinstance(error, list):
        error = error[0] if isinstance(error[0], dict) else None
    inner = error if isinstance(error, dict) else {}
    stack = _stack(map(inner.get, STACKS)) if inner else None
    stack = stack or _stack(values[key] for key in found.present.stacks)
    kind = _first(inner, ("type", "name", "class", "errorType")) or _first(document, ("errorType",))
    message = _first(inner, ("message", "msg", "errorMessage")) or _first(document, ("errorMessage",))
    head = f"{kind}: {message}" if kind else ""
    if stack:
        return stack if not head or kind in stack else f"{head}\n{stack}"
    return head if kind and _EXCEPTION_NAME.search(kind) else None


def _stack(values: Iterable[Any]) -> str | None:
    return next((text for text in map(_stack_text, values) if text), None)


def _stack_text(value: Any) -> str | None:
    if isinstance(value, list) and value and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return value if isinstance(value, str) and "\n" in value else None


def _first(document: Document, keys: Sequence[str]) -> str:
    return next((value for value in map(document.get, keys) if isinstance(value, str) and value), "")


def _text(found: Known, keys: Sequence[str]) -> str | None:
    return next((value for value in map(found.values.get, keys) if isinstance(value, str) and value), None)


def _method(found: Known) -> str | None:
    method = _text(found, found.present.methods)
    return method if method is not None and method.upper() in _METHODS else None


def _logger(found: Known) -> str | None:
    document, logger = found.document, _text(found, found.present.loggers)
    if logger is None and ("levelname" in document or "asctime" in document):
        logger = _first(document, ("name",)) or None
    if logger is None and "level_name" in document:
        channel = _first(document, ("channel",)) or None
        return None if channel in _LARAVEL_ENVIRONMENTS else channel
    return logger


def _environment(document: Document) -> str | None:
    channel = document.get("channel") if "level_name" in document else None
    return channel if isinstance(channel, str) and channel in _LARAVEL_ENVIRONMENTS else None


def _severity(found: Known, served: str | None, event: Document | None, *, windows: bool) -> str | None:
    return next((str(number) for number in _numbers(found, served, event, windows) if number is not None), None)


def _numbers(found: Known, served: str | None, event: Document | None, windows: bool) -> Iterator[int | None]:
    document = found.document
    if isinstance(document.get("outcome"), str) and "logs" in document and "event" in document:
        yield number_of(_OUTCOMES.get(document["outcome"], "error"))
    if event is not None and event.get("type") in ("Normal", "Warning"):
        yield number_of("info" if event["type"] == "Normal" else "warning")
    if windows:
        yield number_of(_WINDOWS.get(str(document.get("Level", document.get("level", ""))), ""))
    syslog = "short_message" in document or "MESSAGE" in document
    for key in found.present.levels:
        yield _number(found.values[key], syslog=syslog)
    if isinstance(document.get("s"), str) and document["s"][:1] in _MONGODB and "c" in document and "msg" in document:
        yield number_of(document["s"][:1])
    if "MESSAGE" in document:
        yield _number(document.get("PRIORITY"), syslog=True)
    if served is not None:
        yield of_status(served)
    if isinstance(document.get("errorType"), str) and "errorMessage" in document:
        yield number_of("error")
    if "@t" in document and ("@mt" in document or "@m" in document):  # Serilog leaves `@l` out of what is Information
        yield number_of("info")


def _number(value: Any, *, syslog: bool) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if text.isdecimal():
        number = int(text)
        return SYSLOG[number] if syslog and number < len(SYSLOG) else PINO.get(number)
    if not text:
        return None
    return _number_of_short(text) if len(text) < _SHORT else number_of(text)


_number_of_short = lru_cache(1024)(number_of)


def of_status(status: str) -> int | None:
    """The severity number of an HTTP answer: 5xx ERROR, 4xx WARN, else INFO."""
    return number_of({"5": "error", "4": "warn"}.get(status[0], "info"))


def _kubernetes_event(document: Document) -> Document | None:
    """The event that the object is, or that a watch put an object around."""
    watched = document.get("object") if "type" in document else None
    event = watched if isinstance(watched, dict) else document
    told = "involvedObject" in event or (event.get("kind") == "Event" and "reason" in event)
    return event if told else None


def _is_journal(document: Document) -> bool:
    return "_SYSTEMD_UNIT" in document or "SYSLOG_IDENTIFIER" in document


def _is_mongodb(document: Document) -> bool:
    return "ctx" in document and "c" in document and at(document, "t.$date") is not None


def _is_windows(document: Document) -> bool:
    marks = ("EventID", "event_id", "Channel", "channel", "ProviderName", "provider", "computer", "Computer")
    return ("EventID" in document or "event_id" in document) and sum(mark in document for mark in marks) > 1
