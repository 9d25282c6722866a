"""Indexed fields: attributes as one flat JSON object, for the envelope's `fields`.

An attribute of the record goes before one of its resource, and either before a field that we make. HEC takes no objects
in fields, so maps become a field a member (`key.member`), and arrays that hold maps or arrays become their JSON text;
values that say nothing are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.distinct import once_each
from collector.columns.tables import conform, kind_of, rows_of_column, stack, without_keys
from collector.documents.json_text import column_texts, quoted
from collector.documents.member_texts import table_members
from collector.documents.objects import attribute_members
from exporters.splunk_hec.config import HecFields
from exporters.splunk_hec.flat_values import indexable

_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


@dataclass(frozen=True, slots=True)
class _Made:
    """Fields that come from no attribute: name → a value a record, null = absent. `repeated` are few distinct values."""

    own: dict[str, pl.Series]
    repeated: dict[str, pl.Series]

    @property
    def all(self) -> dict[str, pl.Series]:
        return self.own | self.repeated

    def without(self, names: Collection[str]) -> _Made:
        own, repeated = (
            {name: column for name, column in columns.items() if name not in names}
            for columns in (self.own, self.repeated)
        )
        return _Made(own, repeated)

    def texts(self) -> Iterator[pl.Expr]:
        yield from (_member(name, column) for name, column in self.own.items())
        if self.repeated:
            yield pl.lit(once_each(pl.DataFrame(self.repeated), _members))


def fields(batch: LogBatch, names: HecFields, without: Collection[str]) -> pl.Series:
    """`,"fields":{…}` for each record, empty where there are none; `without` names attributes to leave out."""
    own, shared = (indexable(without_keys(table, without)) for table in (batch.attributes, batch.resource_attributes))
    derived = batch.derived.select(key for key in batch.derived.columns if key not in without)
    bare = replace(batch, attributes=own, derived=derived, resource_attributes=shared)
    made = _made(batch, names)
    known = {*made.all, *derived.columns}
    if clashing := known & {*_keys(own), *_keys(shared)} | set(_keys(shared)) & set(_keys(own)):
        bare, made = _settled(bare, made, clashing)
    resource = table_members(bare.resource_attributes, bare.resources.height)
    pieces = [*made.texts(), *([pl.lit(resource.gather(batch.column("resource")))] if len(resource) else [])]
    inner = pl.select(pl.concat_str([*pieces, pl.lit(attribute_members(bare))], ignore_nulls=True)).to_series()
    return _wrapped(inner)


def record_id_field(batch: LogBatch, names: HecFields) -> pl.Series:
    """The same with the record id alone, for events that hold everything else themselves."""
    if not names.record_id:
        return pl.repeat("", len(batch), dtype=pl.String, eager=True)
    key = quoted(pl.Series([names.record_id])).item()
    member = pl.concat_str(pl.lit(f',"fields":{{{key}:'), pl.lit(quoted(batch.column("record_id"))), pl.lit("}"))
    return pl.select(member.fill_null("").alias("fields")).to_series()


def _made(batch: LogBatch, names: HecFields) -> _Made:
    severity = batch.column("severity_number").cast(pl.Int64)
    own = {
        names.record_id: batch.column("record_id"),
        "span_id": _hex(batch.column("span_id"), _NO_SPAN),
        "trace_id": _hex(batch.column("trace_id"), _NO_TRACE),
    }
    repeated = {
        names.severity_number: severity.set(severity == 0, None),
        names.severity_text: _given(batch.column("severity_text")),
        names.name: _given(batch.column("event_name")),
    }
    return _Made(_present(own), _present(repeated))


def _present(columns: dict[str, pl.Series]) -> dict[str, pl.Series]:
    return {name: column for name, column in columns.items() if name and column.null_count() < len(column)}


def _hex(ids: pl.Series, none: str) -> pl.Series:
    digits = ids.bin.encode("hex")
    return digits.set((digits == "") | (digits == none), None)


def _given(text: pl.Series) -> pl.Series:
    return text.set(text == "", None)


def _keys(table: pl.DataFrame) -> list[str]:
    return table.get_column("key").unique().to_list()


def _settled(batch: LogBatch, made: _Made, clashing: Collection[str]) -> tuple[LogBatch, _Made]:
    """Every name said once a record, by the order of precedence."""
    columns = {key: _one_column(batch, made, key) for key in clashing}
    found = {key: column for key, column in columns.items() if column is not None}
    if len(found) < len(columns):
        return _as_rows(batch, made, clashing)
    shared = without_keys(batch.resource_attributes, clashing)
    return replace(batch.with_attributes(found), resource_attributes=shared), made.without(clashing)


def _one_column(batch: LogBatch, made: _Made, key: str) -> pl.Series | None:
    """What is said under a name as a column, if all of it is of one kind; None is rare, and takes the slow way."""
    given = made.all.get(key)
    rows = [table.filter(pl.col("key") == key) for table in (batch.attributes, batch.resource_attributes)]
    kinds = {kind for table in rows for kind in table.get_column("kind").unique()}
    kinds |= {int(kind_of(column)) for column in (given, batch.derived.to_dict().get(key)) if column is not None}
    if len(kinds) != 1 or int(ValueKind.ANY) in kinds or (key in batch.derived.columns and rows[0].height):
        return None
    kind = ValueKind(kinds.pop())
    levels = [batch.attribute(key, kind), batch.resource_attribute(key, kind), *([] if given is None else [given])]
    return pl.select(pl.coalesce(pl.lit(level) for level in levels).alias(key)).to_series()


def _as_rows(batch: LogBatch, made: _Made, clashing: Collection[str]) -> tuple[LogBatch, _Made]:
    """All that is said twice as rows of the records, in order of precedence: the first of a key wins there."""
    own = batch.all_attributes()
    shared = batch.resource_attributes.filter(pl.col("key").is_in(list(clashing)))
    of_resource = pl.DataFrame({"owner": batch.column("resource")}).with_row_index("record")
    spread = of_resource.join(shared, on="owner", maintain_order="left").drop("owner").rename({"record": "owner"})
    given = [rows_of_column(name, column) for name, column in made.all.items() if name in clashing]
    rows = stack([own, conform(spread), *given]).sort("owner", maintain_order=True)
    settled = replace(
        batch,
        attributes=rows,
        derived=pl.DataFrame(),
        resource_attributes=without_keys(batch.resource_attributes, clashing),
    )
    return settled, made.without(clashing)


def _member(name: str, column: pl.Series) -> pl.Expr:
    key = quoted(pl.Series([name])).item()
    return pl.concat_str(pl.lit(f",{key}:"), pl.lit(column_texts(column)))


def _members(columns: pl.DataFrame) -> pl.Series:
    texts = [_member(column.name, column) for column in columns.iter_columns()]
    return pl.select(pl.concat_str(texts, ignore_nulls=True).alias("members")).to_series()


def _wrapped(inner: pl.Series) -> pl.Series:
    text = pl.concat_str(pl.lit(',"fields":{'), pl.lit(inner.str.strip_prefix(",")), pl.lit("}"))
    if not (inner == "").any():
        return pl.select(text.alias("fields")).to_series()
    return pl.select(pl.when(pl.lit(inner) == "").then(pl.lit("")).otherwise(text).alias("fields")).to_series()
