"""Bodies as text, and text of bounded length."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch


def body_text(batch: LogBatch) -> pl.Series:
    """String bodies as they are, all others as their JSON; null where there is none."""
    text, other = batch.column("body"), batch.column("body_any")
    if other.null_count() == len(other):
        return text
    from otlp_wire import any_json  # loads protobuf, which a batch of string bodies never needs

    at = (other.is_not_null() & text.is_null()).arg_true()
    return text.clone().scatter(at, any_json(other.gather(at)))


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
