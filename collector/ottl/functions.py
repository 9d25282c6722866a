"""Converters: `IsMatch(body, "…")`, `Concat([…], "/")`, … as functions from values to a value.

A converter declares its parameters as OTTL does; the compiler checks counts, names and literal kinds before it calls
`build`. What polars can do is an expression; the rest runs in Python once for each distinct value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import orjson
import polars as pl

from collector.ottl.compare import compare
from collector.ottl.conversion import string_only, text, to_bool, to_double, to_int
from collector.ottl.nested import FAILED, JSON_KINDS, VALUES, NestedError, per_distinct
from collector.ottl.regex import contains, problem_of
from collector.ottl.values import (
    FALSE,
    UNKNOWN,
    Kind,
    Predicate,
    Value,
    any_failed,
    boolean,
    constant,
    disjunction,
    guard,
)

Argument = Value | list[Value]
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


class ArgumentError(ValueError):
    """A literal argument is wrong. `parameter` names which."""

    def __init__(self, parameter: str, reason: str) -> None:
        self.parameter = parameter
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Parameter:
    """`literal`: the Python type a literal must have, or `list` for a list of values; None = any expression."""

    name: str
    literal: type | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Converter:
    """A converter: parameters in order, and what makes the value."""

    name: str
    parameters: tuple[Parameter, ...]
    build: Callable[..., Value]


def _is_match(target: Value, pattern: Value) -> Value:
    regex = pattern.constant
    problem = problem_of(regex)
    if problem is not None:
        raise ArgumentError("pattern", f"the regular expression is not valid: {problem}")
    return boolean(guard(contains(text(target), regex).fill_null(False), [target]))


def _has_prefix(value: Value, prefix: Value) -> Value:
    expression = string_only(value).str.starts_with(prefix.constant)
    return boolean(Predicate(expression, fallible=not _is_string(value)))


def _has_suffix(value: Value, suffix: Value) -> Value:
    expression = string_only(value).str.ends_with(suffix.constant)
    return boolean(Predicate(expression, fallible=not _is_string(value)))


def _is_string(value: Value) -> bool:
    return value.total and Kind.STRING in value.parts


def _is_kind(kind: Kind) -> Callable[[Value], Value]:
    return lambda value: boolean(guard(value.part(kind).is_not_null(), [value]))


def _is_json(opening: str) -> Callable[[Value], Value]:
    return lambda value: boolean(guard(value.part(Kind.JSON).str.starts_with(opening).fill_null(False), [value]))


def _concat(values: list[Value], delimiter: Value) -> Value:
    texts = [text(value).fill_null("<nil>") for value in values] or [pl.lit("")]
    return Value(
        {Kind.STRING: pl.concat_str(texts, separator=delimiter.constant)},
        failed=any_failed(values),
        total=any_failed(values) is None,
    )


def _string_function(change: Callable[[pl.Expr], pl.Expr]) -> Callable[[Value], Value]:
    def build(value: Value) -> Value:
        string = string_only(value)
        failed = None if _is_string(value) else string.is_null()
        return Value({Kind.STRING: change(string)}, failed=failed, total=failed is None)

    return build


def _convert_case(value: Value, to: Value) -> Value:
    if to.constant not in ("lower", "upper"):
        raise ArgumentError("toCase", f'invalid case {to.constant!r}: write "lower" or "upper"')
    lower = to.constant == "lower"
    return _string_function(lambda string: string.str.to_lowercase() if lower else string.str.to_uppercase())(value)


def _substring(value: Value, start: Value, length: Value) -> Value:
    first, size = start.constant, length.constant
    if first < 0 or size <= 0:
        raise ArgumentError("start", "start must not be negative and length must be positive")
    string = string_only(value)
    inside = (string.str.len_bytes() >= first + size).fill_null(False)
    cut = string.cast(pl.Binary).bin.slice(first, size).cast(pl.String, strict=False)
    return Value({Kind.STRING: pl.when(inside).then(cut)}, failed=~inside)


def _length(value: Value) -> Value:
    json = value.part(Kind.JSON)
    items = pl.when(json.is_not_null()).then(_decoded(json, len).struct.field("int"))
    size = pl.coalesce(value.part(Kind.STRING).str.len_bytes().cast(pl.Int64), items)
    return Value({Kind.INT: size}, failed=size.is_null())


def _parse_json(value: Value) -> Value:
    string = string_only(value)
    found = from_struct(pl.when(string.is_not_null()).then(_decoded(string, _object_or_array)))
    failed = string.is_null() if found.failed is None else string.is_null() | found.failed
    return Value(found.parts, failed=failed, text=found.text)


def _object_or_array(document: Any) -> Any:
    """All numbers of a parsed document are doubles, as in Go."""
    if isinstance(document, dict | list):
        return doubles(document)
    raise NestedError


def doubles(value: Any) -> Any:
    """The same document with every number a float."""
    match value:
        case dict():
            return {key: doubles(item) for key, item in value.items()}
        case list():
            return [doubles(item) for item in value]
        case int() if not isinstance(value, bool):
            return float(value)
        case _:
            return value


def _decoded(json: pl.Expr, then: Callable[[Any], Any]) -> pl.Expr:
    """`then(document)` of each distinct JSON text, as `VALUES`."""
    return json.map_batches(lambda series: per_distinct(series, lambda item: then(orjson.loads(item))), VALUES)


def from_struct(struct: pl.Expr) -> Value:
    """A column of `VALUES` as a value."""
    parts = {kind: struct.struct.field(kind.value) for kind in (*JSON_KINDS, Kind.BYTES)}
    return Value(parts, failed=struct.struct.field(FAILED).fill_null(False), text=struct.struct.field("text"))


def index_of(value: Value, keys: Sequence[str | int], index: Callable[[Any, Sequence[str | int]], Any]) -> Value:
    """`value[key]…`: nil stays nil, a value that is neither map nor list is an error."""
    json = value.part(Kind.JSON)
    found = from_struct(_decoded(json, lambda document: index(document, keys)))
    wrong = ~value.is_nil & json.is_null()
    failed = wrong if found.failed is None else wrong | found.failed.fill_null(False)
    return Value(found.parts, failed=failed, text=found.text)


def _duration(value: Value) -> Value:
    return Value({Kind.DURATION: pl.lit(_nanoseconds(value.constant), pl.Int64)}, total=True)


def _nanoseconds(written: str) -> int:
    body = written.lstrip("+-")
    found = _DURATION.findall(body)
    if body != "0" and (not found or "".join(number + unit for number, unit in found) != body):
        raise ArgumentError("duration", f"{written!r} is not a duration such as 1h30m or 200ms")
    total = round(sum(float(number) * _UNITS[unit] for number, unit in found))
    return -total if written.startswith("-") else total


def _unix(seconds: Value, nanoseconds: Value | None = None) -> Value:
    fraction = pl.lit(0, pl.Int64) if nanoseconds is None else nanoseconds.part(Kind.INT)
    time = seconds.part(Kind.INT) * 10**9 + fraction
    total = seconds.total and (nanoseconds is None or nanoseconds.total)
    return Value({Kind.TIME: time}, failed=None if total else time.is_null(), total=total)


def _identifier(size: int) -> Callable[[Value], Value]:
    def build(value: Value) -> Value:
        if len(value.constant) != size:
            raise ArgumentError("bytes", f"an id of {size} bytes is needed, this one has {len(value.constant)}")
        return Value({Kind.ID: pl.lit(value.constant, pl.Binary)}, total=True)

    return build


def _contains_value(items: Value, item: Value) -> Value:
    if isinstance(items.constant, list):
        cases = [compare("==", item, constant(one)) for one in items.constant if not isinstance(one, list | dict)]
        return boolean(reduce(disjunction, cases, FALSE))
    if item.constant is UNKNOWN:
        raise ArgumentError("item", "the list or the item must be a literal")
    json, wanted = items.part(Kind.JSON), item.constant
    found = _decoded(json, lambda document: isinstance(document, list) and wanted in document).struct.field("bool")
    return boolean(Predicate(found, fallible=True))


_TARGET = Parameter("target")
_VALUE = Parameter("value")

CONVERTERS: Mapping[str, Converter] = {
    converter.name: converter
    for converter in (
        Converter("IsMatch", (_TARGET, Parameter("pattern", str)), _is_match),
        Converter("HasPrefix", (_VALUE, Parameter("prefix", str)), _has_prefix),
        Converter("HasSuffix", (_VALUE, Parameter("suffix", str)), _has_suffix),
        Converter("IsString", (_VALUE,), _is_kind(Kind.STRING)),
        Converter("IsBool", (_VALUE,), _is_kind(Kind.BOOL)),
        Converter("IsInt", (_VALUE,), _is_kind(Kind.INT)),
        Converter("IsDouble", (_VALUE,), _is_kind(Kind.DOUBLE)),
        Converter("IsMap", (_VALUE,), _is_json("{")),
        Converter("IsList", (_VALUE,), _is_json("[")),
        Converter("Concat", (Parameter("values", list), Parameter("delimiter", str)), _concat),
        Converter("ToLowerCase", (_TARGET,), _string_function(lambda string: string.str.to_lowercase())),
        Converter("ToUpperCase", (_TARGET,), _string_function(lambda string: string.str.to_uppercase())),
        Converter("Trim", (_TARGET,), _string_function(lambda string: string.str.strip_chars())),
        Converter("ConvertCase", (_TARGET, Parameter("toCase", str)), _convert_case),
        Converter("Substring", (_TARGET, Parameter("start", int), Parameter("length", int)), _substring),
        Converter("Int", (_TARGET,), to_int),
        Converter("Double", (_TARGET,), to_double),
        Converter("Bool", (_TARGET,), to_bool),
        Converter("String", (_VALUE,), lambda value: Value({Kind.STRING: text(value)}, value.failed, text=text(value))),
        Converter("Len", (_TARGET,), _length),
        Converter("ParseJSON", (_TARGET,), _parse_json),
        Converter("ContainsValue", (_TARGET, Parameter("item")), _contains_value),
        Converter("Duration", (Parameter("duration", str),), _duration),
        Converter("Unix", (Parameter("seconds"), Parameter("nanoseconds", optional=True)), _unix),
        Converter("TraceID", (Parameter("bytes", bytes),), _identifier(16)),
        Converter("SpanID", (Parameter("bytes", bytes),), _identifier(8)),
    )
}

__all__ = ["CONVERTERS", "Argument", "ArgumentError", "Converter", "Parameter", "constant", "index_of"]
