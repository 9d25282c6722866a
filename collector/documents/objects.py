"""Attribute tables as one JSON object an owner.

Each attribute becomes a piece of text; the pieces of one owner are neighbours in the text column's buffer, so an
object is a range of that buffer and nothing has to be joined:

    piece    ,"method":"GET"   ,"status":200   ,"path":"/"   ,"method":"PUT"  …
    owner    0                 0               0             1
    object   └──────────────── 0 ──────────────────────────┘ └──── 1 ───── …       then `{`, without the first `,`, `}`
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.distinct import once_each
from collector.columns.text_buffers import ranges
from collector.documents.json_text import PLAIN, Style, column_text, members, quoted_name

_NEIGHBOURS = 32
"""Owners with more attributes than this are looked through for repeated keys by hashing, not by comparing."""


def attributes_json(batch: LogBatch, without: Collection[str] = (), style: Style = PLAIN) -> pl.Series:
    """The attributes of each record as a JSON object, derived ones last; `without` names keys to leave out.

    A key that came more than once keeps its first value. A record without attributes has `{}`.
    """
    return _braced(attribute_members(batch, without, style)).rename("attributes")


def attribute_members(batch: LogBatch, without: Collection[str] = (), style: Style = PLAIN) -> pl.Series:
    """The same as it stands between other members, a comma before each: `,"key":value…`; empty without attributes."""
    text = table_members(_without(batch.attributes, without), len(batch), style)
    derived = batch.derived.select(key for key in batch.derived.columns if key not in without)
    if derived.width:
        said = once_each(derived, lambda rows: _derived_members(rows, style))
        text = pl.select(pl.concat_str(pl.lit(text), pl.lit(said))).to_series()
    return text.rename("attributes")


def resource_json(batch: LogBatch, style: Style = PLAIN) -> pl.Series:
    """The attributes of each record's resource as a JSON object; written once a resource, then shared."""
    objects = _braced(table_members(batch.resource_attributes, batch.resources.height, style))
    return objects.gather(batch.column("resource")).rename("resource")


def scope_json(batch: LogBatch, style: Style = PLAIN) -> pl.Series:
    """The attributes of each record's instrumentation scope as a JSON object."""
    objects = _braced(table_members(batch.scope_attributes, batch.scopes.height, style))
    return objects.gather(batch.column("scope")).rename("scope")


def table_members(table: pl.DataFrame, height: int, style: Style = PLAIN) -> pl.Series:
    """An attribute table as members: for each of `height` owners `,"key":value,"key":value…`, or an empty string."""
    if not table.height:
        return pl.repeat("", height, dtype=pl.String, eager=True)
    table = one_of_each_key(table)
    ends = np.zeros(height + 1, dtype=np.int64)
    np.cumsum(np.bincount(table.get_column("owner").to_numpy(), minlength=height), out=ends[1:])
    return ranges(members(table, style), ends)


def _derived_members(columns: pl.DataFrame, style: Style) -> pl.Series:
    """The columns as object members, in one text a row; null is left out."""
    pieces = [column_text(f",{quoted_name(column.name, style)}:", column, style) for column in columns.iter_columns()]
    return pl.select(pl.concat_str(pieces, ignore_nulls=True).alias("members")).to_series()


def _braced(inner: pl.Series) -> pl.Series:
    text = pl.concat_str(pl.lit("{"), pl.lit(inner.str.strip_prefix(",")), pl.lit("}"))
    return pl.select(text.alias("object")).to_series()


def _without(table: pl.DataFrame, keys: Collection[str]) -> pl.DataFrame:
    if not keys or not table.height:
        return table
    gone = table.get_column("key").is_in(pl.Series(list(keys), dtype=pl.String).implode())
    return table.filter(~gone) if gone.any() else table


def one_of_each_key(table: pl.DataFrame) -> pl.DataFrame:
    """An attribute table ordered by owner, of each owner's repeated keys the first alone."""
    return _first_of_each_key(_by_owner(table)) if table.height else table


def _by_owner(table: pl.DataFrame) -> pl.DataFrame:
    """The attributes with those of an owner together. They mostly are; edits append at the end of the table."""
    owners = table.get_column("owner").to_numpy()
    if (owners[1:] >= owners[:-1]).all():
        return table
    return table[np.argsort(owners, kind="stable")]


def _first_of_each_key(table: pl.DataFrame) -> pl.DataFrame:
    """Leave out attributes whose key their owner had before. Repeats are rare, so looking for them must be cheap:
    hashes of keys are compared with those of their next neighbours, and only a hit pays for the exact answer."""
    owners = table.get_column("owner").to_numpy()
    most = int(np.bincount(owners).max())
    if most <= _NEIGHBOURS and not _may_repeat(owners, table.get_column("key").hash().to_numpy(), most):
        return table
    return table.unique(["owner", "key"], keep="first", maintain_order=True)


def _may_repeat(owners: npt.NDArray[np.uint32], hashes: npt.NDArray[np.uint64], most: int) -> bool:
    marks = hashes ^ (owners.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return any(bool((marks[distance:] == marks[:-distance]).any()) for distance in range(1, most))
