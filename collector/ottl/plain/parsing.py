"""Converters that take texts apart."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from collector.ottl.plain import getters
from collector.ottl.plain.function import TARGET, TEXT_TARGET, ArgumentError, Constants, Parameter, Registry
from collector.ottl.plain.kinds import EvaluationError
from collector.ottl.plain.patterns import checked, compiled, group_names

PARSING = Registry()


@PARSING.add("ParseJSON", TEXT_TARGET, costly=True)
def _parse_json(text: str) -> Any:
    """All numbers are doubles, as in Go."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise EvaluationError(f"invalid JSON: {error}") from None
    if not isinstance(document, dict | list):
        raise EvaluationError("neither an object nor an array")
    return doubles(document)


def doubles(value: Any) -> Any:
    """The same document with every number a double."""
    kind = type(value)
    if kind is str:
        return value
    if kind is dict:
        return {key: item if type(item) is str else doubles(item) for key, item in value.items()}
    if kind is list:
        return [doubles(item) for item in value]
    return float(value) if kind is int else value


_MODES = ("strict", "lazyQuotes", "ignoreQuotes")


def _csv_known(constants: Constants) -> None:
    for name in ("delimiter", "headerDelimiter"):
        if isinstance(given := constants.get(name), str) and len(given) != 1:
            raise ArgumentError(name, f"invalid arguments: {name} must be a single character")
    if constants.get("mode", "strict") not in _MODES:
        raise ArgumentError("mode", f"unknown mode: {constants['mode']}")


@PARSING.add(
    "ParseCSV",
    TEXT_TARGET,
    Parameter("headers", getters.string),
    Parameter("delimiter", getters.string, optional=True, default=","),
    Parameter("headerDelimiter", getters.string, optional=True),
    Parameter("mode", getters.string, optional=True, default="strict"),
    check=_csv_known,
    costly=True,
)
def _parse_csv(text: str, headers: str, delimiter: str, header_delimiter: str | None, mode: str) -> dict[str, Any]:
    if not headers:
        raise EvaluationError("headers must not be an empty string")
    names = headers.split(header_delimiter or delimiter)
    values = text.split(delimiter) if mode == "ignoreQuotes" else _row(text, delimiter, lazy=mode == "lazyQuotes")
    if len(values) != len(names):
        raise EvaluationError(f"wrong number of fields: expected {len(names)}, found {len(values)}")
    return dict(zip(names, values, strict=True))


def _row(text: str, delimiter: str, *, lazy: bool) -> list[str]:
    """Lines that belong to no quotes are joined: upstream reads a record as one line, whatever its line ends."""
    lines = text.split("\n")
    fields: list[str] = []
    for at, line in enumerate(_logical(lines)):
        own = _fields(line, delimiter, lazy=lazy)
        if at and fields:
            fields[-1] += "\n" + own[0]
            own = own[1:]
        fields += own
    return fields


def _logical(lines: list[str]) -> list[str]:
    while lines and not lines[0]:
        lines = lines[1:]
    while lines and not lines[-1]:
        lines = lines[:-1]
    return ["\n".join(lines)] if '"' in "".join(lines) else lines


def _fields(line: str, delimiter: str, *, lazy: bool) -> list[str]:
    found, at = [], 0
    while True:
        if line[at : at + 1] == '"':
            value, at = _quoted_field(line, at + 1, delimiter, lazy=lazy)
        else:
            end = line.find(delimiter, at)
            end = len(line) if end < 0 else end
            value, at = line[at:end], end
            if '"' in value and not lazy:
                raise EvaluationError('bare " in non-quoted field')
        found.append(value)
        if at >= len(line):
            return found
        at += 1


def _quoted_field(line: str, at: int, delimiter: str, *, lazy: bool) -> tuple[str, int]:
    out: list[str] = []
    while True:
        end = line.find('"', at)
        if end < 0:
            if lazy:
                return "".join((*out, line[at:])), len(line)
            raise EvaluationError('extraneous or missing " in quoted field')
        out.append(line[at:end])
        after = line[end + 1 : end + 2]
        if after == '"':
            out.append('"')
            at = end + 2
        elif after in ("", delimiter):
            return "".join(out), end + 1
        elif lazy:
            out.append('"')
            at = end + 1
        else:
            raise EvaluationError('extraneous or missing " in quoted field')


def _names_groups(constants: Constants) -> None:
    checked("pattern")(constants)
    if isinstance(pattern := constants.get("pattern"), str) and not group_names(pattern):
        raise ArgumentError("pattern", "at least 1 named capture group must be supplied in the given regex")


@PARSING.add("ExtractPatterns", TEXT_TARGET, Parameter("pattern", getters.string), check=_names_groups, costly=True)
def _extract_patterns(text: str, pattern: str) -> dict[str, Any]:
    names = group_names(pattern)
    if not names:
        raise EvaluationError("at least 1 named capture group must be supplied in the given regex")
    match = compiled(pattern).search(text)
    return {} if match is None else {name: match.group(number) or "" for name, number in names.items()}


@PARSING.add("URL", TEXT_TARGET, costly=True)
def _url(text: str) -> dict[str, Any]:
    """The attributes `url.*` of the semantic conventions."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise EvaluationError(f"cannot parse the URL: {error}") from None
    found: dict[str, Any] = {"url.original": text, "url.domain": parts.hostname or "", "url.scheme": parts.scheme}
    found["url.path"] = unquote(parts.path)
    if port is not None:
        found["url.port"] = port
    if parts.fragment:
        found["url.fragment"] = unquote(parts.fragment)
    if parts.query:
        found["url.query"] = parts.query
    if parts.username is not None:
        found["url.user_info"] = parts.netloc.rpartition("@")[0]
    if parts.username:
        found["url.username"] = unquote(parts.username)
    if parts.password is not None:
        found["url.password"] = unquote(parts.password)
    extension = parts.path.rpartition("/")[2].rpartition(".")
    if extension[1]:
        found["url.extension"] = extension[2]
    return found


@PARSING.add("ParseSeverity", TARGET, Parameter("mapping", getters.mapping))
def _parse_severity(value: Any, mapping: dict[str, Any]) -> str:
    for level, criteria in mapping.items():
        if any(_fits(value, one) for one in getters.sequence(criteria)):
            return level
    raise EvaluationError("no matching log level found")


_STATUS = {f"{first}xx": range(first * 100, first * 100 + 100) for first in range(1, 6)}


def _fits(value: Any, criterion: Any) -> bool:
    if isinstance(criterion, str):
        return value in _STATUS.get(criterion, ()) if type(value) is int else value == criterion
    if isinstance(criterion, dict):
        if "equals" in criterion:
            return value in getters.sequence(criterion["equals"])
        span = criterion.get("range", criterion)
        if isinstance(span, str):
            return type(value) is int and value in _STATUS.get(span, ())
        if isinstance(span, dict) and "min" in span and "max" in span:
            return type(value) is int and span["min"] <= value <= span["max"]
    return bool(value == criterion) and type(value) is type(criterion)
