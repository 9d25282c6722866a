"""Records that a selector and its filters take: the tree of `collector.query` for labels, and conditions on lines beside it.

A line filter minds case, unlike a word of our own language; an expression is RE2's, called from SQLite. All that was written is a parameter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from collector.console.refusal import Refused
from collector.matchers import re2_options
from collector.query.fields import FIELDS, Field, field_of
from collector.query.query import Query
from collector.query.sql import Clause, value_of
from collector.query.syntax import And, Between, Equal, Everything, Node, Not, Present, Test
from collector.store.reading import Readable

LABELS = {
    "domain": "domain", "level": "level", "service_name": "service", "component": "component", "environment": "environment",
    "endpoint": "endpoint",
}  # fmt: skip
"""Label of a stream → field of the query language."""
_FOUND = "loki_found"
_MOST_CONDITIONS = 64


@dataclass(frozen=True, slots=True)
class Selection(Query):
    """Of nodes, and conditions that the language has no word for. `text` is empty: nothing is parsed of it."""

    terms: Sequence[Node] = ()
    beside: Sequence[Clause] = ()

    def __post_init__(self) -> None:
        if len(self.terms) + len(self.beside) > _MOST_CONDITIONS:
            raise Refused(400, f"parse error : more than {_MOST_CONDITIONS} conditions")
        object.__setattr__(self, "node", And(self.terms, 1) if self.terms else Everything())

    def clause(self) -> Clause:
        """A condition on rows of `logs`; `ready` comes before it."""
        return self._with_beside(Query.clause(self))

    def filtering(self) -> Clause:
        """The same, beside indexes."""
        return self._with_beside(Query.filtering(self))

    def minutes(self) -> Clause | None:
        """None where lines or expressions are looked at."""
        return None if self.beside else Query.minutes(self)

    def _with_beside(self, terms: Clause) -> Clause:
        parts = [terms, *self.beside]
        return Clause(
            " AND ".join(f"({one.sql})" for one in parts), [value for one in parts for value in one.parameters]
        )


def ready(connection: Readable) -> None:
    """Give SQLite the function that finds expressions. Raises `Refused`: the store can't be given one."""
    if not isinstance(connection, sqlite3.Connection):
        raise Refused(400, "this store is not asked in LogQL: only the file of a sqlite exporter is")
    connection.create_function(_FOUND, 2, _found, deterministic=True)


def label(name: str, op: str, value: str) -> Node | Clause:
    """`name op "value"`; what is absent is an empty text, as in Loki."""
    field = field_named(name)
    if op in ("=~", "!~"):
        return _expression(_text(field), op, f"^(?s:{_checked(value)})$")
    found = Test(field, (Equal(value),)) if value else Not(Test(field, (Present(),)), 1)
    return Not(found, 1) if op == "!=" else found


def number(name: str, op: str, written: str) -> Node:
    """`name op number`."""
    value = float(written) if "." in written else int(written)
    field = field_named(name)
    if op in ("=", "==", "!="):
        found = Test(field, (Equal(written, value),))
        return Not(found, 1) if op == "!=" else found
    if name in LABELS:
        raise Refused(400, f"parse error : the label {name} is no number")
    low, high = (value, None) if op[0] == ">" else (None, value)
    return Test(field, (Between(low, high, op == ">=", op == "<="),))


def line(op: str, value: str) -> Clause:
    """A filter of lines."""
    if op in ("|~", "!~"):
        return _expression(Clause("ifnull(body, '')", ()), op, _checked(value))
    return Clause(
        f"instr(ifnull(body, ''), ?) {'= 0' if op == '!=' else '> 0'}" if value else f"{op == '|='}",
        [value] if value else [],
    )


def field_named(name: str) -> Field:
    """Of a label; any other name is an attribute."""
    found = FIELDS[LABELS[name]] if name in LABELS else field_of(f"@{name}")
    assert found is not None, name
    return found


def _text(field: Field) -> Clause:
    value = value_of(field)
    return Clause(f"ifnull({value.sql}, '')", value.parameters)


def _expression(text: Clause, op: str, pattern: str) -> Clause:
    return Clause(f"{_FOUND}(?, {text.sql}) = {int(op[0] != '!')}", (pattern, *text.parameters))


def _checked(pattern: str) -> str:
    try:
        re2.compile(pattern, re2_options())
    except re2.error as error:
        raise Refused(400, f"parse error : error parsing regexp: {error}") from None
    return pattern


@lru_cache(256)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, re2_options())


def _found(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(text) is not None
