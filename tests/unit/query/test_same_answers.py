"""A store and a batch give the same answer to every query: SQL over rows against a mask over columns, for random records and queries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import LogBatch
from collector.documents.facts import said
from collector.query import Query
from collector.query.columns import text_of
from collector.query.fields import FIELDS, Kind, field_of
from collector.query.sql import value_of
from collector.store import schema
from collector.store.rows import TABLE_COLUMNS, Limits, insertable, rows
from collector.testing.row_batch import Nested, Row, batch_of

_ARRAY = b"\x2a\x05\x0a\x03\x0a\x01a"
_TEXTS = [
    "", "a", "A", "ab", "aB", "b", "ba*b", "a%b", "a_b", "Auth", "auth", "KELVIN \u212a", "k", "\u00c4rger", "\u00e4rger", "x\0y", "x", "5", "05", "-5",
    "+5", "5.0", "9223372036854775808", "true", "NaN", 'q"q', "back\\slash", "/api/users/1", "\U0010ffff", "\ud7ff\ue000", "new\nline",
]  # fmt: skip
_NUMBERS = [0, 5, -5, 6, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
_DOUBLES = [0.0, -0.0, 5.0, 5.5, -5.5, 1e20, 9007199254740992.0, float("nan"), float("inf"), float("-inf")]
_VALUES = [_TEXTS, _TEXTS, _NUMBERS, _DOUBLES, [True, False, None, b"a", Nested(_ARRAY)]]
_KEYS = [
    "a",
    "a",
    "b",
    "a.b",
    'q"q',
    "k\n",
    "logboom.component",
    "deployment.environment.name",
    "logboom.pattern.template",
    "\u00e4",
]
_OF_RESOURCE = ["service.name", "deployment.environment.name", "a"]
_OF_COMPONENTS = ["logboom.component", "logboom.issue.id", "logboom.error_type", "deployment.environment.name", "b"]


def _records(draw: Random) -> LogBatch:
    batch = batch_of([_record(draw, at) for at in range(30)])
    columns: dict[str, pl.Series] = {
        key: pl.Series(draw.choices([None, *(text for text in _TEXTS if "\0" not in text)], k=30), dtype=pl.String)
        for key in draw.sample(_OF_COMPONENTS, 2)
    }
    columns["n"] = pl.Series(draw.choices([None, *_NUMBERS], k=30), dtype=pl.Int64)
    if draw.random() < 0.7:
        columns["logboom.triage.level"] = pl.Series(
            draw.choices([None, "critical", "warning", "info", "debug", "odd"], k=30), dtype=pl.String
        )
    return batch.with_attributes(columns)


def _record(draw: Random, at: int) -> Row:
    body = draw.choice(
        [{"body": draw.choice(_TEXTS)}, {"body": None}, {"body": None, "body_any": draw.choice([_ARRAY, b"\x0a\x00"])}]
    )
    fields: dict[str, Any] = {
        **body, "severity_number": draw.randint(-1, 26), "event_name": draw.choice(_TEXTS), "severity_text": draw.choice(_TEXTS),
        "trace_id": draw.choice([b"", bytes(16), bytes(range(16))]), "span_id": draw.choice([b"", bytes(range(8))]),
    }  # fmt: skip
    attributes = [(draw.choice(_KEYS), _value(draw)) for _ in range(draw.randint(0, 5))]
    resource = [(draw.choice(_OF_RESOURCE), _value(draw)) for _ in range(draw.randint(0, 3))]
    return Row(f"id{at}", attributes, resource, (draw.choice(_TEXTS), "", ()), fields)


def _value(draw: Random) -> Any:
    """Of an attribute: without a NUL, at which SQLite's JSON ends a text."""
    value = draw.choice(draw.choice(_VALUES))
    return value.replace("\0", "") if isinstance(value, str) else value


_SEARCHED = [
    "a",
    "A",
    "auth",
    "Auth",
    "5",
    "-5",
    "5.0",
    "5.5",
    "true",
    "false",
    "1e20",
    "9007199254740993",
    "9223372036854775807",
    "x",
    "k",
]
_STARRED = ["*", "a*", "*b", "*a*", "a*b", "5*", "/api/*", "\\*a*", "\U0010ffff*", "\u00e4*", "*\\**"]
_BOUNDS = ["5", "-5", "5.5", "0", "1e20", "9223372036854775807", "1e30", "-1e30", "9007199254740993"]
_LEVELS = ["critical", "warning", "info", "debug"]
_OTHERS = [
    "trace:*",
    "trace:000102*",
    "span:0001020304050607",
    "trace:0001*0F",
    "body:*",
    "body:(a OR x)",
    'body:("" OR x)',
    "severity:*",
    "level:*",
]
_NAMED = [name for name, field in FIELDS.items() if field.kind is Kind.TEXT and name not in ("domain", "id")]
_KEYED = [
    "@a",
    "@b",
    "@a.b",
    "@n",
    '@"k"',
    "@\u00e4",
    "@logboom.component",
    "@logboom.pattern.template",
    "resource.a",
    "resource.service.name",
]


def _query(draw: Random, depth: int = 3) -> str:
    if depth == 0 or draw.random() < 0.4:
        return _condition(draw)
    one, other = _query(draw, depth - 1), _query(draw, depth - 1)
    return draw.choice([f"{one} {other}", f"{one} OR {other}", f"-({one})", f"({one} AND NOT ({other}))"])


def _condition(draw: Random) -> str:
    operator = draw.choice([">", ">=", "<", "<="])
    field, value = (
        draw.choice([*_NAMED, *_KEYED * 3]),
        lambda: draw.choice([draw.choice(_SEARCHED), _quoted(draw), draw.choice(_STARRED)]),
    )
    bound = lambda: draw.choice(["*", *_BOUNDS])  # noqa: E731
    return draw.choice([
        draw.choice(_SEARCHED), _quoted(draw), f"level:{draw.choice(['', operator])}{draw.choice(_LEVELS)}",
        f"level:[{draw.choice(_LEVELS)} TO {draw.choice(_LEVELS)}]", f"severity:{operator}{draw.choice([*_BOUNDS, 'warn', 'error', 'info'])}",
        f"{field}:{value()}", f"{field}:{value()}", f"{draw.choice(_KEYED[:6])}:{operator}{draw.choice(_BOUNDS)}",
        f"{draw.choice(_KEYED[:6])}:[{bound()} TO {bound()}]", f"{field}:({value()} OR {value()})", draw.choice(_OTHERS),
    ])  # fmt: skip


def _quoted(draw: Random) -> str:
    text = draw.choice([text for text in _TEXTS if "\0" not in text])
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.fixture(scope="module")
def store() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for migration in schema.migrations():
            for statement in migration.statements:
                connection.execute(statement)
        yield connection


def _filled(store: sqlite3.Connection, batch: LogBatch) -> None:
    store.execute("DELETE FROM logs")
    frame = insertable(rows(batch, Limits())).with_columns(pl.col("body_is_json").fill_null(0))
    store.executemany(
        f"INSERT INTO logs ({', '.join(TABLE_COLUMNS)}) VALUES ({', '.join('?' * len(TABLE_COLUMNS))})",
        frame.iter_rows(),
    )


@settings(max_examples=12)
@given(seed=st.integers(0, 2**32))
def test_rows_that_sql_finds_are_those_of_the_mask(store: sqlite3.Connection, seed: int) -> None:
    draw = Random(seed)
    batch = _records(draw)
    _filled(store, batch)
    ids = batch.column("record_id")
    for text in (_query(draw) for _ in range(40)):
        query = Query(text)
        wanted = ids.filter(query.mask(batch)).to_list()
        for sql, parameters in (query.clause(), query.filtering()):
            statement = f"SELECT record_id FROM logs WHERE {sql} ORDER BY rowid"
            for values in (parameters, [str(value) for value in parameters]):  # as they are, and as D1 is told them
                assert [row for (row,) in store.execute(statement, values)] == wanted, text


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32))
def test_what_is_counted_by_is_the_same_text(store: sqlite3.Connection, seed: int) -> None:
    batch = _records(Random(seed))
    _filled(store, batch)
    for name in ("service", "component", "environment", "level", "@a", "@n", "resource.service.name", "severity"):
        field = field_of(name)
        assert field is not None
        sql, parameters = value_of(field)
        found = [row for (row,) in store.execute(f"SELECT {sql} FROM logs ORDER BY rowid", parameters)]
        assert [_spelled(one) for one in found] == [_spelled(one) for one in text_of(said(batch), field).to_list()], (
            name
        )


def _spelled(text: str | None) -> str | None:
    """Doubles in fifteen digits, which is what SQLite spells; its casts of columns end at a NUL."""
    text = text if text is None else text.split("\0")[0]
    try:
        return f"{float(text) + 0.0:.15g}" if text is not None and any(mark in text for mark in ".e") else text
    except ValueError:
        return text
