"""`logboom.endpoint`: the API route or UI path, with its variable parts replaced.

`/api/users/4711?tab=1` → `/api/users/{id}`. A framework's route (`http.route`, `url.template`) is believed; other
paths are templated: numbers, UUIDs, hashes, tokens that mix letters and digits → `{id}`, dates → `{date}`, mail
addresses → `{email}`, titles of four words and more → `{slug}`. Query string and fragment are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import numpy as np
import polars as pl

from collector.columns.dictionary import Coded, distinct_rows, of_answers
from collector.columns.memo import Memo, each
from processors.categorize import fields, first_look, status
from processors.categorize.view import Clue, View

ROUTES = ("http.route", "url.template", "route", "http.endpoint")
PATHS = (
    "url.path",
    "http.target",
    "url.full",
    "http.url",
    "url.original",
    "http.path",
    "http.request.path",
    "request.path",
    "path",
    "uri",
    "request_uri",
    "requestUri",
    "RequestPath",
    "http_path",
    "url",
    "cs-uri-stem",
    "cs_uri_stem",
    "ClientRequestURI",
    "request_url",
    "browser.page.url",
    "page.url",
    "location.href",
    "screen.name",
    "app.screen.name",
)
RPC = ("rpc.service", "rpc.method")
BARE = frozenset({"path", "uri", "url"})
"""Keys that hold files as often as requests: a path counts where a method or a status stands beside it, a URL of HTTP always."""
ASKED = (
    "http.request.method",
    "http.method",
    "method",
    "request_method",
    "requestMethod",
    "http_method",
    "verb",
    *status.KEYS,
)
MAPS = ("req", "request", "httpRequest", "meta", "http", "event")
"""Attributes that may be maps with a path in them: pino, morgan, express-winston, Fastify, GCP."""
ALL = (*ROUTES, *PATHS, *RPC, *MAPS, *ASKED)

_OF_REQUEST = re.compile(r"^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE|[1-5]\d\d)$", re.IGNORECASE)
MAX_SEGMENTS = 12
MAX_LENGTH = 200
_FEW = 32
"""Paths so few that reading them costs less than a call of polars."""
_PARAMETER = re.compile(
    r"^(?::(?P<colon>\w+)\??(?:\(.*\))?|<(?:\w+:)?(?P<angle>\w+)>|\[+(?:\.{3})?(?P<square>\w+)\]+)$"
)
_NUMBER = re.compile(r"^[-+]?\d+(?:[.,]\d+)*$")
_UUID = re.compile(r"^[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$")
_HEX = re.compile(r"^(?:0x)?[0-9a-fA-F]{8,}$")
_DATE = re.compile(
    r"^(?:19|20)\d\d-(?:0\d|1[0-2])(?:-[0-3]\d)?(?:[T ][0-9:.]+Z?)?$|^(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d$"
)
_EMAIL = re.compile(r"^[^@\s/]+@[^@\s/]+\.[A-Za-z]{2,}$")
_SLUG = re.compile(r"^[A-Za-z]+(?:-[A-Za-z]+){2,}-[A-Za-z0-9]+$")  # four words and more are a title, not a route
_VERSION = re.compile(r"^v\d+(?:\.\d+)*(?:(?:alpha|beta|rc)\d*)?$")
_WORD = re.compile(r"^[a-z]+\d{1,2}$|^\d[a-z]{1,2}$")  # oauth2, s3, 2d
_TOKEN_PARTS = re.compile(r"([-_.~]+)")
_ACCESS_LINE = r'"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE) (\S+) HTTP/[0-9.]+"'
_LOGFMT = r'(?:^|\s)method="?(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"? (?:[\w.]+=(?:"[^"]*"|\S*) )*path="?(/[^\s"]*)'
_REQUEST_TEXT = r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) +\"?((?:https?://[^/\s\"]+)?/[^\s\"'?#]*)"

_PLAIN_ID = (
    r"/(?:\d{1,7}|\d{9,}|[0-9a-f]{16,}|"
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})(/|[?#;]|$)"
)
_HASH_IN_A_NAME = r"([-_.~])[0-9a-f]{10,}([-_.~/?#;]|$)"  # app.3f9c0d1e2b.js


def simpler(values: pl.Expr) -> pl.Expr:
    """Paths that differ in a query, a number or a UUID only become equal before `template` sees each distinct one: real
    traffic has as many distinct paths as users. What it replaces, `template` would replace by the same."""
    plain = values.str.replace(r"^(/[^?#;]*)[?#;].*$", "${1}")
    once = plain.str.replace_all(_PLAIN_ID, "/{id}${1}")  # a match takes the next part's slash, so neighbours need two
    return once.str.replace_all(_PLAIN_ID, "/{id}${1}").str.replace_all(_HASH_IN_A_NAME, "${1}{id}${2}")


def template(value: str) -> str | None:
    """The endpoint of a path or URL; None when the value is neither."""
    path = _path_of(value.strip())
    if not path:
        return None
    segments = path.split("/")
    shown = [_segment(unquote(segment)) for segment in segments[: MAX_SEGMENTS + 1]]
    if len(segments) > MAX_SEGMENTS + 1:
        shown.append("{rest}")
    joined = "/".join(shown)
    return (joined.rstrip("/") or "/")[:MAX_LENGTH]


def _path_of(value: str) -> str | None:
    if "://" in value[:24]:
        try:
            parts = urlsplit(value)
        except ValueError:
            return None
        hash_route = parts.fragment if parts.fragment.startswith(("/", "!/")) else ""
        return hash_route.lstrip("!").split("?")[0] or parts.path or "/"
    if not value.startswith("/"):
        return None
    return re.split(r"[?#;]", value, maxsplit=1)[0]


def _segment(segment: str) -> str:
    """One part of a path."""
    parameter = _PARAMETER.match(segment)
    if parameter:
        return f"{{{parameter['colon'] or parameter['angle'] or parameter['square']}}}"
    if not segment or segment.startswith("{") or not any(c.isdigit() or c in "@%" for c in segment):
        return "{slug}" if _SLUG.match(segment) else segment if len(segment) <= 64 else "{id}"
    if _EMAIL.match(segment):
        return "{email}"
    if _DATE.match(segment):
        return "{date}"
    if _VERSION.match(segment):
        return segment
    if _NUMBER.match(segment) or _UUID.match(segment) or _HEX.match(segment):
        return "{id}"
    return "{slug}" if _SLUG.match(segment) else _mixed(segment)


def _mixed(segment: str) -> str:
    """Letters and digits: the parts that look random are replaced, words are kept (`order-4711`, `app.3f9c.js`)."""
    parts = _TOKEN_PARTS.split(segment)
    replaced = ["{id}" if _random(part) else part for part in parts]
    joined = re.sub(r"\{id\}(?:[-_.~]+\{id\})+", "{id}", "".join(replaced))
    return joined if len(joined) <= 64 else "{id}"


def _random(part: str) -> bool:
    digits = sum(character.isdigit() for character in part)
    if not digits:
        return False
    letters = len(part) - digits
    if _WORD.match(part):
        return False
    return letters == 0 or len(part) >= 6 or digits >= letters


def route(value: str) -> str | None:
    """A framework's route: parameters in one style, nothing else changed."""
    path = value if value.startswith("/") else f"/{value}" if value and " " not in value else None
    if path is None:
        return template(value)
    shown = "/".join(_known_segment(segment) for segment in path.split("?")[0].split("/"))
    return (shown.rstrip("/") or "/")[:MAX_LENGTH]


def _known_segment(segment: str) -> str:
    parameter = _PARAMETER.match(segment)
    if parameter:
        return f"{{{parameter['colon'] or parameter['angle'] or parameter['square']}}}"
    return segment


def _rooted(method: str) -> str:
    return method if method.startswith("/") else f"/{method}"


def _screen(value: str) -> str | None:
    return template(value) or (f"/{value}" if re.fullmatch(r"[A-Za-z][\w ./-]{0,63}", value) else None)


_route, _template, _screen_name = each(route), each(template), each(_screen)
_rpc_method = each(_rooted)


def _templates(paths: list[str]) -> list[str | None]:
    """The templates of paths never seen: made equal where they can be, a column at a time, then one by one."""
    if len(paths) <= _FEW:
        return _template(paths)
    values = pl.DataFrame({"path": paths}, {"path": pl.String})
    return _template(values.select(simpler(pl.col("path"))).to_series().to_list())


_path = Memo(_templates)


def _requested(pattern: str) -> Memo[str, str | None]:
    """The template of the path that a pattern takes out of a body."""

    def answers(bodies: list[str]) -> list[str | None]:
        paths = pl.Series(bodies, dtype=pl.String).str.extract(pattern).to_list()
        found = iter(_path([path for path in paths if path is not None]))
        return [None if path is None else next(found) for path in paths]

    return Memo(answers)


def _of_map(key: str) -> Memo[str, str | None]:
    def answer(value: str) -> str | None:
        path = fields.of_map(key, value, fields.path_of)
        return None if path is None else template(path)

    return each(answer)


_in_a_map = {key: _of_map(key) for key in MAPS}
_access_line, _logfmt, _request_text = map(_requested, (_ACCESS_LINE, _LOGFMT, _REQUEST_TEXT))


def clues(view: View) -> Iterator[Clue]:
    """Routes, RPC methods, paths and URLs, then a request line in the body."""
    yield from view.attribute_clues(ROUTES, _route)
    yield from _rpc(view)
    for key in PATHS:
        for clue in view.attribute_clues((key,), _screen_name if "screen" in key else _path):
            yield _of_request(view, clue) if key in BARE else clue
    for key in MAPS:
        yield from view.attribute_clues((key,), _in_a_map[key])
    said = view.said("path")
    if said is not None:
        yield Clue("path in a JSON body", said, _path)
    requests = view.holding(first_look.REQUEST)
    if requests is not None:
        yield Clue("access-log line in the body", requests, _access_line)
        yield Clue("request in a logfmt line", requests, _logfmt)
        yield Clue("request in the body", requests, _request_text)


def _of_request(view: View, clue: Clue) -> Clue:
    """The clue where the record tells of a request, or the value is a URL of HTTP."""
    column = clue.column
    urls = [value.startswith(("http://", "https://")) for value in column.values.to_pylist()]
    asked = np.array([*urls, False], dtype=np.bool_)[column.codes]
    for beside in filter(None, map(view.attribute, ASKED)):
        says = [_OF_REQUEST.match(value) is not None for value in beside.values.to_pylist()]
        asked |= np.array([*says, False], dtype=np.bool_)[beside.codes]
    return Clue(clue.name, Coded(np.where(asked, column.codes, np.int32(-1)), column.values), clue.answer)


def _rpc(view: View) -> Iterator[Clue]:
    service, method = (view.attribute(key) for key in RPC)
    if service is None or method is None:
        if method is not None:
            yield Clue("attribute rpc.method", method, _rpc_method)
        return
    codes, first = distinct_rows([service, method])
    yield Clue("attributes rpc.service and rpc.method", of_answers(codes, [_call(service, method, i) for i in first]))


def _call(service: Coded, method: Coded, row: int) -> str | None:
    if service.codes[row] < 0 or method.codes[row] < 0:
        return None
    called = method.values[int(method.codes[row])].as_py().split("/")[-1]
    return f"/{service.values[int(service.codes[row])].as_py()}/{called}"
