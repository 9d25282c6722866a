"""Indexed fields: attributes as one flat JSON object, for the envelope's `fields`.

An attribute of the record goes before one of its resource, and either before a field that we make. HEC takes no objects
in fields, so maps become a field a member (`key.member`), and arrays that hold maps or arrays become their JSON text;
values that say nothing are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.documents.distinct import once_each
from collector.documents.json_text import column_texts, quoted
from collector.documents.objects import attribute_members, table_members
from collector.tables import ATTRIBUTES, VALUE_COLUMNS, conform, rows_of_column, stack, without_keys
from exporters.splunk_hec.config import HecFields

_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


@dataclass(frozen=True, slots=True)
class _Made:
    """Fields that come from no attribute: name → a value a record, null = absent. `repeated` are few distinct values."""

    own: dict[str, pl.Series]
    repeated: dict[str, pl.Series]

    def rows(self) -> list[pl.DataFrame]:
        return [rows_of_column(name, column) for name, column in (self.own | self.repeated).items()]

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
    known = {*made.own, *made.repeated, *derived.columns}
    if clashing := known & {*_keys(own), *_keys(shared)} | set(_keys(shared)) & set(_keys(own)):
        bare, made = _settled(bare, made, clashing)
    resource = table_members(bare.resource_attributes, bare.resources.height)
    pieces = [*made.texts(), *([pl.lit(resource.gather(batch.column("resource")))] if len(resource) else [])]
    inner = pl.select(pl.concat_str([*pieces, pl.lit(attribute_members(bare))], ignore_nulls=True)).to_series()
    return _wrapped(inner)


def indexable(table: pl.DataFrame) -> pl.DataFrame:
    """An attribute table with nothing but values that a field can have."""
    nested = table.get_column("kind") == int(ValueKind.ANY)
    empty = table.get_column("kind") == int(ValueKind.EMPTY)
    if not (nested | empty).any():
        return table
    return stack([table.filter(~(nested | empty)), _opened(table.filter(nested))])


def _opened(rows: pl.DataFrame) -> pl.DataFrame:
    """Maps as a row a member; what is in a value is worked out once, however often it comes."""
    known = [_leaf_rows(value) for value in rows.get_column("any").drop_nulls().unique()]
    if not known:
        return ATTRIBUTES.to_frame()
    values = pl.DataFrame(
        [row for leaves in known for row in leaves], {"whole": pl.Binary, "below": pl.String, **_VALUES}
    )
    joined = rows.select("owner", "key", whole="any").join(values, on="whole", how="inner", maintain_order="left")
    dotted = pl.when(pl.col("below") == "").then("key").otherwise(pl.concat_str("key", pl.lit("."), "below"))
    return conform(joined.with_columns(key=dotted).drop("whole", "below"))


_VALUES = {name: dtype for name, dtype in ATTRIBUTES.items() if name not in ("owner", "key")}


def _leaf_rows(data: bytes) -> list[dict[str, Any]]:
    from otlp_wire import any_to_python

    return [{"whole": data, "below": path, **_value(leaf)} for path, leaf in _leaves(any_to_python(data), "")]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, f"{path}.{key}" if path else key)
    elif value is not None:
        yield path, value


def _value(leaf: Any) -> dict[str, Any]:
    from otlp_wire import any_from_python, any_json

    kind = _KINDS[type(leaf)]
    if kind is not ValueKind.ANY:
        return {"kind": int(kind), VALUE_COLUMNS[kind]: leaf}
    array = any_from_python(leaf)
    if not any(isinstance(item, list | dict) for item in leaf):
        return {"kind": int(kind), "any": array}
    return {"kind": int(ValueKind.STRING), "string": any_json(pl.Series([array])).item()}


_KINDS = {
    str: ValueKind.STRING,
    bool: ValueKind.BOOL,
    int: ValueKind.INT,
    float: ValueKind.DOUBLE,
    bytes: ValueKind.BYTES,
    list: ValueKind.ANY,
}


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
    """All that is said twice as rows of the records, in order of precedence: the first of a key wins there."""
    own = batch.all_attributes()
    shared = batch.resource_attributes.filter(pl.col("key").is_in(list(clashing)))
    of_resource = pl.DataFrame({"owner": batch.column("resource")}).with_row_index("record")
    spread = of_resource.join(shared, on="owner", maintain_order="left").drop("owner").rename({"record": "owner"})
    rows = stack([own, conform(spread), *made.rows()]).sort("owner", maintain_order=True)
    settled = replace(
        batch,
        attributes=rows,
        derived=pl.DataFrame(),
        resource_attributes=without_keys(batch.resource_attributes, clashing),
    )
    return settled, _Made({}, {})


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
