"""The store in a Cloudflare D1 database, over Cloudflare's REST API: the same schema, migrations and rows as the file.

Statements that go together travel as one `batch`, which D1 runs as one transaction. Parameters are strings: the API
promises nothing else, and SQLite turns them into the column's type. Integers in answers pass through JavaScript
numbers, exact to 2^53; `collector.store.d1_reading` gets around that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from collector.component import StoreMark
from collector.errors import StorageError
from collector.store import mark, schema
from collector.store.columns import COLUMNS, TABLE_COLUMNS
from collector.transport.cloudflare import Answer, CloudflareClient, CloudflareError

if TYPE_CHECKING:
    from collector.store.describing import Described  # polars, which readers do without

INSERT = (
    f"INSERT INTO logs ({', '.join(TABLE_COLUMNS)}) SELECT {', '.join(f'value->>{at}' for at in range(len(COLUMNS)))}"  # noqa: S608
    " FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING"  # without WHERE the parser takes ON for a join's
)
"""Rows from one parameter: a JSON array of rows, each an array with a value for each of `COLUMNS`."""


def describing(described: Described) -> Iterator[Statement]:
    """The statements that write rows of a table of events where they are newer: of JSON, as `INSERT`."""
    names = described.projection.all_columns
    values = ", ".join(f"value->>{at}" for at in range(len(names)))
    statement = described.projection.upsert(f"SELECT {values} FROM json_each(?1) WHERE true")  # noqa: S608 - constants
    texts = [orjson.dumps(row).decode() for row in described.rows.iter_rows()]
    while texts:
        ends = accumulate(len(text.encode()) + 1 for text in texts)
        fit = max(1, sum(end < _PARAMETER_BYTES for end in ends))
        yield Statement(statement, [f"[{','.join(texts[:fit])}]"])
        texts = texts[fit:]


_PARAMETER_BYTES = 1_600_000
_INDEXES = "SELECT name FROM sqlite_master WHERE type = 'index'"
_MAX_ANSWER_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and its parameters."""

    sql: str
    parameters: Sequence[str] = ()


def encoded(statements: Sequence[Statement]) -> bytes:
    """The body of a call that runs the statements in one transaction."""
    return orjson.dumps({"batch": [{"sql": one.sql, "params": list(one.parameters)} for one in statements]})


async def find_database(client: CloudflareClient, name: str) -> str | None:
    """The id of the database of that name; None when there is none. Raises CloudflareError, and what the call raises."""
    answer = await client.call("GET", f"/d1/database?name={quote(name, safe='')}&per_page=100")
    if not answer.succeeded:
        raise CloudflareError(answer)
    # the API searches: longer names are among the answers
    return next((str(found["uuid"]) for found in answer.result if found["name"] == name), None)


class D1Database:
    """One database. `prepared` once its schema is known to be right.

    Raises (all methods):
        CloudflareError: an answer that is no success.
        StorageError: not a database of ours, or it needs migrations and may not be migrated.
        Exception: from the connection.
    """

    def __init__(
        self,
        client: CloudflareClient,
        database_id: str,
        *,
        auto_migrate: bool = True,
        indexes: Sequence[str] | None = None,
    ) -> None:
        """`indexes`: names of `schema.OPTIONAL_INDEXES` to keep; None leaves those that are there."""
        self.id = database_id
        self.prepared = False
        self._client = client
        self._path = f"/d1/database/{quote(database_id, safe='')}/query"
        self._auto_migrate = auto_migrate
        self._indexes = indexes
        self._preparing = asyncio.Lock()
        self.mark: StoreMark | None = None
        """By what the database is known again; None before it was prepared."""

    async def post(self, body: bytes) -> Answer:
        """Run what `encoded` made; whatever the answer is, it is returned."""
        return await self._client.call("POST", self._path, body, max_answer_bytes=_MAX_ANSWER_BYTES)

    async def run(self, *statements: Statement) -> list[dict[str, Any]]:
        """Run statements in one transaction; one result each: `results` (rows as objects) and `meta`."""
        answer = await self.post(encoded(statements))
        if not answer.succeeded:
            raise CloudflareError(answer)
        results: list[dict[str, Any]] = answer.result
        return results

    async def select(self, sql: str, *parameters: str) -> list[dict[str, Any]]:
        """All rows of one query."""
        (result,) = await self.run(Statement(sql, parameters))
        rows: list[dict[str, Any]] = result["results"]
        return rows

    async def execute(self, sql: str, *parameters: str) -> int:
        """One statement in its own transaction; returns how many rows it changed."""
        (result,) = await self.run(Statement(sql, parameters))
        return int(result["meta"]["changes"])

    async def prepare(self) -> None:
        """Bring the schema up to date, once; again after `prepared` was set to False."""
        async with self._preparing:
            if self.prepared:
                return
            if needed := await self._needed():
                await self._migrate(needed)
            if self._indexes is not None:
                await self._set_indexes(self._indexes)
            (row,) = await self.select(mark.READ)
            self.mark = StoreMark(str(row["name"]), int(row["changes"]))
            self.prepared = True

    async def _needed(self) -> Sequence[schema.Migration]:
        tables = [row["name"] for row in await self.select(schema.TABLES)]
        applied = await self.select(schema.APPLIED) if "logboom_migrations" in tables else []
        history = [(int(row["version"]), str(row["name"])) for row in applied]
        return schema.pending(f"D1 database {self.id}", tables, history)

    async def _migrate(self, needed: Sequence[schema.Migration]) -> None:
        if not self._auto_migrate:
            names = ", ".join(migration.name for migration in needed)
            raise StorageError(
                f"D1 database {self.id} needs migrations ({names}) and auto_migrate is off: "
                "set auto_migrate: true once, or run the files of collector/store/migrations yourself"
            )
        try:
            await self.run(Statement(schema.HISTORY), *_migrating(needed))
        except CloudflareError:
            if await self._needed():  # else another process was faster
                raise

    async def _set_indexes(self, wanted: Sequence[str]) -> None:
        existing = [row["name"] for row in await self.select(_INDEXES)]
        if statements := schema.index_statements(wanted, existing):
            await self.run(*map(Statement, statements))


def _migrating(needed: Sequence[schema.Migration]) -> list[Statement]:
    now = str(time.time_ns() // 1_000_000)
    return [
        statement
        for migration in needed
        for statement in (
            *map(Statement, migration.statements),
            Statement(schema.RECORD, (str(migration.version), migration.name, now)),
        )
    ]
