"""How a value becomes a string, an int, a double or a bool: OTTL's getters that convert."""

from __future__ import annotations

import polars as pl

from collector.ottl.values import Kind, Value

_INTEGER = r"^[+-]?[0-9]+$"
_TRUE = ["1", "t", "T", "true", "TRUE", "True"]
_FALSE = ["0", "f", "F", "false", "FALSE", "False"]


def text(value: Value) -> pl.Expr:
    """StringLike: strings as they are, bytes and ids as hex, maps and lists as JSON; nil is null."""
    if value.text is not None:
        return value.text
    found = [_as_text(kind, part) for kind, part in value.parts.items()]
    return pl.coalesce(found) if found else pl.lit(None, pl.String)


def _as_text(kind: Kind, part: pl.Expr) -> pl.Expr:
    match kind:
        case Kind.STRING | Kind.JSON:
            return part
        case Kind.BYTES | Kind.ID:
            return part.bin.encode("hex")
        case Kind.DOUBLE:
            return part.cast(pl.String).str.strip_suffix(".0")
        case _:
            return part.cast(pl.String)


def string_only(value: Value) -> pl.Expr:
    """A strict string: null where the value is anything else, which is an error."""
    return value.part(Kind.STRING)


def to_int(value: Value) -> Value:
    """IntLike: doubles are truncated, bools 1 and 0; a string that is no integer is nil."""
    string = value.part(Kind.STRING)
    double = value.part(Kind.DOUBLE)
    integer = pl.coalesce(
        value.part(Kind.INT),
        double.cast(pl.Int64, strict=False),
        value.part(Kind.BOOL).cast(pl.Int64),
        pl.when(string.str.contains(_INTEGER)).then(string.str.strip_prefix("+").cast(pl.Int64, strict=False)),
    )
    return Value({Kind.INT: integer}, failed=value.failed)


def to_double(value: Value) -> Value:
    """FloatLike: a string that is no number is an error."""
    string = value.part(Kind.STRING)
    parsed = string.cast(pl.Float64, strict=False)
    number = pl.coalesce(
        value.part(Kind.DOUBLE),
        value.part(Kind.INT).cast(pl.Float64),
        value.part(Kind.BOOL).cast(pl.Float64),
        parsed,
    )
    wrong = string.is_not_null() & parsed.is_null()
    return Value({Kind.DOUBLE: number}, failed=wrong if value.failed is None else wrong | value.failed)


def to_bool(value: Value) -> Value:
    """BoolLike: the strings of Go's strconv.ParseBool; numbers are true unless 0. Other strings are an error."""
    string = value.part(Kind.STRING)
    parsed = pl.when(string.is_in(_TRUE)).then(True).when(string.is_in(_FALSE)).then(False)
    result = pl.coalesce(
        value.part(Kind.BOOL),
        value.part(Kind.INT) != 0,
        value.part(Kind.DOUBLE) != 0.0,
        parsed,
    )
    wrong = string.is_not_null() & parsed.is_null()
    return Value({Kind.BOOL: result}, failed=wrong if value.failed is None else wrong | value.failed)
