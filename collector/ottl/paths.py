"""Paths of the log context, and the columns of a `LogBatch` that they read.

A path names a `Source`. A source gives one column for each part: a kind (`attributes["x"]|string`), or `text`, the
value as a string whatever its kind. `columns` reads all that a set of conditions needs, with one pass over each
attribute table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from collector.ottl.values import DTYPES, Kind, Value


class Table(StrEnum):
    """Where a source reads: the first three are attribute tables, then fields."""

    RECORD = "attributes"
    RESOURCE = "resource.attributes"
    SCOPE = "scope.attributes"
    FIELD = "field"
    RESOURCE_FIELD = "resource.field"
    SCOPE_FIELD = "scope.field"


@dataclass(frozen=True, slots=True)
class Source:
    """One value a record has: a field, or the attribute `key` of a table."""

    table: Table
    key: str

    def column(self, part: str) -> str:
        """The name of a part's column."""
        return f'{self.table}["{self.key}"]|{part}'


TEXT = "text"
LINE = "body.line"
"""The bare line of the body (`collector.lines`) as a string, nil where there is no body: a path of ours, not of OTTL."""

FIELDS: Mapping[str, Kind] = {
    "time_unix_nano": Kind.INT,
    "observed_time_unix_nano": Kind.INT,
    "time": Kind.TIME,
    "observed_time": Kind.TIME,
    "severity_number": Kind.INT,
    "severity_text": Kind.STRING,
    "flags": Kind.INT,
    "dropped_attributes_count": Kind.INT,
    "trace_id": Kind.ID,
    "span_id": Kind.ID,
    "trace_id.string": Kind.STRING,
    "span_id.string": Kind.STRING,
    "event_name": Kind.STRING,
}
"""Fields of one kind. `body` is the one field of any kind."""

RESOURCE_FIELDS: Mapping[str, Kind] = {"dropped_attributes_count": Kind.INT, "schema_url": Kind.STRING}
SCOPE_FIELDS: Mapping[str, Kind] = {
    "name": Kind.STRING,
    "version": Kind.STRING,
    "dropped_attributes_count": Kind.INT,
    "schema_url": Kind.STRING,
}
ANY_KIND = (Kind.STRING, Kind.BOOL, Kind.INT, Kind.DOUBLE, Kind.BYTES, Kind.JSON)

_SCOPE_NAMES = ("instrumentation_scope", "scope")
PATHS: tuple[str, ...] = (
    "body",
    "body.string",
    LINE,
    "attributes",
    "resource.attributes",
    "cache",
    *FIELDS,
    *(f"resource.{name}" for name in RESOURCE_FIELDS),
    *(f"{scope}.{name}" for scope in _SCOPE_NAMES for name in ("attributes", *SCOPE_FIELDS)),
)
"""Every path that a condition may name, without keys."""


def source_of(dotted: str, key: str | None) -> tuple[Source, Kind | None] | None:
    """The source of a path and its kind (None = any); None when there is no such path. `key`: the first key."""
    head, _, rest = dotted.partition(".")
    if dotted == LINE:
        return Source(Table.FIELD, dotted), Kind.STRING
    if dotted == "body" or dotted in FIELDS:
        return Source(Table.FIELD, dotted), FIELDS.get(dotted)
    if dotted == "attributes" and key is not None:
        return Source(Table.RECORD, key), None
    if head == "resource":
        return _within(rest, key, Table.RESOURCE, Table.RESOURCE_FIELD, RESOURCE_FIELDS)
    if head in _SCOPE_NAMES:
        return _within(rest, key, Table.SCOPE, Table.SCOPE_FIELD, SCOPE_FIELDS)
    return None


def _within(
    name: str, key: str | None, attributes: Table, table: Table, fields: Mapping[str, Kind]
) -> tuple[Source, Kind | None] | None:
    if name == "attributes" and key is not None:
        return Source(attributes, key), None
    return (Source(table, name), fields[name]) if name in fields else None


def read(source: Source, kind: Kind | None) -> Value:
    """The value of a source as columns."""
    if kind is not None:
        column = pl.col(source.column(kind))
        return Value({kind: column}, total=source.key != LINE, text=column if kind is Kind.STRING else None)
    parts = {kind: pl.col(source.column(kind)) for kind in ANY_KIND}
    return Value(parts, text=pl.col(source.column(TEXT)))


def part_type(part: str) -> pl.DataType:
    """The type of a part's column."""
    return pl.String() if part == TEXT else DTYPES[Kind(part)]


def needed(names: Iterable[str], sources: Iterable[Source]) -> dict[Source, list[str]]:
    """Which parts of which sources the columns `names` are."""
    wanted = set(names)
    found: dict[Source, list[str]] = {}
    for source in sources:
        parts = [part for part in (*Kind, TEXT) if source.column(part) in wanted]
        if parts:
            found[source] = [str(part) for part in parts]
    return found
