"""A batch as a frame of entries, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import xxhash

import otlp_wire
from collector.base32 import digits
from collector.batch import LogBatch
from collector.columns import tables
from collector.columns.tables import ATTRIBUTES, FROM_BODY, RESOURCES, SCOPES, VALUE_COLUMNS, ValueKind, conform
from collector.stanza.absent import ABSENT
from collector.stanza.columns import Column, items, present, taken
from collector.stanza.frame import Frame, Table

_KINDS = {
    str: ValueKind.STRING, bool: ValueKind.BOOL, int: ValueKind.INT, float: ValueKind.DOUBLE, bytes: ValueKind.BYTES,
}  # fmt: skip
_RECORD = {"time_unix_nano": pl.UInt64, "severity_number": pl.Int32, "severity_text": pl.String, "trace_id": pl.Binary,
           "span_id": pl.Binary, "flags": pl.UInt32}  # fmt: skip


def frame_of(batch: LogBatch) -> Frame:
    """Its entries."""
    columns: dict[str, Column] = {name: batch.derived.get_column(name) for name in batch.derived.columns}
    frame = Frame(_body(batch), _table(batch.attributes, len(batch), columns), _resource(batch))
    if batch.scopes.height:
        frame.fields["scope_name"] = batch.scope_field("name")
    return frame


def _body(batch: LogBatch) -> Column:
    text, other = batch.column("body"), batch.column("body_any")
    if other.null_count() == len(batch):
        return text
    return [
        value if value is not None else ABSENT if data is None else otlp_wire.any_to_python(data)
        for value, data in zip(text.to_list(), other.to_list(), strict=True)
    ]


def _table(rows: pl.DataFrame, height: int, columns: dict[str, Column]) -> Table:
    table = Table(height, columns)
    if rows.height:
        maps = _maps(rows, height)
        has = np.array([bool(each) for each in maps])
        table.merge(has.nonzero()[0], [each for each in maps if each])
    return table


def _maps(rows: pl.DataFrame, height: int) -> list[dict[str, Any]]:
    maps: list[dict[str, Any]] = [{} for _ in range(height)]
    for row in rows.iter_rows(named=True):
        kind = ValueKind(row["kind"])
        value = row[VALUE_COLUMNS[kind]]
        if kind in (ValueKind.ANY, ValueKind.EMPTY):
            value = otlp_wire.any_to_python(value or b"")
        maps[row["owner"]].setdefault(row["key"], value)
    return maps


def _resource(batch: LogBatch) -> Table:
    """Each resource attribute as a column over records."""
    table = Table(len(batch))
    if not batch.resource_attributes.height:
        return table
    maps = _maps(batch.resource_attributes, batch.resources.height)
    at = batch.column("resource").to_numpy()
    for key in dict.fromkeys(key for each in maps for key in each):
        values = [each.get(key, ABSENT) for each in maps]
        if len(values) == 1 and type(values[0]) in (str, bool, int, float):
            table.columns[key] = pl.Series([values[0]]).new_from_index(0, len(batch))
        else:
            table.columns[key] = [values[place] for place in at.tolist()]
    return table


def batch_of(frame: Frame, batch: LogBatch, out: np.ndarray[Any, Any], before: Mapping[str, Column]) -> LogBatch:
    """The entries that left, as records of the batch that they were made of.

    Args:
        before: the columns of the resource as they were, by which it is seen that nothing changed there.
    """
    origin = frame.origin[out]
    records = batch.gather(pl.Series(np.arange(0))) if not len(out) else None
    if records is not None:
        return records
    rows = batch.records[origin]
    made = rows.with_columns([*_fields(frame, rows, out), *_ids(rows, frame.copies[out])])
    attributes, derived = _attributes(frame.attributes, out)
    result = replace(batch, records=made, attributes=attributes, derived=derived)
    return _scoped(_resourced(result, frame.resource, out, before), frame, out)


def _ids(rows: pl.DataFrame, copies: np.ndarray[Any, Any]) -> list[pl.Series]:
    """Entries that were made of one more than once have ids of their own, the same at a replay."""
    if not copies.any():
        return []
    ids = rows.get_column("record_id").to_list()
    told = [_copied(name, copy) if copy and name else name for name, copy in zip(ids, copies.tolist(), strict=True)]
    return [pl.Series("record_id", told, dtype=pl.String)]


def _copied(record_id: str, copy: int) -> str:
    return record_id[:10] + digits(xxhash.xxh3_128_intdigest(f"{record_id} {copy}".encode()), 16)


def _fields(frame: Frame, rows: pl.DataFrame, out: np.ndarray[Any, Any]) -> list[pl.Series]:
    columns = []
    for name, dtype in _RECORD.items():
        if name in frame.fields:
            said = taken(frame.fields[name], out)
            listed = (
                said
                if not isinstance(said, list)
                else pl.Series([None if v is ABSENT else v for v in said], dtype=dtype)
            )
            new = listed.cast(dtype)
            columns.append(new.zip_with(new.is_not_null(), rows.get_column(name)).alias(name))
    body = taken(frame.body, out)
    if not isinstance(body, list) and body.dtype == pl.String:
        return [*columns, body.alias("body"), tables.nulls("body_any", pl.Binary(), len(out))]
    texts = [value if type(value) is str else None for value in items(body)]
    others = [
        None if type(value) is str or value is ABSENT else otlp_wire.any_from_python(value) for value in items(body)
    ]
    return [*columns, pl.Series("body", texts, dtype=pl.String), pl.Series("body_any", others, dtype=pl.Binary)]


def _attributes(table: Table, out: np.ndarray[Any, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Columns of one type stay columns; what the text named, and what is mixed or nested, become rows of the table."""
    derived, parts = [], []
    for key, column in table.columns.items():
        chosen = taken(column, out)
        if isinstance(chosen, list):
            parts.append(_rows_of(key, chosen))
        elif chosen.null_count() == len(chosen):
            continue
        elif key in table.told:
            parts.append(tables.rows_of_column(key, chosen).with_columns(pl.lit(value=True).alias(FROM_BODY)))
        else:
            derived.append(chosen.alias(key))
    parts += [_packed_rows(key, column.gather(out)) for key, column in table.packed.items()]
    if table.loose is not None:
        parts += [_loose_rows([table.loose[row] for row in out.tolist()])]
    rows = tables.stack(parts).sort("owner", maintain_order=True) if parts else ATTRIBUTES.to_frame()
    return rows, pl.DataFrame(derived) if derived else pl.DataFrame()


def _packed_rows(key: str, values: pl.Series) -> pl.DataFrame:
    present = values.is_not_null()
    columns = [
        present.arg_true().cast(pl.UInt32).alias("owner"),
        values.filter(present).alias(VALUE_COLUMNS[ValueKind.ANY]),
    ]
    return conform(pl.DataFrame(columns).with_columns(key=pl.lit(key), kind=pl.lit(int(ValueKind.ANY), pl.UInt8)))


def _rows_of(key: str, values: Sequence[Any]) -> pl.DataFrame:
    return _value_rows([(owner, key, value) for owner, value in enumerate(values) if value is not ABSENT])


def _loose_rows(maps: Sequence[dict[str, Any] | None]) -> pl.DataFrame:
    cells = [(owner, key, value) for owner, each in enumerate(maps) for key, value in (each or {}).items()]
    return _value_rows(cells).with_columns(pl.lit(value=True).alias(FROM_BODY))


def _value_rows(cells: Sequence[tuple[int, str, Any]]) -> pl.DataFrame:
    """Rows of an attribute table out of (owner, key, value)."""
    columns: dict[str, list[Any]] = {name: [None] * len(cells) for name in ATTRIBUTES}
    for at, (owner, key, value) in enumerate(cells):
        kind = _KINDS.get(type(value), ValueKind.ANY if value is not None else ValueKind.EMPTY)
        if kind is ValueKind.INT and not -(1 << 63) <= value < 1 << 63:
            kind, value = ValueKind.STRING, str(value)
        columns["owner"][at], columns["key"][at], columns["kind"][at] = owner, key, int(kind)
        nested = kind in (ValueKind.ANY, ValueKind.EMPTY)
        columns[VALUE_COLUMNS[kind]][at] = otlp_wire.any_from_python(value) if nested else value
    return conform(pl.DataFrame(columns, ATTRIBUTES))


def _resourced(batch: LogBatch, table: Table, out: np.ndarray[Any, Any], before: Mapping[str, Column]) -> LogBatch:
    """Records whose resources say the same share one."""
    same = table.columns.keys() == before.keys() and all(table.columns[key] is before[key] for key in before)
    if same:
        return batch
    columns = {key: taken(column, out) for key, column in table.columns.items()}
    columns = {key: column for key, column in columns.items() if present(column).any()}
    number, first = _grouped(list(columns.values()), batch.records.get_column("resource"))
    cells = [
        (owner, key, value)
        for key, column in columns.items()
        for owner, value in enumerate(items(taken(column, first)))
        if value is not ABSENT
    ]
    cells.sort(key=lambda cell: cell[0])
    old = batch.records.get_column("resource").to_numpy()[first]
    resources = batch.resources[old] if batch.resources.height else _blank(RESOURCES, len(first))
    records = batch.records.with_columns(pl.Series("resource", number.astype(np.uint32)))
    return replace(batch, records=records, resources=resources, resource_attributes=_value_rows(cells))


def _blank(schema: pl.Schema, height: int) -> pl.DataFrame:
    return pl.DataFrame({name: [None] * height for name in schema}, schema)


def _grouped(columns: Sequence[Column], old: pl.Series) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The number of each row's group, and the first row of each group."""
    keyed = [
        pl.Series(f"{at}", [repr(value) for value in column], dtype=pl.String)
        if isinstance(column, list)
        else column.alias(f"{at}")
        for at, column in enumerate(columns)
    ]
    if all(column.n_unique() == 1 for column in (*keyed, old)):
        return np.zeros(len(old), dtype=np.int64), np.zeros(1, dtype=np.int64)
    frame = pl.DataFrame([*keyed, old.alias("old")]).with_row_index("row")
    grouped = frame.group_by(pl.exclude("row"), maintain_order=True).agg(pl.col("row"))
    rows = grouped.get_column("row")
    number = np.empty(len(old), dtype=np.int64)
    number[rows.explode().to_numpy()] = np.repeat(np.arange(len(rows)), rows.list.len().to_numpy())
    return number, rows.list.first().to_numpy().astype(np.int64)


def _scoped(batch: LogBatch, frame: Frame, out: np.ndarray[Any, Any]) -> LogBatch:
    """Records with another name of a scope than theirs had get one of that name."""
    column = frame.fields.get("scope_name")
    if column is None:
        return batch
    said = taken(column, out)
    names = (
        said if not isinstance(said, list) else pl.Series([None if v is ABSENT else v for v in said], dtype=pl.String)
    )
    names = names.fill_null("")
    if batch.scopes.height and (names == batch.scope_field("name").fill_null("")).all():
        return batch
    number, first = _grouped([names], batch.records.get_column("scope"))
    old = batch.records.get_column("scope").to_numpy()[first]
    scopes = batch.scopes[old] if batch.scopes.height else _blank(SCOPES, len(first))
    scopes = scopes.with_columns(names[first].alias("name"))
    records = batch.records.with_columns(pl.Series("scope", number.astype(np.uint32)))
    moved = _moved(batch.scope_attributes, old) if batch.scope_attributes.height else batch.scope_attributes
    return replace(batch, records=records, scopes=scopes, scope_attributes=moved)


def _moved(table: pl.DataFrame, old: np.ndarray[Any, Any]) -> pl.DataFrame:
    """Attributes of owners, for those who took their places."""
    parts = [
        table.filter(pl.col("owner") == int(owner)).with_columns(pl.lit(at, pl.UInt32).alias("owner"))
        for at, owner in enumerate(old)
    ]
    return tables.stack(parts)
