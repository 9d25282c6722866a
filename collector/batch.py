"""`LogBatch`: many log records as columns. This is the API of everyone who writes a processor or an exporter.

The model follows OTAP, the OpenTelemetry Arrow protocol: one table of records, one table of attributes a level
(record, resource, scope), joined by position.

    records              one row a record, in wire order; `resource`, `scope`, `payload` are positions in the tables below
    attributes           one row an attribute: `owner` is the position of the record (ascending)
    derived              attributes that logboom computed, a column each, one row a record, null = absent
    resources, scopes    one row each; their attributes in `resource_attributes`, `scope_attributes` (`owner` = position)
    payloads             the journal entries that the records came from

A batch is immutable: every method that changes something gives a new batch that shares the untouched columns.
Work on columns; a Python loop over records is a defect:

    component = batch.attribute("code.function.name").fill_null(batch.resource_attribute("service.name"))
    return batch.with_attributes({"logboom.component": component})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
import polars as pl


class ValueKind(IntEnum):
    """The kind of an attribute's value, in the order of AnyValue's fields; EMPTY is a value that is not set."""

    EMPTY = 0
    STRING = 1
    BOOL = 2
    INT = 3
    DOUBLE = 4
    ANY = 5  # array or map, or bytes: the serialised AnyValue in column `any`
    BYTES = 7


RECORDS = pl.Schema(
    {
        "time_unix_nano": pl.UInt64,
        "observed_time_unix_nano": pl.UInt64,
        "severity_number": pl.Int32,
        "severity_text": pl.String,
        "body": pl.String,  # string bodies; null otherwise
        "body_any": pl.Binary,  # a serialised AnyValue when the body is something else; both null = no body
        "trace_id": pl.Binary,  # 16 bytes, or empty
        "span_id": pl.Binary,  # 8 bytes, or empty
        "flags": pl.UInt32,
        "event_name": pl.String,
        "dropped_attributes_count": pl.UInt32,
        "resource": pl.UInt32,
        "scope": pl.UInt32,
        "payload": pl.UInt32,
        "domain": pl.String,
        "record_id": pl.String,
    }
)
"""The columns of `LogBatch.records`. Times are nanoseconds since the epoch, 0 = unknown."""

ATTRIBUTES = pl.Schema(
    {
        "owner": pl.UInt32,
        "key": pl.String,
        "kind": pl.UInt8,
        "string": pl.String,
        "bool": pl.Boolean,
        "int": pl.Int64,
        "double": pl.Float64,
        "bytes": pl.Binary,
        "any": pl.Binary,  # a serialised AnyValue that holds an array or a map, verbatim
    }
)
"""The columns of the three attribute tables. `kind` tells which of the value columns holds the value."""

RESOURCES = pl.Schema({"schema_url": pl.String, "dropped_attributes_count": pl.UInt32, "entity_refs": pl.Binary})
SCOPES = pl.Schema(
    {
        "name": pl.String,
        "version": pl.String,
        "schema_url": pl.String,
        "dropped_attributes_count": pl.UInt32,
    }
)
PAYLOADS = pl.Schema(
    {
        "domain": pl.String,
        "receiver": pl.String,
        "journal": pl.String,
        "offset": pl.UInt64,
        "received_unix_ms": pl.UInt64,
    }
)

_VALUE_COLUMN = {
    ValueKind.STRING: "string",
    ValueKind.BOOL: "bool",
    ValueKind.INT: "int",
    ValueKind.DOUBLE: "double",
    ValueKind.BYTES: "bytes",
    ValueKind.ANY: "any",
}


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Records as columns; see the module's text. `len(batch)` is the number of records."""

    records: pl.DataFrame
    attributes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ATTRIBUTES))
    derived: pl.DataFrame = field(default_factory=pl.DataFrame)
    resources: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RESOURCES))
    resource_attributes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ATTRIBUTES))
    scopes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCOPES))
    scope_attributes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ATTRIBUTES))
    payloads: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PAYLOADS))

    @classmethod
    def empty(cls) -> LogBatch:
        """A batch of zero records."""
        return cls(pl.DataFrame(schema=RECORDS))

    def __len__(self) -> int:
        return self.records.height

    def column(self, name: str) -> pl.Series:
        """A field of the records by its name in `RECORDS`."""
        return self.records.get_column(name)

    def attribute(self, key: str, kind: ValueKind = ValueKind.STRING) -> pl.Series:
        """The attribute `key` of each record, null where absent or of another kind. The first of a repeated key wins."""
        if key in self.derived.columns:
            return self.derived.get_column(key)
        return _aligned(self.attributes, key, kind, len(self))

    def attribute_text(self, key: str) -> pl.Series:
        """Like `attribute`, with strings, booleans, integers and doubles all written as text."""
        if key in self.derived.columns:
            return self.derived.get_column(key).cast(pl.String)
        return _aligned_text(self.attributes, key, len(self))

    def resource_attribute(self, key: str, kind: ValueKind = ValueKind.STRING) -> pl.Series:
        """The resource attribute `key` of each record, null where absent or of another kind."""
        values = _aligned(self.resource_attributes, key, kind, self.resources.height)
        return values.gather(self.column("resource")).alias(key)

    def scope_attribute(self, key: str, kind: ValueKind = ValueKind.STRING) -> pl.Series:
        """The attribute `key` of each record's instrumentation scope, null where absent or of another kind."""
        values = _aligned(self.scope_attributes, key, kind, self.scopes.height)
        return values.gather(self.column("scope")).alias(key)

    def scope_field(self, name: str) -> pl.Series:
        """`name`, `version` or `schema_url` of each record's scope."""
        return self.scopes.get_column(name).gather(self.column("scope"))

    def with_attributes(self, columns: Mapping[str, pl.Series]) -> LogBatch:
        """Set record attributes, a column each (String, Int64, Float64 or Boolean); null leaves the attribute absent.

        An attribute of that key that came with the record is replaced, also where the new value is null.
        """
        named = [column.alias(key) for key, column in columns.items()]
        derived = self.derived.with_columns(named) if self.derived.width else pl.DataFrame(named)
        return replace(self, derived=derived, attributes=_without(self.attributes, columns.keys()))

    def without_attributes(self, keys: Iterable[str]) -> LogBatch:
        """Leave out record attributes."""
        gone = set(keys)
        kept = self.derived.drop([key for key in self.derived.columns if key in gone])
        return replace(self, derived=kept, attributes=_without(self.attributes, gone))

    def with_fields(self, columns: Mapping[str, pl.Series]) -> LogBatch:
        """Replace fields of the records (`severity_number`, `body`, …) by columns of the same type and length."""
        return replace(self, records=self.records.with_columns(c.alias(k) for k, c in columns.items()))

    def filter(self, keep: pl.Series) -> LogBatch:
        """The records where `keep` is true, in the same order; null counts as false."""
        mask = keep.fill_null(False)
        if mask.all():
            return self
        return self.gather(mask.arg_true())

    def gather(self, positions: pl.Series) -> LogBatch:
        """The records at `positions` (ascending, unique)."""
        new_owner = np.full(len(self), -1, dtype=np.int64)
        rows = positions.to_numpy()
        new_owner[rows] = np.arange(len(rows))
        owners = new_owner[self.attributes.get_column("owner").to_numpy()]
        attributes = self.attributes.with_columns(owner=pl.Series(owners)).filter(pl.Series(owners >= 0))
        return replace(
            self,
            records=self.records[rows],
            attributes=attributes.with_columns(pl.col("owner").cast(pl.UInt32)),
            derived=self.derived[rows] if self.derived.width else self.derived,
        )

    def slice(self, offset: int, length: int) -> LogBatch:
        """`length` records from `offset` on."""
        if offset == 0 and length >= len(self):
            return self
        return self.gather(pl.Series(np.arange(offset, min(offset + length, len(self)), dtype=np.uint32)))

    def by_domain(self) -> dict[str, int]:
        """How many records each domain has."""
        counted = self.column("domain").value_counts()
        return dict(zip(counted["domain"].to_list(), counted["count"].to_list(), strict=True))


def concat(batches: Sequence[LogBatch]) -> LogBatch:
    """Join batches; records keep their order, the small tables are stacked and their positions shifted."""
    batches = [batch for batch in batches if len(batch)]
    if not batches:
        return LogBatch.empty()
    if len(batches) == 1:
        return batches[0]
    shift = {"records": 0, "resource": 0, "scope": 0, "payload": 0}
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in LogBatch.__slots__}
    for batch in batches:
        parts["records"].append(
            batch.records.with_columns(
                pl.col(name) + pl.lit(shift[name], pl.UInt32) for name in ("resource", "scope", "payload")
            )
        )
        for table, level in (
            ("attributes", "records"),
            ("resource_attributes", "resource"),
            ("scope_attributes", "scope"),
        ):
            part = getattr(batch, table)
            parts[table].append(part.with_columns(pl.col("owner") + pl.lit(shift[level], pl.UInt32)))
        for table in ("resources", "scopes", "payloads"):
            parts[table].append(getattr(batch, table))
        parts["derived"].append(batch.derived if batch.derived.width else pl.DataFrame(height=len(batch)))
        for level, table in (
            ("records", "records"),
            ("resource", "resources"),
            ("scope", "scopes"),
            ("payload", "payloads"),
        ):
            shift[level] += getattr(batch, table).height
    joined = {name: pl.concat(frames) for name, frames in parts.items() if name != "derived"}
    return LogBatch(**joined, derived=pl.concat(parts["derived"], how="diagonal"))


def _rows_of(table: pl.DataFrame, key: str, kind: ValueKind | None, height: int) -> pl.Series:
    """For each of `height` owners the row of its first attribute `key` of that kind, null where there is none."""
    wanted = table.get_column("key") == key
    if kind is not None:
        wanted &= table.get_column("kind") == int(kind)
    rows = wanted.arg_true().to_numpy()
    position = np.full(height, -1, dtype=np.int64)
    position[table.get_column("owner").to_numpy()[rows[::-1]]] = rows[::-1]  # written last wins: the first attribute
    series = pl.Series(position)
    return series.set(series < 0, None)


def _aligned(table: pl.DataFrame, key: str, kind: ValueKind, height: int) -> pl.Series:
    rows = _rows_of(table, key, kind, height)
    return table.get_column(_VALUE_COLUMN[kind]).gather(rows).alias(key)


def _aligned_text(table: pl.DataFrame, key: str, height: int) -> pl.Series:
    rows = _rows_of(table, key, None, height)
    found = table.select("string", "bool", "int", "double")[rows]
    text = pl.coalesce(
        pl.col("string"),
        pl.col("bool").cast(pl.String),
        pl.col("int").cast(pl.String),
        pl.col("double").cast(pl.String),
    )
    return found.select(text.alias(key)).to_series()


def _without(table: pl.DataFrame, keys: Iterable[str]) -> pl.DataFrame:
    gone = pl.Series(list(keys), dtype=pl.String)
    mask = table.get_column("key").is_in(gone.implode())
    return table.filter(~mask) if mask.any() else table
