"""Maps that many records share: with numbers in place of their texts (`coded`), or as they are (`plain`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from collector.archive.schema import SCHEMA

SHARED = ("resource", "scope_attributes")


def as_written(table: pa.Table) -> pa.Table:
    """A table as a Parquet file gives it, in the types of `SCHEMA`."""
    columns = []
    for field in SCHEMA:
        column = table.column(field.name)
        if pa.types.is_map(field.type):
            whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
            texts = [each.cast(pa.large_string()) for each in (whole.keys, whole.items)]
            if field.name in SHARED:
                texts = [each.dictionary_encode() for each in texts]
            columns.append(pa.chunked_array([pa.MapArray.from_arrays(whole.offsets, *texts)]))
        else:
            columns.append(column.cast(field.type))
    return pa.table(columns, schema=SCHEMA)


def coded(table: pa.Table) -> pa.Table:
    """The table in the types of `SCHEMA`."""
    return table if table.schema.equals(SCHEMA) else _with(table, lambda texts: texts.dictionary_encode())


def plain(table: pa.Table) -> pa.Table:
    """The table with nothing shared: parts of it are small on their own."""
    return _with(table, lambda texts: texts.dictionary_decode())


def _with(table: pa.Table, turned: Callable[[Any], Any]) -> pa.Table:
    for name in SHARED:
        column = table.column(name).combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks)
        whole = pa.concat_arrays([column])  # a slice begins anew at 0
        made = pa.MapArray.from_arrays(whole.offsets, turned(whole.keys), turned(whole.items))
        table = table.set_column(table.schema.get_field_index(name), name, made)
    return table
