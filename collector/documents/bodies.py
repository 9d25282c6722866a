"""Bodies as text, and text of bounded length."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import nulls


def body_text(batch: LogBatch) -> pl.Series:
    """String bodies as they are, all others as their JSON; null where there is none."""
    text = batch.column("body")
    if not has_structured(batch):
        return text
    return text.zip_with(text.is_not_null(), structured_bodies(batch))


def has_structured(batch: LogBatch) -> bool:
    """Whether any body is no string."""
    return batch.column("body_any").null_count() < len(batch)


def structured_bodies(batch: LogBatch) -> pl.Series:
    """Bodies that are no strings, as JSON (`null` for an empty value); null elsewhere."""
    if not has_structured(batch):
        return nulls("body", pl.String(), len(batch))
    from otlp_wire import any_json  # loads protobuf, which a batch of string bodies never needs

    return any_json(batch.column("body_any")).alias("body")


def cut(text: pl.Series, limit: int) -> tuple[pl.Series, pl.Series | None]:
    """Text of at most `limit` UTF-8 bytes each, cut at a character, and the original bytes of those that were cut (null
    elsewhere; None when none was)."""
    size = text.str.len_bytes()
    longer = (size > limit).fill_null(False)
    if not longer.any():
        return text, None
    at = longer.arg_true()
    kept = [value.encode()[:limit].decode(errors="ignore") for value in text.gather(at)]  # only the oversized few
    return text.clone().scatter(at, kept), size.set(~longer, None)
