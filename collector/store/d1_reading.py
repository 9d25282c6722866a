"""Questions to a D1 store: only reading, narrowed to a scope, all digits of integers.

D1 has no authorizer, so a statement is first prepared on an empty store in memory, under the guard of
`collector.store.reading`: what would do more than read, or reach another domain, is refused here and never sent.
That also tells the columns, and so each row can travel as JSON text (`json_array`), in which integers keep all digits.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from collector.scope import Scope
from collector.store import schema
from collector.store.columns import COLUMNS
from collector.store.d1 import D1Database, Statement
from collector.store.following import NEWEST, Question, Wanted
from collector.store.reading import ALL_COUNTED, UNCOUNTED, Rows, guarded
from collector.store.reading import query as run

_MOST_ARGUMENTS = 32
"""Of a function, on D1."""


async def query(
    database: D1Database,
    statement: str,
    *,
    scope: Scope,
    limit: int = 0,
    read: Callable[[int], None] = lambda _: None,
    also: Sequence[str] = (),
) -> Rows:
    """As `collector.store.reading.query`, with the same exceptions for the statement and `D1Database`'s for the rest.

    Args:
        read: is told how many rows D1 read for it, which it bills.
        also: tables of `CONFIDENTIAL` that the reader may see, within the scope.
    """
    statement = statement.strip().rstrip(";")
    columns = _prepared(statement, scope, also)
    narrow = (
        ""
        if scope.is_everything
        else "".join(_narrowed(table, scope) for table in (*schema.OF_DOMAINS, *also)) + _COUNTED
    )
    names = ", ".join(f"c{at}" for at in range(len(columns)))
    asked = f"WITH {narrow}answer({names}) AS (\n{statement}\n) SELECT {_packed(names.split(', '))} FROM answer"  # noqa: S608
    (result,) = await database.run(Statement(asked + (f" LIMIT {limit + 1}" if limit else "")))
    read(int(result["meta"]["rows_read"]))
    values = [_unpacked(row) for row in result["results"]]
    return Rows(columns, values[:limit] if limit else values, more=bool(limit) and len(values) > limit)


class D1Connection:
    """A D1 database to readers that know a file's connection: each statement is one question, parameters stand in it as literals.

    Args:
        ask: `query` of that database and scope, waited for.
    """

    def __init__(self, ask: Callable[[str], Rows]) -> None:
        self._ask = ask

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> _Answer:
        """See `collector.store.reading.Readable`."""
        return _Answer(self._ask(inlined(statement, parameters)))


class _Answer:
    def __init__(self, rows: Rows) -> None:
        self.description = [(name,) for name in rows.columns]
        self._left = iter(rows.values)

    def fetchone(self) -> tuple[object, ...] | None:
        return next(self._left, None)

    def fetchall(self) -> list[tuple[object, ...]]:
        return list(self._left)

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        return self._left


def inlined(statement: str, parameters: Sequence[Any]) -> str:
    """A statement of ours (no text of it holds a `?`) with its parameters, numbered or in order, as literals."""
    following = iter(range(len(parameters)))

    def literal(found: re.Match[str]) -> str:
        value = parameters[int(found.group(1)) - 1 if found.group(1) else next(following)]
        if value is None:
            return "NULL"
        return _literal(value) if isinstance(value, str) else repr(value)

    return re.sub(r"\?(\d+)?", literal, statement)


class D1Follower:
    """A reader's place in a D1 store; rows as `collector.store.following.Follower` gives them, as dicts."""

    def __init__(self, database: D1Database, wanted: Wanted) -> None:
        self._database = database
        self._wanted = wanted
        self._seen = 0

    async def start(self) -> None:
        """What is there now is not new."""
        self._seen = _newest(await self._database.select(NEWEST))

    async def backlog(self, count: int) -> Sequence[Mapping[str, Any]]:
        """The `count` newest wanted rows that were there when following began, oldest first; see `Follower.backlog`."""
        answers = await self._database.run(*map(_packing, self._wanted.backlog(self._seen, count)))
        return self._wanted.put_together([row for answer in answers for row in _rows(answer)], count)

    async def fresh(self) -> Sequence[Mapping[str, Any]]:
        """The next wanted rows committed since the last call, each exactly once; at most a page of them.

        Rows that are not wanted are read once, too: D1 bills what is read."""
        question = self._wanted.fresh(self._seen, _NO_END, _PAGE)
        # One transaction: the newest row is that of the very state in which the page was read.
        newest, answer = await self._database.run(Statement(NEWEST), _packing(question))
        page = _rows(answer)
        self._seen = int(page[-1]["rowid"]) if len(page) == _PAGE else max(self._seen, _newest(newest["results"]))
        return page


_PAGE = 200
_NO_END = (1 << 63) - 1
_NAMES = ("rowid", "level", *COLUMNS)


def _packing(question: Question) -> Statement:
    statement = f"SELECT {_packed(_NAMES)} FROM ({question.statement})"  # noqa: S608
    return Statement(statement, [str(parameter) for parameter in question.parameters])


def _rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(_NAMES, _unpacked(row), strict=True)) for row in answer["results"]]


def _newest(rows: Sequence[Mapping[str, Any]]) -> int:
    return int(rows[0]["newest"] or 0)


def _prepared(statement: str, scope: Scope, also: Sequence[str]) -> Sequence[str]:
    """The columns of the answer. Raises `QueryRefused` and `sqlite3.Error`."""
    with _empty(scope, also) as memory:
        return run(memory, statement).columns


def plan(statement: str, scope: Scope) -> str:
    """How SQLite finds the rows of a statement (its parameters are NULL) in a store like it, a step after the other. Raises `QueryRefused` and `sqlite3.Error`."""
    with _empty(scope) as memory:
        asked = inlined(statement, [None] * (statement.count("?") + 100))
        return "; ".join(str(step[3]) for step in run(memory, f"EXPLAIN QUERY PLAN {asked}").values)


@contextmanager
def _empty(scope: Scope, also: Sequence[str] = ()) -> Iterator[sqlite3.Connection]:
    """A store without rows, as `guarded` makes it."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for migration in schema.migrations():
            for made in migration.statements:
                memory.execute(made)
        with guarded(memory, scope, also):
            yield memory
    finally:
        memory.close()


def _packed(names: Sequence[str]) -> str:
    """Columns as JSON arrays p0, p1 …; `|| ''` takes from text the mark that it is JSON already."""
    values = [f"CASE typeof({c}) WHEN 'text' THEN {c} || '' WHEN 'blob' THEN hex({c}) ELSE {c} END" for c in names]
    packs = [values[at : at + _MOST_ARGUMENTS] for at in range(0, len(values), _MOST_ARGUMENTS)]
    return ", ".join(f"json_array({', '.join(pack)}) AS p{at}" for at, pack in enumerate(packs))


def _unpacked(row: dict[str, str]) -> tuple[object, ...]:
    return tuple(value for pack in row.values() for value in orjson.loads(pack))


def _narrowed(table: str, scope: Scope) -> str:
    literals = ", ".join(map(_literal, scope.sorted()))
    return f"{table} AS NOT MATERIALIZED (SELECT * FROM main.{table} WHERE domain IN ({literals})), "  # noqa: S608


_COUNTED = f"{ALL_COUNTED} AS (SELECT max(through) = 0 AS counted FROM main.{UNCOUNTED}), "  # noqa: S608


def _literal(text: str) -> str:
    if "\0" in text:  # at which the text of a statement ends
        return f"CAST(X'{text.encode().hex()}' AS TEXT)"
    return "'" + text.replace("'", "''") + "'"
