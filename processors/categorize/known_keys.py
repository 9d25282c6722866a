"""The keys of JSON objects that mean something to us, and which of them an object has.

There are some 150 of them, and an object has a few. So its own keys are looked up among the known ones, not the other way round; and
because a logger writes objects of one shape, in what order its keys are asked is worked out once for each shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from collector.lines.envelopes import Document

LEVELS = (
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
LOGGERS = (
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
PROGRAMS = ("SYSLOG_IDENTIFIER", "syslog.appname", "appname", "app_name", "programname", "ident", "_COMM")
STATUSES = (
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
    "sc_status",
    "EdgeResponseStatus",
    "httpStatus",
    "httpStatusCode",
    "response",
)
PATHS = (
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
    "cs_uri_stem",
    "ClientRequestURI",
    "ClientRequestPath",
    "request_url",
    "path",
    "uri",
    "url",
)
METHODS = (
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
    "cs_method",
    "ClientRequestMethod",
    "request_verb",
    "httpMethod",
)
_OF_PROXIES = (
    "response_flags",
    "upstream_addr",
    "upstream_host",
    "RouterName",
    "DownstreamStatus",
    "elb_status_code",
    "EdgeResponseStatus",
)
ACCESS = (*_OF_PROXIES, "request_line", "httpversion", "remote_host", "request.remote_ip", "frontend_name")
NGINX = ("time_local", "time_iso8601", "remote_addr", "request_time", "body_bytes_sent")
ERRORS = ("err", "error", "exception", "exc", "exc_info", "e", "exceptions")
STACKS = ("stack", "stack_trace", "stacktrace", "stackTrace", "trace", "@x", "Exception", "exception", "exc_info")

Keys = tuple[str, ...]


class Present(NamedTuple):
    """Of each group the keys that an object has, best first. Keys with dots may be written either way there."""

    levels: Keys = LEVELS
    loggers: Keys = LOGGERS
    programs: Keys = PROGRAMS
    statuses: Keys = STATUSES
    paths: Keys = PATHS
    methods: Keys = METHODS
    access: Keys = ACCESS
    nginx: Keys = NGINX
    errors: Keys = ERRORS
    stacks: Keys = (*STACKS, "error.stack_trace")


class Known(NamedTuple):
    """`values`: known key → value, as `envelopes.at` gives it. `present`: those keys, by what they are asked for."""

    document: Document
    values: Mapping[str, Any]
    present: Present


def known(document: Document) -> Known:
    """What of an object is known."""
    values = _values(document, _NAMES)
    return Known(document, values, _present(tuple(values)))


@dataclass(slots=True)
class _Name:
    """What a name in an object may be: the end of a known key, and the beginning of others."""

    key: str | None
    inner: Mapping[str, _Name]


def _names(keys: Iterable[tuple[str, str]]) -> dict[str, _Name]:
    """`keys`: what is still to be found of a key, and the whole of it."""
    listed = list(keys)
    ends = dict(listed)
    begun: dict[str, list[tuple[str, str]]] = {}
    for rest, key in listed:
        head, dot, inner = rest.partition(".")
        if dot:
            begun.setdefault(head, []).append((inner, key))
    return {name: _Name(ends.get(name), _names(begun.get(name, ()))) for name in {**ends, **begun}}


_NAMES = _names((key, key) for group in Present() for key in group)


def _values(document: Document, names: Mapping[str, _Name]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text, value in document.items():
        name = names.get(text)
        if name is None:
            continue
        if name.key is not None:
            found[name.key] = value  # a name with dots goes before nested ones
        if name.inner and isinstance(value, dict):
            found = {**_values(value, name.inner), **found}
    return found


@lru_cache(4096)
def _present(keys: Keys) -> Present:
    held = frozenset(keys)
    return Present(*(tuple(key for key in group if key in held) for group in Present()))
