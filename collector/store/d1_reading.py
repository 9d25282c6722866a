"""Questions to a D1 store: only reading, narrowed to one domain, all digits of integers.

D1 has no authorizer, so a statement is first prepared on an empty store in memory, under the guard of
`collector.store.reading`: what would do more than read, or reach another domain, is refused here and never sent.
That also tells the columns, and so each row can travel as JSON text (`json_array`), in which integers keep all digits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import orjson

from collector.store import schema
from collector.store.d1 import D1Database
from collector.store.following import Wanted, level_expression
from collector.store.reading import Rows, guarded
from collector.store.reading import query as run
from collector.store.rows import COLUMNS

_MOST_ARGUMENTS = 32
"""Of a function, on D1."""


async def query(database: D1Database, statement: str, *, domain: str | None = None, limit: int = 0) -> Rows:
    """As `collector.store.reading.query`, with the same exceptions for the statement and `D1Database`'s for the rest."""
    statement = statement.strip().rstrip(";")
    columns = _prepared(statement, domain)
    narrow = f"logs AS (SELECT * FROM main.logs WHERE domain = {_literal(domain)}), " if domain is not None else ""  # noqa: S608
    names = ", ".join(f"c{at}" for at in range(len(columns)))
    asked = f"WITH {narrow}answer({names}) AS (\n{statement}\n) SELECT {_packed(names.split(', '))} FROM answer"  # noqa: S608
    values = [_unpacked(row) for row in await database.select(asked + (f" LIMIT {limit + 1}" if limit else ""))]
    return Rows(columns, values[:limit] if limit else values, more=bool(limit) and len(values) > limit)


class D1Follower:
    """A reader's place in a D1 store; rows as `collector.store.following.Follower` gives them, as dicts."""

    def __init__(self, database: D1Database, wanted: Wanted) -> None:
        self._database = database
        self._condition, self._parameters = wanted.condition()
        self._seen = 0

    async def start(self) -> None:
        """What is there now is not new."""
        ((newest,),) = [_unpacked(row) for row in await self._database.select(_NEWEST)]
        self._seen = int(str(newest or 0))

    async def backlog(self, count: int) -> Sequence[dict[str, object]]:
        """The `count` newest wanted rows that were there when following began, oldest first."""
        found = await self._select("rowid <= ?", f"ORDER BY rowid DESC LIMIT {count}")
        return found[::-1]

    async def fresh(self) -> Sequence[dict[str, object]]:
        """The next wanted rows committed since the last call, each exactly once; at most a page of them."""
        page = await self._select("rowid > ?", f"ORDER BY rowid LIMIT {_PAGE}")
        if page:
            self._seen = int(str(page[-1]["rowid"]))
        return page

    async def _select(self, place: str, order: str) -> list[dict[str, object]]:
        level = level_expression()
        inner = f"SELECT rowid AS row_id, {level} AS level, * FROM logs WHERE {place} AND {self._condition} {order}"  # noqa: S608
        names = ["row_id", "level", *COLUMNS]
        parameters = [str(self._seen), *map(str, self._parameters)]
        rows = await self._database.select(f"SELECT {_packed(names)} FROM ({inner})", *parameters)  # noqa: S608
        return [dict(zip(["rowid", "level", *COLUMNS], _unpacked(row), strict=True)) for row in rows]


_NEWEST = "SELECT json_array(max(rowid)) AS p0 FROM logs"
_PAGE = 200


def _prepared(statement: str, domain: str | None) -> Sequence[str]:
    """The columns of the answer. Raises `QueryRefused` and `sqlite3.Error`."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for migration in schema.migrations():
            for made in migration.statements:
                memory.execute(made)
        with guarded(memory, domain):
            return run(memory, statement).columns
    finally:
        memory.close()


def _packed(names: Sequence[str]) -> str:
    """Columns as JSON arrays p0, p1 …; `|| ''` takes from text the mark that it is JSON already."""
    values = [f"CASE typeof({c}) WHEN 'text' THEN {c} || '' WHEN 'blob' THEN hex({c}) ELSE {c} END" for c in names]
    packs = [values[at : at + _MOST_ARGUMENTS] for at in range(0, len(values), _MOST_ARGUMENTS)]
    return ", ".join(f"json_array({', '.join(pack)}) AS p{at}" for at, pack in enumerate(packs))


def _unpacked(row: dict[str, str]) -> tuple[object, ...]:
    return tuple(value for pack in row.values() for value in orjson.loads(pack))


def _literal(text: str | None) -> str:
    return "'" + (text or "").replace("'", "''") + "'"
