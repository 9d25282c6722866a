"""What the fields of a JSON object say, whoever wrote it: loggers, access logs, platforms, journals.

The object is a JSON body, or a map that came as an attribute (`req`, `err`). Keys with dots may be written either way,
`log.level` or `{"log": {"level": …}}`. Sources: the documents of pino, winston, bunyan, zap, zerolog, Monolog, Serilog,
logstash-logback-encoder, loguru, tracing, .NET's JSON console; nginx, Envoy, Traefik, Caddy, HAProxy, AWS load balancers;
GELF, journald, ECS, GCP, AWS Lambda, Cloudflare tail, Kubernetes and Windows events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from collector.lines.envelopes import Document, at
from collector.severity_words import PINO, SYSLOG, number_of

_LEVELS = (
    "level_name",
    "levelname",
    "level",
    "log.level",
    "severity",
    "severity_text",
    "severityText",
    "loglevel",
    "log_level",
    "logLevel",
    "LogLevel",
    "lvl",
    "@l",
    "record.level.name",
    "LevelDisplayName",
    "Level",
)
_LOGGERS = (
    "logger_name",
    "loggerName",
    "logger",
    "log.logger",
    "_logger",
    "_loggerName",
    "SourceContext",
    "Properties.SourceContext",
    "Category",
    "record.name",
    "target",
    "component",
)
_PROGRAMS = ("SYSLOG_IDENTIFIER", "syslog.appname", "appname", "app_name", "programname", "ident", "_COMM")
_STATUSES = (
    "http.response.status_code",
    "http.status_code",
    "status",
    "status_code",
    "statusCode",
    "StatusCode",
    "http_status",
    "response_code",
    "responseCode",
    "response.status",
    "response.statusCode",
    "response.status_code",
    "res.statusCode",
    "res.status",
    "resp.status",
    "resp_status",
    "meta.res.statusCode",
    "httpRequest.status",
    "elb_status_code",
    "DownstreamStatus",
    "sc-status",
    "response",
)
_PATHS = (
    "http.route",
    "url.path",
    "http.target",
    "http.url",
    "url.full",
    "request_uri",
    "requestUri",
    "RequestPath",
    "http_path",
    "request_line",
    "requestLine",
    "request",
    "request.url",
    "request.uri",
    "request.path",
    "req.url",
    "req.path",
    "meta.req.url",
    "httpRequest.requestUrl",
    "event.request.url",
    "cs-uri-stem",
    "path",
    "uri",
    "url",
)
_METHODS = frozenset(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"])
_METHOD_KEYS = (
    "http.request.method",
    "http.method",
    "method",
    "request_method",
    "RequestMethod",
    "http_method",
    "verb",
    "request.method",
    "req.method",
    "meta.req.method",
    "httpRequest.requestMethod",
    "event.request.method",
    "cs-method",
)
_ACCESS = ("response_flags", "upstream_addr", "upstream_host", "RouterName", "DownstreamStatus", "elb_status_code")
_ACCESS_BEGIN = (*_ACCESS, "request_line", "httpversion", "remote_host", "request.remote_ip", "frontend_name")
_NGINX = ("time_local", "time_iso8601", "remote_addr", "request_time", "body_bytes_sent")
_ERRORS = ("err", "error", "exception", "exc", "exc_info", "e", "exceptions")
_STACKS = ("stack", "stack_trace", "stacktrace", "stackTrace", "trace", "@x", "Exception", "exception", "exc_info")
_EXCEPTION_NAME = re.compile(r"(?:Error|Exception|Failure|Fault|Panic)$|^\*?[\w.]*panic")
_REQUEST_LINE = re.compile(r"^([A-Z]{3,7}) (\S+)(?: HTTP/[\d.]+)?$")
_LARAVEL_ENVIRONMENTS = ("local", "production", "staging", "testing", "development")
_WINDOWS = {"1": "critical", "2": "error", "3": "warning", "4": "info", "0": "info", "5": "verbose"}
_OUTCOMES = {"ok": "info", "canceled": "info"}


@dataclass(frozen=True, slots=True)
class Fields:
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
    status, path, method = status_of(document), path_of(document), _method(document)
    access = any(at(document, key) is not None for key in _ACCESS_BEGIN)
    access = access or sum(key in document for key in _NGINX) > 1
    access = access and (status is not None or path is not None)
    served = status if access or method is not None else None
    kubernetes, windows = _is_kubernetes(document), _is_windows(document)
    program = _text(document, _PROGRAMS)
    return Fields(
        severity=_severity(document, served, kubernetes=kubernetes, windows=windows),
        logger=_logger(document),
        program=program,
        path=path,
        status=status,
        server="server" if access or kubernetes or windows or _is_journal(document) or _is_mongodb(document) else None,
        exception=exception_of(document),
        environment=_environment(document),
    )


def status_of(document: Document) -> str | None:
    """The status of the HTTP answer."""
    for key in _STATUSES:
        value = at(document, key)
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if len(text) == 3 and text.isdecimal() and "1" <= text[0] <= "5":
            return text
    return None


def path_of(document: Document) -> str | None:
    """The path or URL that was asked for."""
    asked = _method(document) is not None or status_of(document) is not None
    for key in _PATHS:
        value = at(document, key)
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
    error = next((found for found in map(document.get, _ERRORS) if found), None)
    if isinstance(error, list):
        error = error[0] if isinstance(error[0], dict) else None
    inner = error if isinstance(error, dict) else {}
    stack = _stack(inner) or _stack(document) or _stack_text(at(document, "error.stack_trace"))
    kind = _first(inner, ("type", "name", "class", "errorType")) or _first(document, ("errorType",))
    message = _first(inner, ("message", "msg", "errorMessage")) or _first(document, ("errorMessage",))
    head = f"{kind}: {message}" if kind else ""
    if stack:
        return stack if not head or kind in stack else f"{head}\n{stack}"
    return head if kind and _EXCEPTION_NAME.search(kind) else None


def _stack(document: Document) -> str | None:
    return next((text for text in (_stack_text(document.get(key)) for key in _STACKS) if text), None)


def _stack_text(value: Any) -> str | None:
    if isinstance(value, list) and value and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return value if isinstance(value, str) and "\n" in value else None


def _first(document: Document, keys: Sequence[str]) -> str:
    return next((value for value in map(document.get, keys) if isinstance(value, str) and value), "")


def _text(document: Document, keys: Sequence[str]) -> str | None:
    return next((value for value in (at(document, key) for key in keys) if isinstance(value, str) and value), None)


def _method(document: Document) -> str | None:
    found = _text(document, _METHOD_KEYS)
    return found if found is not None and found.upper() in _METHODS else None


def _logger(document: Document) -> str | None:
    found = _text(document, _LOGGERS)
    if found is None and ("levelname" in document or "asctime" in document):
        found = _text(document, ("name",))
    if found is None and "level_name" in document:
        channel = _text(document, ("channel",))
        return None if channel in _LARAVEL_ENVIRONMENTS else channel
    return found


def _environment(document: Document) -> str | None:
    channel = document.get("channel") if "level_name" in document else None
    return channel if isinstance(channel, str) and channel in _LARAVEL_ENVIRONMENTS else None


def _severity(document: Document, served: str | None, *, kubernetes: bool, windows: bool) -> str | None:
    return next((str(number) for number in _numbers(document, served, kubernetes, windows) if number is not None), None)


def _numbers(document: Document, served: str | None, kubernetes: bool, windows: bool) -> Iterator[int | None]:
    if isinstance(document.get("outcome"), str) and "logs" in document and "event" in document:
        yield number_of(_OUTCOMES.get(document["outcome"], "error"))
    if kubernetes and document.get("type") in ("Normal", "Warning"):
        yield number_of("info" if document["type"] == "Normal" else "warning")
    if windows:
        yield number_of(_WINDOWS.get(str(document.get("Level", document.get("level", ""))), ""))
    syslog = "short_message" in document or "MESSAGE" in document
    for key in _LEVELS:
        yield _number(at(document, key), syslog=syslog)
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
    return number_of(text) if text else None


def of_status(status: str) -> int | None:
    """The severity number of an HTTP answer: 5xx ERROR, 4xx WARN, else INFO."""
    return number_of({"5": "error", "4": "warn"}.get(status[0], "info"))


def _is_kubernetes(document: Document) -> bool:
    return "involvedObject" in document or (document.get("kind") == "Event" and "reason" in document)


def _is_journal(document: Document) -> bool:
    return "_SYSTEMD_UNIT" in document or "SYSLOG_IDENTIFIER" in document


def _is_mongodb(document: Document) -> bool:
    return "ctx" in document and "c" in document and at(document, "t.$date") is not None


def _is_windows(document: Document) -> bool:
    marks = ("EventID", "event_id", "Channel", "channel", "ProviderName", "provider", "computer", "Computer")
    return ("EventID" in document or "event_id" in document) and sum(mark in document for mark in marks) > 1
