"""`LogBatch`: many log records as columns. This is the API of everyone who writes a processor or an exporter.

The model follows OTAP, the OpenTelemetry Arrow protocol: one table of records, one table of attributes a level
(record, resource, scope), joined by position.

    records              one row a record, in wire order; `resource`, `scope`, `payload` are positions in the tables below
    attributes           one row an attribute: `owner` is the position of the record
    derived              attributes that logboom computed, a column each, one row a record, null = absent
    resources, scopes    one row each; their attributes in `resource_attributes`, `scope_attributes` (`owner` = position)
    payloads             the journal entries that the records came from
    sent                 the records as they were received, where an exporter may send them on so; not in the outbox

A batch is immutable: every method that changes something gives a new batch that shares the untouched columns.
Work on columns; a Python loop over records is a defect. A whole processor:

    class Component:
        \"\"\"Names the component of each record: its function if it has one, else its service.\"\"\"

        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            named = batch.attribute("code.function.name")
            component = named.zip_with(named.is_not_null(), batch.resource_attribute("service.name"))
            noise = (batch.column("severity_number") < 5) & component.is_null()
            return batch.with_attributes({"logboom.component": component}).filter(~noise)

`attribute` gives a column as long as the batch, so the usual polars operations work on it (`==`, `str.contains`,
`fill_null`, `zip_with`, …). Do work that costs much once per distinct value: `column.unique()`, compute, and
`column.replace_strict(values, results)`. Whoever must have one record at a time finds a slow way in
`collector.rowwise`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from collector.client_info import CLIENT
from collector.columns import sent, tables
from collector.columns.sent import Sent
from collector.columns.tables import ATTRIBUTES, GENERATION, PAYLOADS, RECORDS, RESOURCES, SCOPES, ValueKind

__all__ = ["ATTRIBUTES", "PAYLOADS", "RECORDS", "RESOURCES", "SCOPES", "LogBatch", "ValueKind", "concat"]


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Records as columns; see the module's text. `len(batch)` is the number of records."""

    records: pl.DataFrame
    attributes: pl.DataFrame = field(default_factory=ATTRIBUTES.to_frame)
    derived: pl.DataFrame = field(default_factory=pl.DataFrame)
    resources: pl.DataFrame = field(default_factory=RESOURCES.to_frame)
    resource_attributes: pl.DataFrame = field(default_factory=ATTRIBUTES.to_frame)
    scopes: pl.DataFrame = field(default_factory=SCOPES.to_frame)
    scope_attributes: pl.DataFrame = field(default_factory=ATTRIBUTES.to_frame)
    payloads: pl.DataFrame = field(default_factory=PAYLOADS.to_frame)
    sent: Sent | None = field(default=None, compare=False, repr=False)
    """The records as they were received, where an exporter may send them on so; it says nothing of its own."""

    @classmethod
    def empty(cls) -> LogBatch:
        """A batch of zero records."""
        return cls(RECORDS.to_frame())

    @classmethod
    def of(
        cls,
        columns: Mapping[str, Any],
        attributes: Mapping[str, Any] | None = None,
        resource: Mapping[str, str] | None = None,
        scope: str = "",
    ) -> LogBatch:
        """A batch made from nothing: events of a processor, tests.

        Args:
            columns: fields of `RECORDS` as sequences or Series of one length; the others get their proto default
                (`body`, `body_any`, `domain`, `record_id`: null).
            attributes: key → one value a record (None = absent); they become derived columns.
            resource: string attributes of the one resource that all the records share.
            scope: the name of their one scope.
        """
        given = pl.DataFrame([pl.Series(name, values, dtype=RECORDS[name]) for name, values in columns.items()])
        filled = tables.conform(given, RECORDS).with_columns(
            pl.col(pl.UInt64, pl.UInt32, pl.Int32).fill_null(0),
            pl.col("severity_text", "event_name").fill_null(""),
            pl.col("trace_id", "span_id").fill_null(b""),
        )
        made = cls(filled, **_one_of_each(tuple((resource or {}).items()), scope))
        return made.with_attributes(
            {key: pl.Series(values, strict=False) for key, values in (attributes or {}).items()}
        )

    def __len__(self) -> int:
        return self.records.height

    def column(self, name: str) -> pl.Series:
        """A field of the records by its name in `RECORDS`."""
        return self.records.get_column(name)

    @property
    def generation(self) -> pl.Series | None:
        """For each record 0 when it was sent, else how many times over components made it of others; None: all were sent.
        Only what was made is an event, whatever names and attributes say."""
        if GENERATION not in self.records.columns:
            return None
        generation = self.records.get_column(GENERATION).fill_null(0)
        return generation if (generation > 0).any() else None

    @property
    def client(self) -> pl.Series | None:
        """What came with the request of each record (`collector.client_info`), empty where nothing did; None: with none of them."""
        if CLIENT not in self.payloads.columns:
            return None
        told = self.payloads.get_column(CLIENT).gather(self.column("payload")).fill_null("")
        return told if (told != "").any() else None

    def attribute(self, key: str, kind: ValueKind = ValueKind.STRING) -> pl.Series:
        """The attribute `key` of each record, null where absent or of another kind. The first of a repeated key wins."""
        if key not in self.derived.columns:
            return tables.aligned(self.attributes, key, kind, len(self))
        values = self.derived.get_column(key)
        if tables.kind_of(values) == kind:
            return values
        return tables.nulls(key, ATTRIBUTES[tables.VALUE_COLUMNS[kind]], len(self))

    def attribute_text(self, key: str) -> pl.Series:
        """Like `attribute`, with strings, booleans, integers and doubles all written as text."""
        if key not in self.derived.columns:
            return tables.aligned_text(self.attributes, key, len(self))
        values = self.derived.get_column(key)
        return tables.nulls(key, pl.String(), len(self)) if values.dtype == pl.Binary else values.cast(pl.String)

    def resource_attribute(self, key: str, kind: ValueKind = ValueKind.STRING) -> pl.Series:
        """The resource attribute `key` of each record, null where absent or of another kind."""
        values = tables.aligned(self.resource_attributes, key, kind, self.resources.height)
        return self._spread(values, "resource").alias(key)

    def resource_attribute_text(self, key: str) -> pl.Series:
        """Like `resource_attribute`, with strings, booleans, integers and doubles all written as text."""
        values = tables.aligned_text(self.resource_attributes, key, self.resources.height)
        return self._spread(values, "resource").alias(key)

    def scope_attribute(self, key: str, kind: ValueKind = ValueKind.STRING) -> pl.Series:
        """The attribute `key` of each record's instrumentation scope, null where absent or of another kind."""
        values = tables.aligned(self.scope_attributes, key, kind, self.scopes.height)
        return self._spread(values, "scope").alias(key)

    def resource_field(self, name: str) -> pl.Series:
        """`schema_url` or another column of `RESOURCES`, for each record."""
        return self._spread(self.resources.get_column(name), "resource")

    def scope_field(self, name: str) -> pl.Series:
        """`name`, `version` or another column of `SCOPES`, for each record."""
        return self._spread(self.scopes.get_column(name), "scope")

    def _spread(self, values: pl.Series, level: str) -> pl.Series:
        if not len(values):
            return tables.nulls(values.name, values.dtype, len(self))
        return values.gather(self.column(level))

    def all_attributes(self) -> pl.DataFrame:
        """The attribute table with the derived columns as rows of it, ordered by record: what leaves the house."""
        parts = [tables.rows_of_column(key, self.derived.get_column(key)) for key in self.derived.columns]
        table = tables.stack([self.attributes, *parts]) if parts else self.attributes
        owners = table.get_column("owner")
        return table if owners.is_sorted() else table.sort("owner", maintain_order=True)

    def for_routing(self, levels: str = "all") -> LogBatch:
        """The batch with the attributes that may say where a record belongs (its index, host, source): those that came as
        attributes, or that a processor set. Nothing that routes may read others.

        Args:
            levels: `all`; `resource`: of scope and resource alone; `none`.
        """
        resources, scopes = tables.as_sent(self.resource_attributes), tables.as_sent(self.scope_attributes)
        if levels == "all":
            own = tables.as_sent(self.attributes)
            same = own is self.attributes and resources is self.resource_attributes and scopes is self.scope_attributes
            return (
                self if same else replace(self, attributes=own, resource_attributes=resources, scope_attributes=scopes)
            )
        bare = replace(self, attributes=self.attributes.clear(), derived=pl.DataFrame())
        if levels == "resource":
            return replace(bare, resource_attributes=resources, scope_attributes=scopes)
        return replace(bare, resource_attributes=resources.clear(), scope_attributes=scopes.clear())

    def with_attributes(self, columns: Mapping[str, pl.Series]) -> LogBatch:
        """Set record attributes, a column each (String, Int64, Float64, Boolean or Binary); null = absent.

        An attribute of that key that came with the record is replaced, also where the new value is null.

        Raises:
            TypeError: a column of a type that no attribute has.
            ValueError: a column that is not as long as the batch.
        """
        named = [tables.as_attribute(column).alias(key) for key, column in columns.items()]
        if any(len(column) != len(self) for column in named):
            raise ValueError(f"an attribute column needs one value for each of the {len(self)} records")
        derived = tables.with_columns(self.derived, named)
        return replace(self, derived=derived, attributes=tables.without_keys(self.attributes, columns))

    def without_attributes(self, keys: Iterable[str]) -> LogBatch:
        """Leave out record attributes."""
        gone = set(keys)
        kept = self.derived.select(key for key in self.derived.columns if key not in gone)
        return replace(self, derived=kept, attributes=tables.without_keys(self.attributes, gone))

    def with_resource_attributes(self, columns: Mapping[str, pl.Series]) -> LogBatch:
        """Set attributes of the resources: a column each, one value for each row of `resources` (not one a record); null = absent.

        An attribute of that key that came with a resource is replaced, also where the new value is null.

        Raises:
            TypeError: a column of a type that no attribute has.
            ValueError: a column that is not as long as `resources`.
        """
        table = tables.with_attributes(self.resource_attributes, columns, self.resources.height)
        return replace(self, resource_attributes=table)

    def without_resource_attributes(self, keys: Iterable[str]) -> LogBatch:
        """Leave out attributes of all resources."""
        return replace(self, resource_attributes=tables.without_keys(self.resource_attributes, set(keys)))

    def with_scope_attributes(self, columns: Mapping[str, pl.Series]) -> LogBatch:
        """Like `with_resource_attributes`, of the instrumentation scopes: one value for each row of `scopes`."""
        return replace(
            self, scope_attributes=tables.with_attributes(self.scope_attributes, columns, self.scopes.height)
        )

    def without_scope_attributes(self, keys: Iterable[str]) -> LogBatch:
        """Leave out attributes of all scopes."""
        return replace(self, scope_attributes=tables.without_keys(self.scope_attributes, set(keys)))

    def with_fields(self, columns: Mapping[str, pl.Series]) -> LogBatch:
        """Replace fields of the records (`severity_number`, `body`, …) by columns of the same length.

        They are cast to the type in `RECORDS`. Who sets `body` sets `body_any` to null there, and the other way round.
        """
        named = [column.cast(RECORDS[name]).alias(name) for name, column in columns.items()]
        if any(len(column) != len(self) for column in named):
            raise ValueError(f"a field needs one value for each of the {len(self)} records")
        return replace(self, records=self.records.with_columns(named))

    def filter(self, keep: pl.Series) -> LogBatch:
        """The records where `keep` is true, in the same order; null counts as false."""
        mask = keep.fill_null(False)
        if len(mask) != len(self):
            raise ValueError(f"a mask needs one value for each of the {len(self)} records")
        return self if mask.all() else self.gather(mask.arg_true())

    def gather(self, positions: pl.Series) -> LogBatch:
        """The records at `positions` (unique; ascending keeps wire order). The small tables stay whole."""
        rows = positions.to_numpy()
        new_owner = np.full(len(self), -1, dtype=np.int64)
        new_owner[rows] = np.arange(len(rows))
        attributes = tables.renumbered(self.attributes, new_owner)
        return replace(
            self,
            records=self.records[rows],
            attributes=attributes,
            derived=self.derived[rows] if self.derived.width else self.derived,
            sent=None if (known := self.as_sent) is None else known.at(rows, attributes),
        )

    @property
    def as_sent(self) -> Sent | None:
        """`sent`, if the attributes of the records are still those that were sent."""
        return self.sent if self.sent is not None and self.sent.fits(len(self), self.attributes) else None

    def slice(self, offset: int, length: int) -> LogBatch:
        """`length` records from `offset` on; fewer at the end."""
        if offset == 0 and length >= len(self):
            return self
        end = max(offset, min(offset + length, len(self)))
        owners = self.attributes.get_column("owner")
        if not owners.is_sorted():
            return self.gather(pl.Series(np.arange(offset, end, dtype=np.int64)))
        first, behind = (int(at) for at in np.searchsorted(owners.to_numpy(), (offset, end)))
        attributes = tables.shifted(self.attributes.slice(first, behind - first), "owner", -offset)
        return replace(
            self,
            records=self.records.slice(offset, end - offset),
            attributes=attributes,
            derived=self.derived.slice(offset, end - offset) if self.derived.width else self.derived,
            sent=None if (known := self.as_sent) is None else known.slice(offset, end - offset, attributes),
        )

    def compact(self) -> LogBatch:
        """The same records without the resources, scopes and payloads that none of them uses any more."""
        records, small = self.records, {}
        for level, table, owned in (
            ("resource", "resources", "resource_attributes"),
            ("scope", "scopes", "scope_attributes"),
            ("payload", "payloads", ""),
        ):
            used = records.get_column(level).drop_nulls().unique().sort()
            if len(used) == getattr(self, table).height:
                continue
            new = np.full(getattr(self, table).height, -1, dtype=np.int64)
            new[used.to_numpy()] = np.arange(len(used))
            small[table] = getattr(self, table)[used.to_numpy()]
            if owned:
                small[owned] = tables.renumbered(getattr(self, owned), new)
            positions = pl.Series(new, dtype=pl.Int64).gather(records.get_column(level)).cast(pl.UInt32)
            records = records.with_columns(positions.alias(level))
        return replace(self, records=records, **small) if small else self

    def by_domain(self) -> dict[str, int]:
        """How many records each domain has; records without one count under ""."""
        counted = self.column("domain").fill_null("").value_counts()
        return dict(zip(counted["domain"].to_list(), counted["count"].to_list(), strict=True))


@lru_cache(256)
def _one_of_each(resource: tuple[tuple[str, str], ...], scope: str) -> Mapping[str, Any]:
    """The tables of records that share one resource, scope and payload. Made once: components make many small batches."""
    return {
        "resources": pl.DataFrame(
            {"schema_url": [""], "dropped_attributes_count": [0], "entity_refs": [None]}, RESOURCES
        ),
        "resource_attributes": _string_attributes(dict(resource)),
        "scopes": pl.DataFrame([[scope], [""], [""], [0]], SCOPES),
        "payloads": tables.conform(pl.DataFrame({"domain": [None]}, {"domain": pl.String}), PAYLOADS),
        "attributes": ATTRIBUTES.to_frame(),
        "scope_attributes": ATTRIBUTES.to_frame(),
    }


def _string_attributes(values: Mapping[str, str]) -> pl.DataFrame:
    rows = pl.DataFrame({"key": list(values), "string": list(values.values())}, {"key": pl.String, "string": pl.String})
    return tables.conform(
        rows.with_columns(owner=pl.lit(0, pl.UInt32), kind=pl.lit(int(ValueKind.STRING), pl.UInt8)),
    )


_LEVELS = (
    ("record", "records", "attributes"),
    ("resource", "resources", "resource_attributes"),
    ("scope", "scopes", "scope_attributes"),
)


def concat(batches: Sequence[LogBatch]) -> LogBatch:
    """Join batches; records keep their order, the small tables are stacked and their positions shifted.

    Batches without records leave nothing behind. A derived column stays one where every batch has it in that type, or has no
    such attribute at all; others become ordinary attributes, so that a record finds its own attribute of that key.
    """
    full = [batch for batch in batches if len(batch)]
    if len(full) < 2:
        return full[0] if full else LogBatch.empty()
    keep = _shared_columns(full)
    parts = [_with_derived(batch, keep) for batch in full]
    joined = {
        "payloads": tables.stack(part.payloads for part in parts),
        "derived": pl.concat([part.derived for part in parts]) if keep else pl.DataFrame(),
    }
    for _, table, owned in _LEVELS:
        starts = _starts([getattr(part, table).height for part in parts])
        joined[owned] = tables.stack(
            tables.shifted(getattr(part, owned), "owner", starts[i]) for i, part in enumerate(parts)
        )
        joined[table] = tables.stack(getattr(part, table) for part in parts)
    joined["records"] = tables.stack(_shifted_records(parts))
    as_sent = sent.joined([part.as_sent for part in parts], joined["attributes"])
    return LogBatch(**joined, sent=as_sent)


def _shared_columns(batches: Sequence[LogBatch]) -> dict[str, pl.DataType]:
    """The derived columns that the joined batch can have, with their types."""
    types: dict[str, set[pl.DataType]] = {}
    for batch in batches:
        for key, dtype in batch.derived.schema.items():
            types.setdefault(key, set()).add(dtype)
    shared = {key: dtype for key, (dtype, *others) in types.items() if not others}
    for batch in batches:
        absent = shared.keys() - set(batch.derived.columns)
        if absent and batch.attributes.height:
            keys = batch.attributes.get_column("key")
            taken = set(keys.filter(keys.is_in(list(absent))).unique())
            shared = {key: dtype for key, dtype in shared.items() if key not in taken}
    return shared


def _with_derived(batch: LogBatch, keep: Mapping[str, pl.DataType]) -> LogBatch:
    own = batch.derived.select(key for key in keep if key in batch.derived.columns)
    if own.width < batch.derived.width:
        others = replace(batch, derived=batch.derived.select(key for key in batch.derived.columns if key not in keep))
        batch = replace(batch, attributes=others.all_attributes())
    absent = [tables.nulls(key, dtype, len(batch)) for key, dtype in keep.items() if key not in own.columns]
    derived = tables.with_columns(own, absent) if absent else own
    return replace(batch, derived=derived.select(list(keep)))


def _starts(heights: Sequence[int]) -> list[int]:
    return [0, *np.cumsum(heights)[:-1].tolist()]


def _shifted_records(parts: Sequence[LogBatch]) -> list[pl.DataFrame]:
    frames = [part.records for part in parts]
    for level, table in (("resource", "resources"), ("scope", "scopes"), ("payload", "payloads")):
        starts = _starts([getattr(part, table).height for part in parts])
        frames = [tables.shifted(frame, level, by) for frame, by in zip(frames, starts, strict=True)]
    return frames
