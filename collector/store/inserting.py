"""Rows into `logs`, by statements of many rows.

What a batch says again and again (whose service, where from, what triage found) goes into a table of the connection's own once, and rows are
joined with it: a value that is handed to SQLite costs 0.15 µs, a NULL 0.6 (sqlite3 looks for an adapter of it), and rows have 31.

    few rows                  INSERT … VALUES (?, …), …                  all columns
    many, a quarter differ    the same, without columns that are NULL throughout
    many                      INSERT … SELECT column1, …, s.domain, … FROM (VALUES (?, …), …) JOIN said AS s

In the last two an empty text stands for NULL, for no text of `logs` is empty.

Statements are of 256 rows, not `executemany`, which lets go of the GIL once a row, and then waits for its turn behind every other Python
thread (DECISIONS.md has the numbers).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain, repeat

import polars as pl

from collector.columns.distinct import few_rows
from collector.store.rows import TABLE_COLUMNS, insertable

_MOST_ROWS = 256
_ROWS_AT_ONCE = 16 * _MOST_ROWS
_MANY = 64
"""Fewer rows would not pay for looking at them."""
_VARIED = ("record_id", "time_unix_nano", "observed_written", "body", "trace_id", "span_id", "attributes", "truncated")
_SAID = tuple(name for name in TABLE_COLUMNS if name not in _VARIED)
_NUMBER = "said"

PREPARE = f"CREATE TEMP TABLE said (number INTEGER PRIMARY KEY, {', '.join(_SAID)})"
"""Once a connection; what stands in it is that of one batch."""
_SAY = f"INSERT INTO temp.said VALUES ({', '.join('?' * (len(_SAID) + 1))})"  # noqa: S608 - constants


def insert_rows(connection: sqlite3.Connection, rows: pl.DataFrame) -> int:
    """Rows with `COLUMNS`, in the transaction that is open; returns how many were new."""
    rows = insertable(rows)
    if rows.height < _MANY:
        return _added(connection, insert_statement, rows)
    said, number = few_rows(rows.select(_SAID))
    if number is None:
        return _added(connection, *_without_nulls(rows, ()))
    connection.execute("DELETE FROM temp.said")
    connection.executemany(_SAY, said.with_row_index(_NUMBER).rows())
    return _added(connection, *_without_nulls(rows.select(*_VARIED, number.alias(_NUMBER)), _SAID))


def write(connection: sqlite3.Connection, statement: Callable[[int], str], rows: pl.DataFrame) -> None:
    """All rows, by statements that take so many each, flat parameters in row order."""
    for part in rows.iter_slices(_ROWS_AT_ONCE):  # as Python objects they take ten times the memory
        values = list(chain.from_iterable(zip(*(column.to_list() for column in part.iter_columns()), strict=True)))
        start = 0
        for height in _heights(part.height):
            end = start + height * part.width
            connection.execute(statement(height), values[start:end])
            start = end


@lru_cache(maxsize=16)
def insert_statement(height: int) -> str:
    """The statement that inserts `height` rows of `COLUMNS`, flat parameters in row order."""
    return _insert(TABLE_COLUMNS, _values(len(TABLE_COLUMNS), height))


@lru_cache(maxsize=64)
def joined_statement(columns: Sequence[str], absent: Sequence[str], said: Sequence[str], height: int) -> str:
    """The statement that inserts `height` rows of `columns` (of which an empty text is NULL in those of `absent`), with the columns `said` of
    the row of `temp.said` whose number is behind them; without `said` there is no number."""
    taken = [f"nullif(column{at}, '')" if name in absent else f"column{at}" for at, name in enumerate(columns, 1)]
    taken += [f"s.{name}" for name in said]
    source = f"({_values(len(columns) + bool(said), height)}) AS v"
    if said:
        source += f" CROSS JOIN temp.said AS s ON s.number = v.column{len(columns) + 1}"
    return _insert([*columns, *said], f"SELECT {', '.join(taken)} FROM {source} WHERE true")  # noqa: S608 - constants


def _added(connection: sqlite3.Connection, statement: Callable[[int], str], rows: pl.DataFrame) -> int:
    before = connection.total_changes
    write(connection, statement, rows)
    return connection.total_changes - before


def _without_nulls(rows: pl.DataFrame, said: Sequence[str]) -> tuple[Callable[[int], str], pl.DataFrame]:
    """The statement for these rows, and the rows as it takes them."""
    nulls = {column.name: column.null_count() for column in rows.iter_columns()}
    rows = rows.select(name for name, count in nulls.items() if count < rows.height)
    absent = tuple(name for name, kind in rows.schema.items() if nulls[name] and kind == pl.String)
    columns = tuple(name for name in rows.columns if name != _NUMBER)
    return partial(joined_statement, columns, absent, said), rows.with_columns(pl.col(absent).fill_null(""))


def _insert(columns: Sequence[str], source: str) -> str:
    return f"INSERT INTO logs ({', '.join(columns)}) {source} ON CONFLICT DO NOTHING"


def _values(width: int, height: int) -> str:
    return "VALUES " + ", ".join([f"({', '.join('?' * width)})"] * height)


def _heights(rows: int) -> Iterator[int]:
    """The rows as sizes of statements: full ones, then powers of two. So there are nine different statements, all
    prepared once; preparing one for every remainder would cost as much as running it."""
    yield from repeat(_MOST_ROWS, rows // _MOST_ROWS)
    size = _MOST_ROWS
    while size := size // 2:
        if rows & size:
            yield size
