"""Tree → a condition on rows of `logs`, for SQLite and D1. All that a user wrote is a parameter; the SQL follows the shape of the tree alone.

A condition that meets an absent value gives NULL, which is as good as false: under `NOT` it is made one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from collector.levels import SQL as LEVEL
from collector.privacy.classes.named_secrets import is_secret_name
from collector.query.fields import NOT_STORED, Field, Kind
from collector.query.int64 import int_bounds, is_int64
from collector.query.syntax import (
    And,
    Between,
    Condition,
    Equal,
    Everything,
    Like,
    Node,
    Not,
    OneOf,
    Or,
    Present,
    Test,
    Text,
)

Parameter = str | int | float
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


_INT, _REAL = "CAST(? AS INTEGER)", "CAST(? AS REAL)"
"""Numbers, which travel to D1 as text: so they keep all digits."""


class Clause(NamedTuple):
    """A condition with `?` for each of its parameters, in parentheses where it needs them."""

    sql: str
    parameters: Sequence[Parameter]


def of_rows(field: Field) -> str:
    """What a field is called in `logs`."""
    return LEVEL if field.kind is Kind.LEVEL else field.column


def beside_indexes(field: Field) -> str:
    """The same, with a `+` where there may be an index, which the planner then leaves alone."""
    return of_rows(field) if field.kind in (Kind.LEVEL, Kind.BODY) else f"+{field.column}"


def clause(node: Node, named: Callable[[Field], str] = of_rows) -> Clause:
    """The condition of a tree. `named`: what its fields are called where it is asked."""
    match node:
        case Everything():
            return Clause("true", ())
        case Text(needle):
            return Clause("instr(lower(body), ?) > 0", (needle.translate(_LOWER),))
        case Test(field, any_of):
            return _test(field, any_of, named)
        case Not(term, _):
            inner = clause(term, named)
            return Clause(f"NOT ifnull({inner.sql}, 0)", inner.parameters)
        case And(terms, _):
            return _joined(" AND ", [clause(term, named) for term in terms])
        case Or(terms, _):
            return _joined(" OR ", [clause(term, named) for term in terms])


HIDDEN = "secret"
"""What a column is called whose values are secrets because of their name, for whoever masks answers."""


def column_name(field: Field) -> str:
    """What a column of the values of a field is called."""
    return HIDDEN if field.key and is_secret_name(field.key) else "value"


def value_of(field: Field) -> Clause:
    """What a field holds as text, for counting by it; NULL where it is absent."""
    if field.kind is Kind.LEVEL:
        return Clause(LEVEL, ())
    if field.kind in (Kind.ATTRIBUTE, Kind.RESOURCE):
        shown = "CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(atom AS TEXT) END"
        return Clause(f"(SELECT {shown} FROM json_each({field.column}) WHERE key = ?)", (field.key,))  # noqa: S608
    return Clause(f"CAST({field.column} AS TEXT)", ())


def _test(field: Field, any_of: Sequence[Condition], called: Callable[[Field], str]) -> Clause:
    if field.kind in (Kind.ATTRIBUTE, Kind.RESOURCE):
        return _of_attribute(field, any_of)
    column = called(field)
    if any(isinstance(one, Present) for one in any_of):
        return Clause("true" if field.kind is Kind.LEVEL else f"{column} IS NOT NULL", ())
    named = [name for one in any_of if isinstance(one, OneOf) for name in one.names]
    exact = [one.text for one in any_of if isinstance(one, Equal)]
    found = [_one_of(column, [*named, *exact])]
    found += [_column(column, one) for one in any_of if not isinstance(one, OneOf | Equal)]
    return _joined(" OR ", [one for one in found if one.sql] or [Clause("false", ())])


def _column(column: str, condition: Condition) -> Clause:
    match condition:
        case Like():
            return _like(column, condition)
        case Between():
            low, high = int_bounds(condition)
            return Clause(f"({column} >= {_INT} AND {column} <= {_INT})", (low, high))
        case _:
            raise AssertionError(condition)


def _one_of(expression: str, values: Sequence[str]) -> Clause:
    if not values:
        return Clause("", ())
    if len(values) == 1:
        return Clause(f"{expression} = ?", values)
    return Clause(f"{expression} IN ({', '.join('?' * len(values))})", values)


def _like(text: str, like: Like) -> Clause:
    """Without LIKE and GLOB, which end at a NUL, and of which D1 takes 50 bytes."""
    found: list[Clause] = []
    if like.starts:
        found.append(Clause(f"{text} >= ?", (like.starts,)))
        if (behind := _behind(like.starts)) is not None:
            found.append(Clause(f"{text} < ?", (behind,)))
    if like.ends:
        size = len(like.ends.encode())
        found.append(Clause(f"substr(CAST({text} AS BLOB), {_INT}) = CAST(? AS BLOB)", (-size, like.ends)))
    if like.starts and like.ends:
        size = len((like.starts + like.ends).encode())
        found.append(Clause(f"length(CAST({text} AS BLOB)) >= {_INT}", (size,)))
    if like.holds:
        held, needle = (f"lower({text})", like.holds.translate(_LOWER)) if text == "body" else (text, like.holds)
        found.append(Clause(f"instr({held}, ?) > 0", (needle,)))
    return _joined(" AND ", found)


def _behind(prefix: str) -> str | None:
    """The first text behind all that start so; None: there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return None
    last = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if last == 0xD800 else last)


def _of_attribute(field: Field, any_of: Sequence[Condition]) -> Clause:
    """Of a key of an object: one that is quoted or has dots is a key like others."""
    if field.key == NOT_STORED and field.kind is Kind.ATTRIBUTE:
        return Clause("false", ())
    found = [part for one in any_of for part in _value(one)]
    if not found:
        return Clause("false", ())
    met = _joined(" OR ", found)
    sql = f"EXISTS (SELECT 1 FROM json_each({field.column}) WHERE key = ? AND {met.sql})"  # noqa: S608
    return Clause(sql, (field.key, *met.parameters))


def _value(condition: Condition) -> Sequence[Clause]:
    match condition:
        case Present():
            return [Clause("true", ())]
        case Equal():
            return list(_equal(condition))
        case Like():
            like = _like("atom", condition)
            return [Clause(f"(type = 'text' AND {like.sql})", like.parameters)]
        case Between():
            return list(_between(condition))
        case OneOf():
            raise AssertionError(condition)


def _equal(equal: Equal) -> Sequence[Clause]:
    found = [Clause("(type = 'text' AND atom = ?)", (equal.text,))]
    if equal.boolean is not None:
        found.append(Clause(f"type = '{'true' if equal.boolean else 'false'}'", ()))
    if equal.number is not None:
        if is_int64(equal.number):
            found.append(Clause(f"(type = 'integer' AND atom = {_INT})", (int(equal.number),)))
        found.append(Clause(f"(type = 'real' AND atom = {_REAL})", (float(equal.number),)))
    return found


def _between(between: Between) -> Sequence[Clause]:
    """Integers, also those that are written as text, and others."""
    low, high = int_bounds(between)
    whole = "(type = 'integer' OR (type = 'text' AND CAST(CAST(atom AS INTEGER) AS TEXT) = atom))"
    found = [Clause(f"({whole} AND CAST(atom AS INTEGER) >= {_INT} AND CAST(atom AS INTEGER) <= {_INT})", (low, high))]
    limits: list[Clause] = []
    if between.low is not None:
        limits.append(Clause(f"atom {'>=' if between.low_in else '>'} {_REAL}", (float(between.low),)))
    if between.high is not None:
        limits.append(Clause(f"atom {'<=' if between.high_in else '<'} {_REAL}", (float(between.high),)))
    return [*found, _joined(" AND ", [Clause("type = 'real'", ()), *limits])]


def _joined(word: str, clauses: Sequence[Clause]) -> Clause:
    if len(clauses) == 1:
        return clauses[0]
    return Clause(f"({word.join(one.sql for one in clauses)})", [value for one in clauses for value in one.parameters])
