"""Labels of entries: text by name. Of two of one name that of the resource stays, then that of the scope, then the record's own.

resource   service.name, service.namespace, service.instance.id; what `resource_filters` name
scope      instrumentation_source, instrumentation_version
record     its attributes but those of `gcp.`; event.name
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from collector.documents.member_texts import table_members
from collector.documents.plain_text import as_texts
from exporters.googlecloud.config import LogConfig, ResourceFilter

_SERVICE = ("service.name", "service.namespace", "service.instance.id")
_SCOPE = {"instrumentation_source": "name", "instrumentation_version": "version"}
_EVENT = "event.name"
_OURS = (*_SCOPE, _EVENT)


def labels(batch: LogBatch, config: LogConfig) -> pl.Series:
    """The labels of each record as a JSON object."""
    shared = _of_resources(batch, config)
    own = _own(batch, shared)
    by_resource = table_members(shared, batch.resources.height).gather(batch.column("resource"))
    pieces = [by_resource, *_of_scopes(batch), _event(batch), table_members(own, len(batch))]
    inner = pl.concat_str([pl.lit(piece) for piece in pieces], ignore_nulls=True).str.strip_prefix(",")
    return pl.select(pl.concat_str(pl.lit("{"), inner, pl.lit("}")).alias("labels")).to_series()


def _of_resources(batch: LogBatch, config: LogConfig) -> pl.DataFrame:
    """owner, key, kind, string: what of the resources becomes labels."""
    wanted = _matching(config.resource_filters) & ~pl.col("key").is_in(_OURS)
    if config.service_resource_labels:
        wanted = pl.when(pl.col("key").is_in(_SERVICE)).then(pl.col("string") != "").otherwise(wanted)
    return as_texts(batch.resource_attributes).filter(wanted)


def _matching(filters: Sequence[ResourceFilter]) -> pl.Expr:
    key = pl.col("key")
    return reduce(
        or_, (key.str.starts_with(one.prefix) & key.str.contains(one.regex) for one in filters), pl.lit(False)
    )


def _of_scopes(batch: LogBatch) -> list[pl.Series]:
    return [_member(label, batch.scope_field(field)) for label, field in _SCOPE.items()]


def _event(batch: LogBatch) -> pl.Series:
    return _member(_EVENT, batch.column("event_name"))


def _member(name: str, text: pl.Series) -> pl.Series:
    value = quoted(text.set(text == "", None))
    return pl.select(pl.concat_str(pl.lit(f',"{name}":'), pl.lit(value)).alias(name)).to_series()


def _own(batch: LogBatch, shared: pl.DataFrame) -> pl.DataFrame:
    """The records' attributes whose names are not taken: an object may hold a name once."""
    table = as_texts(batch.all_attributes())
    table = table.filter(~table.get_column("key").str.starts_with("gcp."))
    named = {**{label: batch.scope_field(field) for label, field in _SCOPE.items()}, _EVENT: batch.column("event_name")}
    for name, said in named.items():
        same = table.get_column("key") == name
        if same.any():
            table = table.filter(~(same & (said != "").gather(table.get_column("owner"))))
    if not table.get_column("key").is_in(shared.get_column("key").unique().implode()).any():
        return table
    placed = table.with_columns(batch.column("resource").gather(table.get_column("owner")).alias("resource"))
    return placed.join(
        shared, left_on=["resource", "key"], right_on=["owner", "key"], how="anti", maintain_order="left"
    )
