"""`LogBatch` → rows of the table `logs`, a column at a time.

what a record does not say                      NULL (`collector.documents.facts`)
a record without a time of its own              the time it was observed, else received, as `time_unix_nano`
body that is not a string                       its JSON, body_is_json = 1
attributes that have a column                   only there, not in `attributes` a second time
what a component made                           how many times over, as `generation`; NULL for what was sent
a value over its limit                          cut at a character; `truncated` = {"body": original bytes, …}
a time past 2^63 - 1                            2^63 - 1; `truncated` = {"time_unix_nano": "its digits"}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from collector.batch import LogBatch
from collector.documents import attributes_json, body_text, cut, resource_json, scope_json
from collector.documents.facts import happened, said
from collector.documents.json_text import PLAIN, Style, in_style
from collector.store.columns import COLUMNS, DERIVED, TABLE_COLUMNS, WRITTEN

__all__ = ["COLUMNS", "DERIVED", "TABLE_COLUMNS", "Limits", "insertable", "rows"]

_ENVIRONMENT = "deployment.environment.name"
_HAVE_A_COLUMN = frozenset({*DERIVED.values(), "logboom.domain", "logboom.record.id", "logboom.pattern.template"})
"""The template stands once, in the table `patterns`."""
_LAST_TIME = (1 << 63) - 1


def insertable(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows as they are inserted: columns `TABLE_COLUMNS`."""
    return frame.select(pl.col(name).fill_null(0).alias(WRITTEN[name]) if name in WRITTEN else name for name in COLUMNS)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many bytes of one value are kept."""

    body_bytes: int = 1 << 20
    attribute_bytes: int = 256 << 10


def rows(batch: LogBatch, limits: Limits, style: Style = PLAIN) -> pl.DataFrame:
    """The records as rows of `logs`: columns `COLUMNS`, record order. `style` is that of the columns that hold JSON."""
    batch, cut_attributes = _cut_attributes(said(batch), limits.attribute_bytes)
    body = body_text(batch)
    cut_body, body_cut = cut(body, limits.body_bytes)
    observed = batch.column("observed_time_unix_nano")
    times = {"time_unix_nano": happened(batch), "observed_time_unix_nano": observed.set(observed == 0, None)}
    late = {name: _late(time) for name, time in times.items()}
    environment = batch.attribute(_ENVIRONMENT)
    frame = batch.records.select(
        "record_id",
        "domain",
        *(pl.lit(time.clip(upper_bound=_LAST_TIME).cast(pl.Int64)).alias(name) for name, time in times.items()),
        pl.when(pl.col("severity_number") > 0).then("severity_number").alias("severity_number"),
        _unset("severity_text"),
        pl.lit(cut_body).alias("body"),
        pl.col("body").is_null().and_(pl.lit(body).is_not_null()).cast(pl.Int8).alias("body_is_json"),
        _unset("service_name", pl.lit(batch.resource_attribute("service.name"))),
        _unset("environment", pl.coalesce(pl.lit(environment), pl.lit(batch.resource_attribute(_ENVIRONMENT)))),
        *(_unset(column, pl.lit(batch.attribute_text(key))) for column, key in DERIVED.items()),
        _unset("event_name"),
        *(_unset(name, pl.col(name).bin.encode("hex")) for name in ("trace_id", "span_id")),
        "flags",
        "dropped_attributes_count",
        *(_unset(f"scope_{name}", pl.lit(batch.scope_field(name))) for name in ("name", "version")),
        pl.lit(scope_json(batch, style)).replace("{}", None).alias("scope_attributes"),
        pl.lit(attributes_json(batch, _in_columns(batch), style)).alias("attributes"),
        pl.lit(resource_json(batch, style)).alias("resource"),
    )
    notes = {"body": body_cut, "attributes": cut_attributes, **late}
    generation = None if batch.generation is None else batch.generation.set(batch.generation == 0, None)
    return frame.with_columns(
        pl.lit(generation, pl.UInt8).alias("generation"), truncated=in_style(_truncated(notes, len(batch)), style)
    ).select(COLUMNS)


def _in_columns(batch: LogBatch) -> frozenset[str]:
    """The attributes that need not stand in `attributes`; the environment only when it is logboom's finding."""
    return _HAVE_A_COLUMN | {_ENVIRONMENT} if _ENVIRONMENT in batch.derived.columns else _HAVE_A_COLUMN


def _cut_attributes(batch: LogBatch, limit: int) -> tuple[LogBatch, pl.Series | None]:
    """The batch with long string attributes cut, and for each record that lost something the bytes its strings had."""
    table = batch.attributes
    kept, sizes = cut(table.get_column("string"), limit)
    if sizes is None:
        return batch, None
    lost = table.select("owner", size=sizes).group_by("owner").agg(pl.col("size").sum())
    every = pl.DataFrame({"owner": pl.arange(len(batch), dtype=pl.UInt32, eager=True)})
    by_record = every.join(lost, on="owner", how="left", maintain_order="left").get_column("size")
    return replace(batch, attributes=table.with_columns(string=kept)), by_record.set(by_record == 0, None)


def _late(time: pl.Series) -> pl.Series | None:
    """The digits of times that do not fit a signed 64-bit integer, quoted; None when all do."""
    beyond = time > _LAST_TIME
    if not beyond.any():
        return None
    digits = pl.DataFrame({"t": time}).select(pl.concat_str(pl.lit('"'), "t", pl.lit('"'))).to_series()
    return digits.set(~beyond, None)


def _truncated(notes: Mapping[str, pl.Series | None], height: int) -> pl.Series:
    pieces = [
        pl.concat_str(pl.lit(f'"{name}":'), pl.lit(note.cast(pl.String)))
        for name, note in notes.items()
        if note is not None
    ]
    if not pieces:
        return pl.repeat(None, height, dtype=pl.String, eager=True)
    joined = pl.concat_str(pieces, separator=",", ignore_nulls=True)
    return pl.select(pl.when(joined != "").then(pl.concat_str(pl.lit("{"), joined, pl.lit("}")))).to_series()


def _unset(name: str, text: pl.Expr | None = None) -> pl.Expr:
    column = pl.col(name) if text is None else text
    return pl.when(column != "").then(column).alias(name)
