"""Custom dimensions of items: text by name. Of two of one name the record's own stays, then that of the scope, then that of the resource.

record      its attributes; event.name, logboom.record.id
scope       instrumentationlibrary.name, instrumentationlibrary.version
resource    its attributes
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import ValueKind
from collector.documents.member_texts import table_members
from collector.documents.plain_text import as_texts

_NAME, _VALUE = 150, 8192
"""Longest name and value, in characters; longer ones are cut."""
_SCOPE = {"instrumentationlibrary.name": "name", "instrumentationlibrary.version": "version"}
_FIELDS = {"event.name": "event_name", "logboom.record.id": "record_id"}


def properties(batch: LogBatch) -> pl.Series:
    """The custom dimensions of each record as a JSON object."""
    own, shared = _own(batch), _shortened(as_texts(batch.resource_attributes))
    taken = shared.get_column("key").is_in(own.get_column("key").unique().implode())
    if taken.any():  # the few names that some records and some resources have both
        own = _with_resource(batch, own, shared.filter(taken))
        shared = shared.filter(~taken)
    by_resource = table_members(shared, batch.resources.height)
    pieces = [
        table_members(own, len(batch)),
        by_resource.gather(batch.column("resource")) if len(by_resource) else pl.Series([""]),
    ]
    inner = pl.concat_str([pl.lit(piece) for piece in pieces]).str.strip_prefix(",")
    return batch.records.select(pl.concat_str(pl.lit("{"), inner, pl.lit("}")).alias("properties")).to_series()


def _own(batch: LogBatch) -> pl.DataFrame:
    """owner, key, kind, string: what is not shared by a resource. An object may hold a name once: the first of them stays."""
    said = {**{name: batch.scope_field(field) for name, field in _SCOPE.items()},
            **{name: batch.column(field) for name, field in _FIELDS.items()}}  # fmt: skip
    fields = [_rows(batch, name, text) for name, text in said.items()]
    first = [rows for rows, name in zip(fields, said, strict=True) if name in _FIELDS]
    last = [rows for rows, name in zip(fields, said, strict=True) if name in _SCOPE]
    return pl.concat([*first, _shortened(as_texts(batch.all_attributes())), *last])


def _rows(batch: LogBatch, name: str, text: pl.Series) -> pl.DataFrame:
    rows = batch.records.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("owner"), pl.lit(name).alias("key"),
        pl.lit(ValueKind.STRING, dtype=pl.UInt8).alias("kind"), pl.lit(text).alias("string"),
    )  # fmt: skip
    return rows.filter(pl.col("string") != "")


def _with_resource(batch: LogBatch, own: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """The rows of the resources behind those of the records, once for each record."""
    placed = batch.records.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("record"), pl.col("resource"))
    spread = placed.join(shared, left_on="resource", right_on="owner").select(
        pl.col("record").alias("owner"), "key", "kind", "string"
    )
    return pl.concat([own, spread])


def _shortened(table: pl.DataFrame) -> pl.DataFrame:
    key, value = pl.col("key").str.head(_NAME), pl.col("string").str.head(_VALUE)
    return table.with_columns(key, value).filter(pl.col("key") != "")
