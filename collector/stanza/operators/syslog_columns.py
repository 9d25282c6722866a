"""Messages of syslog as columns: what stands where in RFC 5424 and RFC 3164.

A message is cut at its blanks; expressions see only what those leave open: heads and times once for each different one, structured
data where there is any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

import polars as pl

from collector.ottl.plain.strptime import Layout, LayoutError, layout_of
from collector.stanza.layouts import gotime

NO_HEADER, NO_TIME = "no header", "the time can't be read"
_MOST_PRIORITY, _LAST = 191, 1 << 63
_DATA = r"(?s)^((?:\[(?:[^\]\\\"]|\"(?:[^\"\\]|\\.)*\"|\\.)*\])+)(?: (.*))?$"
_VERSION = r"^(?:<\d{1,3}>)?([1-9]\d{0,2})$"
_PRI = r"^<(\d{1,3})>"
_3164_STAMP = r"^([A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?|\d{4}-\d{2}-\d{2}T\S+) "
_3164_TAG = r"^([^\s\[\]:]{1,48})(?:(?:\[([^\]]*)\])?:|\[(\d{1,10})\](?: |$)) ?"
_BARE_TAG = r"^[^\s\[\]:]{1,48}(?:(?:\[[^\]]*\])?:|\[\d{1,10}\])$"
_STAMPS: tuple[Layout, ...] = (
    layout_of("%b %e %H:%M:%S", "en"), layout_of("%b %e %Y %H:%M:%S", "en"), gotime("2006-01-02T15:04:05Z07:00"),
)  # fmt: skip
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of messages; null where one does not have it.

    Args:
        columns: attribute → text or number.
        data: structured data as it is written.
        times: nanoseconds since the epoch.
        reasons: why a message is none; null where it is one. What stands in front of the trouble is there all the same.
    """

    columns: Mapping[str, pl.Series]
    data: pl.Series
    times: pl.Series
    reasons: pl.Series


def read_5424(texts: pl.Series, *, skips: bool) -> Read:
    """`skips`: a message may begin with its version."""
    head, *fields, rest = (pl.col(f"field_{at}") for at in range(7))
    none = (rest == "-") | rest.str.starts_with("- ")
    data = pl.col("data").struct
    levelled = pl.col("priority").is_not_null()
    parts = (
        texts.to_frame("text").lazy().select(pl.col("text").str.splitn(" ", 7)).unnest("text")
        .with_columns(
            _priority(head.str.extract(_PRI)).alias("priority"), (~head.str.starts_with("<")).alias("bare"),
            head.str.extract(_VERSION).cast(pl.Int64).alias("version"), none.alias("none"),
            pl.when(~none & rest.str.starts_with("[")).then(rest).str.extract_groups(_DATA).alias("data"),
        )
        .with_columns(
            pl.all_horizontal(
                rest.is_not_null(), pl.col("version").is_not_null(), *(field.str.len_bytes() > 0 for field in fields),
                levelled | (pl.col("bare") if skips else False), pl.col("none") | data.field("1").is_not_null(),
            ).fill_null(False).alias("whole"),
            pl.when("none").then(rest.str.slice(2)).otherwise(data.field("2")).str.strip_prefix(_BOM).alias("message"),
            data.field("1").alias("data"),
        )
    )  # fmt: skip
    names = dict(zip(("hostname", "appname", "proc_id", "msg_id"), fields[1:], strict=True))
    return _read(
        parts, {"version": pl.col("version"), **{name: _said(field) for name, field in names.items()}},
        pl.col("data"), pl.when(fields[0] != "-").then(fields[0]), rfc3339,
    )  # fmt: skip


def read_3164(texts: pl.Series, zone: tzinfo, *, skips: bool) -> Read:
    """`zone`: of times that name none. `skips`: a message may begin with its time."""
    text, rest, host = pl.col("text"), pl.col("rest"), pl.col("split").struct.field("field_0")
    behind = text.str.replace(_PRI, "")
    stamp = pl.col("stamp")
    local = host.str.contains(_BARE_TAG).fill_null(False)  # what is written to a socket of the machine names no host
    tag = pl.col("tag").struct
    levelled = pl.col("priority").is_not_null()
    parts = (
        texts.to_frame("text").lazy()
        .with_columns(
            _priority(text.str.extract(_PRI)).alias("priority"), behind.str.extract(_3164_STAMP).alias("stamp"), behind.alias("rest"),
        )
        .with_columns(rest.str.slice(stamp.str.len_chars() + 1).alias("rest"))
        .with_columns(rest.str.splitn(" ", 2).alias("split"))
        .with_columns(
            pl.when(local).then(rest).otherwise(pl.col("split").struct.field("field_1").fill_null("")).alias("said"),
            pl.when(~local).then(host).alias("host"),
            pl.all_horizontal(
                stamp.is_not_null(), levelled | (~text.str.starts_with("<") if skips else False), local | (host.str.len_bytes() > 0),
            ).fill_null(False).alias("whole"),
        )
        .with_columns(pl.col("said").str.extract_groups(_3164_TAG).alias("tag"), pl.col("said").str.replace(_3164_TAG, "").alias("message"))
    )  # fmt: skip
    number = pl.coalesce(tag.field("2"), tag.field("3"))
    names = {"hostname": pl.col("host"), "appname": tag.field("1"), "proc_id": number}
    return _read(
        parts, {name: _said(each) for name, each in names.items()}, pl.lit(None, pl.String), stamp,
        lambda stamps: _stamped(stamps, zone),
    )  # fmt: skip


def _read(
    parts: pl.LazyFrame,
    columns: Mapping[str, pl.Expr],
    data: pl.Expr,
    stamp: pl.Expr,
    times: Callable[[pl.Series], pl.Series],
) -> Read:
    """One step through all of them: each is as long as the batch, and most of what a small batch costs is steps."""
    whole, message = pl.col("whole"), pl.col("message")
    columns = {**columns, "message": pl.when(message.str.len_bytes() > 0).then(message)}
    named = [pl.when(whole).then(each).alias(name) for name, each in columns.items()]
    others = [pl.when(whole).then(data).alias("data"), pl.when(whole).then(stamp).alias("stamp")]
    found = parts.select("priority", "whole", *named, *others).collect()
    stamps = found.get_column("stamp")
    known = times(stamps)
    kept = {name: found.get_column(name) for name in ("priority", *columns)}
    return Read(kept, found.get_column("data"), known, _reasons(found.get_column("whole"), stamps, known))


def _priority(texts: pl.Expr) -> pl.Expr:
    numbers = texts.cast(pl.Int64, strict=False)
    return pl.when(numbers <= _MOST_PRIORITY).then(numbers)


def _said(texts: pl.Expr) -> pl.Expr:
    """Without what says that there is nothing."""
    return pl.when((texts.str.len_bytes() > 0) & (texts != "-")).then(texts)


def _stamped(stamps: pl.Series, zone: tzinfo) -> pl.Series:
    """Nanoseconds since the epoch; null where it is none. What says the year first is RFC 3339; others are read once for each second."""
    exact = stamps.str.contains(r"^\d").fill_null(False)
    if exact.all() and len(stamps):
        return rfc3339(stamps)
    parts = _where(~exact, stamps).str.splitn(".", 2).struct.unnest()
    seconds, digits = parts.get_columns()
    different = seconds.drop_nulls().unique()
    read = pl.Series([_moment(text, zone, _STAMPS[:2]) for text in different.to_list()], dtype=pl.UInt64)
    times = seconds.replace_strict(different, read, default=None, return_dtype=pl.UInt64)
    times = times + digits.str.pad_end(9, "0").cast(pl.UInt64).fill_null(0)
    return rfc3339(_where(exact, stamps)).zip_with(exact, times) if exact.any() else times


def _moment(text: str, zone: tzinfo, layouts: Sequence[Layout] = _STAMPS) -> int | None:
    for layout in layouts:
        try:
            found = layout.parse(text, zone).nanoseconds
        except (LayoutError, OverflowError):
            continue
        return found if 0 <= found < _LAST else None
    return None


def rfc3339(stamps: pl.Series) -> pl.Series:
    """Nanoseconds since the epoch; null where it is none."""
    zulu = stamps.str.replace("[Zz]$", "+00:00")
    read = zulu.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="ns", strict=False, exact=True)
    times = read.dt.convert_time_zone("UTC").dt.epoch("ns")
    times = _where(times >= 0, times).cast(pl.UInt64)
    missed = (times.is_null() & stamps.is_not_null()).arg_true()
    if not len(missed):
        return times
    different = stamps.gather(missed).unique()
    known = [_moment(text, UTC, _STAMPS[-1:]) for text in different.to_list()]
    slow = stamps.gather(missed).replace_strict(different, pl.Series(known, dtype=pl.UInt64), return_dtype=pl.UInt64)
    return times.scatter(missed, slow)


def _reasons(whole: pl.Series, stamp: pl.Series, times: pl.Series) -> pl.Series:
    good = nulls(len(whole))
    late = stamp.is_not_null() & times.is_null()
    if whole.all() and not late.any():
        return good
    return good.set(late, NO_TIME).set(~whole, NO_HEADER)


def _where(mask: pl.Series, values: pl.Series) -> pl.Series:
    """Null elsewhere."""
    mask = mask.fill_null(False)
    return values if mask.all() else values.zip_with(mask, values.clear().extend_constant(None, len(values)))


def nulls(height: int, dtype: pl.DataType | None = None) -> pl.Series:
    """A column without values; of texts, unless `dtype` says otherwise."""
    return pl.Series([None], dtype=dtype or pl.String).new_from_index(0, height)
