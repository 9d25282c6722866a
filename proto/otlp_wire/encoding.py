"""`LogBatch` → one ExportLogsServiceRequest, a column at a time: the reverse of `decoding`.

    records ──group──► (resource, scope) runs ──write──► a message each ──nest──► one Arrow row ──ptars──► bytes

Records of one (resource, scope) stand together, groups in the order of their tables; a batch in wire order keeps it.
Groups without records are not written. Derived columns are attributes like all others. `record_columns` writes messages; where it is
known what was sent (`sent_messages`), what nobody changed is not written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from collector.batch import LogBatch
from collector.columns.tables import VALUE_COLUMNS, ValueKind, rows_at
from otlp_wire import anycolumns, columnar, record_columns, sent_messages
from otlp_wire.grouping import Groups, Positions, grouped
from otlp_wire.messages import ExportLogsServiceRequest, Resource
from otlp_wire.wire_columns import Field, joined, of_bytes, offsets_of
from otlp_wire.wire_fields import varint

_SCALARS = {
    "string_value": ValueKind.STRING,
    "bool_value": ValueKind.BOOL,
    "int_value": ValueKind.INT,
    "double_value": ValueKind.DOUBLE,
    "bytes_value": ValueKind.BYTES,
}


_FEW_GROUPS = 8
"""So many records for each (resource, scope), and more, are put into their frames group by group."""


def encode(batch: LogBatch) -> bytes:
    """All records of the batch as one serialised ExportLogsServiceRequest; b"" when there are none."""
    if not len(batch):
        return b""
    batch, groups = grouped(batch)
    messages = sent_messages.messages(batch, lambda changed: pl.Series(pl.from_arrow(_messages(changed))))
    if len(groups.scopes) * _FEW_GROUPS > len(batch):
        return _request(batch, groups, _messages(batch) if messages is None else messages.to_arrow())
    field = _written(batch) if messages is None else of_bytes(messages.rechunk().to_arrow())
    return _assembled(batch, groups, joined(field.delimited(b"\x12").items, len(batch)))


def _request(batch: LogBatch, groups: Groups, messages: pa.Array) -> bytes:
    """One request of records in the order of their groups."""
    resource_logs = _resource_logs(batch, groups, messages)
    lists = _lists(_type("resource_logs"), np.array([0, len(resource_logs)]), resource_logs)
    row = pa.RecordBatch.from_arrays([lists], [field.name for field in columnar.request_type()])
    return bytes(columnar.writer().record_batch_to_array(row)[0].as_py())


def _assembled(batch: LogBatch, groups: Groups, records: pa.LargeBinaryArray) -> bytes:
    """The same of fields `log_records`: what stands around them is written as a request without records. A loop over groups."""
    none = replace(groups, scope_starts=np.zeros_like(groups.scope_starts))
    around = ExportLogsServiceRequest.FromString(_request(batch, none, pa.array([], pa.large_binary())))
    data, ends = memoryview(records.buffers()[2]), offsets_of(records)[groups.scope_starts].tolist()
    written, scope = [], 0
    for resource_logs in around.resource_logs:
        parts = []
        for scope_logs in resource_logs.scope_logs:
            head = scope_logs.SerializeToString()
            parts += [
                b"\x12",
                varint(len(head) + ends[scope + 1] - ends[scope]),
                head,
                data[ends[scope] : ends[scope + 1]],
            ]
            scope += 1
        resource_logs.ClearField("scope_logs")
        parts.insert(0, resource_logs.SerializeToString())
        written += [b"\x0a", varint(sum(map(len, parts))), *parts]
    return b"".join(written)


def _messages(batch: LogBatch) -> pa.Array:
    """Each record as a LogRecord message of its own."""
    return joined(_written(batch).items, len(batch))


def _written(batch: LogBatch) -> Field:
    field = record_columns.written(batch)
    if field is not None:
        return field
    rows = pa.RecordBatch.from_struct_array(_log_records(batch))
    return of_bytes(columnar.record_writer().record_batch_to_array(rows).cast(pa.large_binary()))


def _resource_logs(batch: LogBatch, groups: Groups, records: pa.Array) -> pa.StructArray:
    scope_logs = _scope_logs(batch, groups, records)
    table = rows_at(batch.resources, groups.resources)
    attributes = _attribute_lists(
        batch.resource_attributes, batch.resources.height, groups.resources, "resource_logs.resource"
    )
    resource = {"attributes": attributes, "dropped_attributes_count": _filled(table, "dropped_attributes_count", 0)}
    resource["entity_refs"] = _entity_refs(table.get_column("entity_refs"))
    return _struct(
        "resource_logs",
        {
            "resource": _struct("resource_logs.resource", resource, absent=_absent(table, attributes)),
            "scope_logs": _lists(_type("resource_logs.scope_logs"), groups.resource_starts, scope_logs),
            "schema_url": _filled(table, "schema_url", ""),
        },
    )


def _scope_logs(batch: LogBatch, groups: Groups, records: pa.Array) -> pa.StructArray:
    path = "resource_logs.scope_logs"
    table = rows_at(batch.scopes, groups.scopes)
    attributes = _attribute_lists(batch.scope_attributes, batch.scopes.height, groups.scopes, f"{path}.scope")
    scope = {
        "name": _filled(table, "name", ""),
        "version": _filled(table, "version", ""),
        "attributes": attributes,
        "dropped_attributes_count": _filled(table, "dropped_attributes_count", 0),
    }
    return _struct(
        path,
        {
            "scope": _struct(f"{path}.scope", scope, absent=_absent(table, attributes)),
            "log_records": _lists(_type(f"{path}.log_records"), groups.scope_starts, records),
            "schema_url": _filled(table, "schema_url", ""),
        },
    )


def _absent(table: pl.DataFrame, attributes: pa.Array) -> npt.NDArray[np.bool_]:
    """Where the Resource or Scope message was left out, and still has nothing to say."""
    silent = table.get_column("dropped_attributes_count").is_null()
    for name in ("name", "version"):
        if name in table.columns:
            column = table.get_column(name)
            silent &= (column.fill_null("") if column.null_count() else column) == ""
    without_attributes = np.diff(attributes.offsets.to_numpy()) == 0
    return np.asarray(silent.to_numpy() & without_attributes)


def _log_records(batch: LogBatch) -> pa.StructArray:
    path = "record"
    children = {
        "body": _bodies(batch, path),
        "attributes": _attribute_lists(batch.all_attributes(), len(batch), np.arange(len(batch)), path),
    }
    for field in _type(path):
        if field.name not in children:
            default = "" if pa.types.is_large_string(field.type) else b"" if pa.types.is_large_binary(field.type) else 0
            children[field.name] = _filled(batch.records, field.name, default)
    return _struct(path, children)


def _bodies(batch: LogBatch, path: str) -> pa.StructArray:
    text, others = batch.column("body"), batch.column("body_any")
    both = text.is_not_null() & others.is_not_null()
    empty = (others.bin.size() == 0).fill_null(value=False)
    if (both | empty).any():  # a processor set `body` alone, or a body without a value; a oneof has room for one
        others = others.set(both | empty, None)
    members = anycolumns.split(others) if others.null_count() < len(others) else {}
    if "string_value" in members:
        text = text.zip_with(text.is_not_null(), members["string_value"])
    members["string_value"] = text
    return _any_values(f"{path}.body", members, absent=(text.is_null() & others.is_null()).to_numpy())


def _attribute_lists(table: pl.DataFrame, owners: int, wanted: Positions, path: str) -> pa.ListArray:
    """The attributes of each owner in `wanted` (-1 = none), from a table of `owners` owners."""
    if not table.get_column("owner").is_sorted():
        table = table.sort("owner", maintain_order=True)
    counts = np.bincount(table.get_column("owner").to_numpy(), minlength=owners + 1)
    starts = np.cumsum(counts) - counts
    lengths = counts[wanted]  # -1 is the extra owner at the end, that has none
    ends = np.cumsum(lengths)
    rows = np.arange(lengths.sum()) + np.repeat(starts[wanted] - (ends - lengths), lengths)
    if len(rows) != table.height or len(wanted) != owners:
        table = table[rows]
    return _lists(_type(f"{path}.attributes"), np.concatenate([[0], ends]), _key_values(table, path))


def _key_values(table: pl.DataFrame, path: str) -> pa.StructArray:
    kinds = table.get_column("kind").to_numpy()
    members = {name: table.get_column(VALUE_COLUMNS[kind]) for name, kind in _SCALARS.items()}
    nested = table.get_column("any")
    if nested.null_count() < table.height:
        for name, column in anycolumns.split(nested).items():
            known = members.get(name)
            members[name] = column if known is None else known.zip_with(known.is_not_null(), column)
    absent = (kinds == int(ValueKind.EMPTY)) & nested.is_null().to_numpy()
    children = {
        "key": table.get_column("key").to_arrow(),
        "value": _any_values(f"{path}.attributes.value", members, absent),
    }
    if "key_strindex" in table.columns:
        children["key_strindex"] = _filled(table, "key_strindex", 0)
    return _struct(f"{path}.attributes", children)


def _any_values(path: str, members: Mapping[str, pl.Series], absent: npt.NDArray[np.bool_]) -> pa.StructArray:
    children = {name: column.to_arrow() for name, column in members.items() if column.null_count() < len(column)}
    return _struct(path, children, absent)


def _entity_refs(serialised: pl.Series) -> pa.ListArray:
    """The EntityRefs of each resource, parsed once per distinct list."""
    list_type = _type("resource_logs.resource.entity_refs")
    if serialised.null_count() == len(serialised):
        return _no_lists(list_type, len(serialised))
    distinct = serialised.drop_nulls().unique()
    refs = [[ref.SerializeToString() for ref in Resource.FromString(data).entity_refs] for data in distinct]
    position = serialised.replace_strict(distinct, range(len(refs)), default=None, return_dtype=pl.UInt32)
    lists = pl.Series(refs, dtype=pl.List(pl.Binary)).gather(position)
    ends = lists.list.len().fill_null(0).to_numpy().cumsum()
    return _lists(list_type, np.concatenate([[0], ends]), lists.explode().drop_nulls().to_arrow())


def _no_lists(list_type: pa.DataType, height: int) -> pa.ListArray:
    return _lists(list_type, np.zeros(height + 1, dtype=np.int64), pa.nulls(0, list_type.value_type))


def _filled(table: pl.DataFrame, name: str, default: int | str | bytes) -> pa.Array:
    column = table.get_column(name)
    return (column.fill_null(default) if column.null_count() else column).to_arrow()


@cache
def _type(path: str) -> pa.DataType:
    """The type of a field of the request as `columnar.writer` takes it, or of a `record`, lists included."""
    first, *names = path.split(".")
    found = columnar.record_type() if first == "record" else columnar.request_type().field(first).type
    for name in names:
        found = (found.value_type if pa.types.is_list(found) else found).field(name).type
    return found


def _lists(list_type: pa.DataType, starts: Positions, items: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), items, type=list_type)


def _struct(path: str, children: Mapping[str, pa.Array], absent: npt.NDArray[np.bool_] | None = None) -> pa.StructArray:
    struct_type = _type(path)
    if pa.types.is_list(struct_type):
        struct_type = struct_type.value_type
    height = len(next(iter(children.values()))) if absent is None else len(absent)
    arrays = [_child(children, field, height) for field in struct_type]
    mask = pa.array(absent) if absent is not None and absent.any() else None
    return pa.StructArray.from_arrays(arrays, fields=list(struct_type), mask=mask)


def _child(children: Mapping[str, pa.Array], field: pa.Field, height: int) -> pa.Array:
    if field.name in children:
        return children[field.name]
    if field.nullable:
        return pa.nulls(height, field.type)
    return pa.array(np.zeros(height, dtype=field.type.to_pandas_dtype()), field.type)
