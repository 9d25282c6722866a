"""Writes the migration that a new or changed declaration needs: the tables that the migrations make, held against `PROJECTIONS`.

    python -m collector.store.changes issues        writes collector/store/migrations/0007_issues.sql

Columns are added, tables are made; what is left out of a declaration stays in the tables unused. A migration that was released is
never written again.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from collector.store import mark, schema
from collector.store.projection import Projection
from collector.store.projections import PROJECTIONS

_FOLDER = Path(__file__).parent / "migrations"


def needed(connection: sqlite3.Connection, projections: Sequence[Projection] = PROJECTIONS) -> list[str]:
    """The statements that bring a store's tables to the declarations; none when they agree."""
    statements = [statement for projection in projections for statement in _of(connection, projection)]
    return [*statements, mark.DRAW_ANEW] if statements else []


def _of(connection: sqlite3.Connection, projection: Projection) -> Iterator[str]:
    there = {name: kind for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({projection.name})")}
    if not there:
        yield from projection.create
        return
    for column in projection.all_columns:
        if column.name not in there:
            yield projection.add(column)
        elif there[column.name] != column.kind:
            raise ValueError(f"{projection.name}.{column.name} is {there[column.name]}: a column can't change its kind")
    indexes = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    yield from [
        statement for name, statement in zip(projection.indexes, projection.create[1:], strict=True)
        if name not in indexes
    ]  # fmt: skip


def migrated() -> sqlite3.Connection:
    """A store in memory, as all migrations make it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for migration in schema.migrations():
        for statement in migration.statements:
            connection.execute(statement)
    return connection


def write(name: str) -> Path | None:
    """The next migration's file; None when nothing is missing."""
    with closing(migrated()) as connection:
        statements = needed(connection)
    if not statements:
        return None
    path = _FOLDER / f"{schema.migrations()[-1].version + 1:04}_{name}.sql"
    path.write_text("".join(f"{statement};\n\n" for statement in statements).rstrip("\n") + "\n", "utf-8")
    return path


if __name__ == "__main__":
    print(write(sys.argv[1]) or "the migrations make all tables as they are declared")
