"""A value of OTTL as columns: one expression for each kind it can have, null where the value has another kind.

OTTL is dynamically typed: `attributes["x"]` may be a string in one record and an int in the next. A path whose kind is
known (`severity_number`) has one part; a literal has one constant part; nil has none. So an operation is written once,
over the kinds that really can occur, and `severity_number >= 17` compiles to exactly one comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from operator import and_, or_
from typing import Any

import polars as pl


class Kind(StrEnum):
    """What a value can be. JSON is a map or a list, as compact JSON text with sorted keys."""

    STRING = "string"
    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    BYTES = "bytes"
    JSON = "json"
    ID = "id"  # trace and span ids, never empty: all zeros when unset
    TIME = "time"  # nanoseconds since the epoch
    DURATION = "duration"  # nanoseconds


DTYPES: Mapping[Kind, pl.DataType] = {
    Kind.STRING: pl.String(),
    Kind.BOOL: pl.Boolean(),
    Kind.INT: pl.Int64(),
    Kind.DOUBLE: pl.Float64(),
    Kind.BYTES: pl.Binary(),
    Kind.JSON: pl.String(),
    Kind.ID: pl.Binary(),
    Kind.TIME: pl.Int64(),
    Kind.DURATION: pl.Int64(),
}

UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Value:
    """See the module's text.

    Args:
        parts: kind → expression, null where the value is not of that kind.
        failed: true where evaluating the value is an error; None = never.
        total: never nil and never an error, so that null need not be thought of.
        constant: the Python value of a literal, else `UNKNOWN`.
        text: the value as a StringLikeGetter reads it, if that is a column already.
    """

    parts: Mapping[Kind, pl.Expr] = field(default_factory=dict)
    failed: pl.Expr | None = None
    total: bool = False
    constant: Any = UNKNOWN
    text: pl.Expr | None = None

    @property
    def is_nil(self) -> pl.Expr:
        """True where the value is nil (not where it is an error)."""
        if self.total:
            return pl.lit(False)
        absent = reduce(and_, (part.is_null() for part in self.parts.values()), pl.lit(True))
        return absent if self.failed is None else absent & ~self.failed

    def part(self, kind: Kind) -> pl.Expr:
        """The expression of one kind, all null when the value never has it."""
        return self.parts.get(kind, pl.lit(None, DTYPES[kind]))


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition: true, false, or null where evaluating it is an error (only if `fallible`)."""

    expression: pl.Expr
    fallible: bool = False


TRUE = Predicate(pl.lit(True))
FALSE = Predicate(pl.lit(False))


def constant(value: Any) -> Value:
    """A literal."""
    if value is None:
        return Value(constant=None)
    kinds = {bool: Kind.BOOL, int: Kind.INT, float: Kind.DOUBLE, str: Kind.STRING, bytes: Kind.BYTES}
    kind = kinds[type(value)]
    return Value({kind: pl.lit(value, DTYPES[kind])}, total=True, constant=value)


def boolean(predicate: Predicate) -> Value:
    """A converter's bool result; null is an error."""
    failed = predicate.expression.is_null() if predicate.fallible else None
    return Value({Kind.BOOL: predicate.expression}, failed=failed, total=not predicate.fallible)


def truth(value: Value) -> Predicate:
    """A value in the place of a condition: anything but a bool is an error."""
    return Predicate(value.part(Kind.BOOL), fallible=not value.total or Kind.BOOL not in value.parts)


def any_failed(values: list[Value]) -> pl.Expr | None:
    """True where one of the values is an error; None = never."""
    failures = [value.failed for value in values if value.failed is not None]
    return reduce(or_, failures) if failures else None


def guard(expression: pl.Expr, values: list[Value]) -> Predicate:
    """`expression`, but null where one of the values is an error."""
    failed = any_failed(values)
    if failed is None:
        return Predicate(expression)
    return Predicate(pl.when(~failed).then(expression), fallible=True)


def conjunction(first: Predicate, second: Predicate) -> Predicate:
    """`and` as OTTL evaluates it: from the left, and the right one is not looked at when the left decides."""
    if not first.fallible:
        return Predicate(first.expression & second.expression, second.fallible)
    return Predicate(pl.when(first.expression).then(second.expression).otherwise(first.expression), fallible=True)


def disjunction(first: Predicate, second: Predicate) -> Predicate:
    """`or`; an error on the left is an error of the whole."""
    joined = first.expression | second.expression
    if not first.fallible:
        return Predicate(joined, second.fallible)
    return Predicate(pl.when(first.expression.is_not_null()).then(joined), fallible=True)


def negation(term: Predicate) -> Predicate:
    """`not`; an error stays one."""
    return Predicate(~term.expression, term.fallible)
