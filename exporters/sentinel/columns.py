"""`LogBatch` → one JSON object a record, with the columns of `schema.TABLE`. What is null is left out.

A value over the API's limit for a field is cut at a character; a JSON object over it is left out whole, for a cut one
would be no JSON. `Truncated` says what there was.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from collector.batch import LogBatch
from collector.documents import cut, quoted
from collector.documents.facts import happened
from collector.store.rows import Limits, rows
from exporters.sentinel.schema import TABLE

_OBJECTS = ("attributes", "resource", "scope_attributes")
_TICKS = len("2024-01-15T10:30:00.1234567")
"""Azure's times have 100 ns; `TimeUnixNano` has the rest."""


def objects(batch: LogBatch, extra: Mapping[str, str], field_bytes: int) -> pl.Series:
    """The records' JSON. `extra`: further column → attribute."""
    frame = _without_long_objects(rows(batch, Limits(field_bytes, field_bytes)), field_bytes)
    frame, further = _cut(frame, {name: _attribute(batch, key) for name, key in extra.items()}, field_bytes)
    members = [pl.lit('{"TimeGenerated":'), pl.lit(_times(batch))]
    for name, (kind, source) in TABLE.items():
        if source:
            members.append(_member(name, _text(frame.get_column(source), kind)))
    for name, text in further.items():
        members.append(_member(name, quoted(text)))
    return pl.select(pl.concat_str([*members, pl.lit("}")]).alias("object")).to_series()


def _member(name: str, text: pl.Series) -> pl.Expr:
    return pl.concat_str(pl.lit(f',"{name}":'), pl.lit(text)).fill_null("")


def _text(column: pl.Series, kind: str) -> pl.Series:
    if kind == "string":
        return quoted(column)
    if kind == "boolean":  # said only where it is so
        return column.set(column == 0, None).cast(pl.Boolean).cast(pl.String)
    return column.cast(pl.String)


def _attribute(batch: LogBatch, key: str) -> pl.Series:
    own = batch.attribute_text(key)
    return own.zip_with(own.is_not_null(), batch.resource_attribute_text(key))


def _times(batch: LogBatch) -> pl.Series:
    """`"2024-01-15T10:30:00.1234567Z"`: when it happened, else when it was seen."""
    nanos = pl.lit(happened(batch)).clip(upper_bound=(1 << 63) - 1).cast(pl.Int64).cast(pl.Datetime("ns"))
    ticks = nanos.dt.strftime("%Y-%m-%dT%H:%M:%S%.9f").str.head(_TICKS)
    return batch.records.select(pl.concat_str(pl.lit('"'), ticks, pl.lit('Z"')).alias("time")).to_series()


def _cut(
    frame: pl.DataFrame, further: Mapping[str, pl.Series], limit: int
) -> tuple[pl.DataFrame, Mapping[str, pl.Series]]:
    """Both with long texts cut, and `truncated` with what they had."""
    own = {source: frame.get_column(source) for kind, source in TABLE.values() if kind == "string"}
    kept = {}
    for name, text in {**own, **further}.items():
        kept[name], sizes = cut(text, limit)
        if sizes is not None:
            frame = _noted(frame, name, sizes)
    return frame.with_columns(kept[name].alias(name) for name in own), {name: kept[name] for name in further}


def _without_long_objects(frame: pl.DataFrame, limit: int) -> pl.DataFrame:
    for name in _OBJECTS:
        text = frame.get_column(name)
        sizes = text.str.len_bytes()
        long = (sizes > limit).fill_null(False)
        if long.any():
            frame = _noted(frame, f"{name}_left_out", sizes.set(~long, None))
            frame = frame.with_columns(text.set(long, "{}"))
    return frame


def _noted(frame: pl.DataFrame, name: str, sizes: pl.Series) -> pl.DataFrame:
    """`truncated` says how many bytes there were, where `sizes` is not null: at the oversized few."""
    at = sizes.is_not_null().arg_true()
    notes = frame.get_column("truncated")
    told = [_note(before, name, size) for before, size in zip(notes.gather(at), sizes.gather(at), strict=True)]
    return frame.with_columns(notes.scatter(at, told))


def _note(before: str | None, name: str, size: int) -> str:
    note = f'"{name}":{size}'
    return f"{before[:-1]},{note}}}" if before else f"{{{note}}}"
