"""Messages of syslog as columns: what stands where in RFC 5424 and RFC 3164.

A message is cut at its blanks; expressions see only what those leave open: heads and times once for each different one, structured
data where there is any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

import polars as pl

from collector.ottl.plain.strptime import Layout, LayoutError, layout_of
from collector.stanza.layouts import gotime

NO_HEADER, NO_TIME = "no header", "the time can't be read"
_MOST_PRIORITY, _LAST = 191, 1 << 63
_DATA = r"(?s)^((?:\[(?:[^\]\\\"]|\"(?:[^\"\\]|\\.)*\"|\\.)*\])+)(?: (.*))?$"
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
    parts = texts.str.splitn(" ", 7).struct.unnest()
    head, *fields, rest = parts.get_columns()
    priority, version = _heads(head)
    whole = rest.is_not_null() & version.is_not_null()
    for field in fields:
        whole &= field.str.len_bytes() > 0
    whole &= priority.is_not_null() if not skips else (priority.is_not_null() | ~head.str.starts_with("<"))
    data, message, readable = _data(rest)
    whole = (whole & readable).fill_null(False)
    host, app, process, kind = (_said(field) for field in fields[1:])
    columns = {
        "priority": priority, "version": version, "hostname": host, "appname": app, "proc_id": process, "msg_id": kind,
        "message": _said(message.str.strip_prefix(_BOM), nil=False),
    }  # fmt: skip
    columns = {name: column if name == "priority" else _where(whole, column) for name, column in columns.items()}
    stamp = _where(whole & (fields[0] != "-"), fields[0])
    times = rfc3339(stamp)
    return Read(columns, _where(whole, data), times, _reasons(whole, stamp, times))


def _heads(head: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Priority and version."""
    different = head.unique()
    groups = different.str.extract_groups(r"^(?:<(\d{1,3})>)?([1-9]\d{0,2})?").struct.unnest()
    exact = different.str.contains(r"^(?:<\d{1,3}>)?[1-9]\d{0,2}$")
    said = _priority(groups.get_column("1"))
    numbers = _where(
        exact & (said.is_not_null() | groups.get_column("1").is_null()), groups.get_column("2").cast(pl.Int64)
    )
    return head.replace_strict(different, said), head.replace_strict(different, numbers)


def _priority(texts: pl.Series) -> pl.Series:
    numbers = texts.cast(pl.Int64, strict=False)
    return _where(numbers <= _MOST_PRIORITY, numbers)


def _data(rest: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Structured data, the message behind it, and whether that is what stands there."""
    none = ((rest == "-") | rest.str.starts_with("- ")).fill_null(False)
    message = _where(none, rest.str.slice(2))
    if none.all():
        return nulls(len(rest)), message, none
    at = (~none & rest.str.starts_with("[").fill_null(False)).arg_true()
    found = rest.gather(at).str.extract_groups(_DATA).struct.unnest()
    data = nulls(len(rest)).scatter(at, found.get_column("1"))
    return data, message.scatter(at, found.get_column("2")), none | data.is_not_null()


def read_3164(texts: pl.Series, zone: tzinfo, *, skips: bool) -> Read:
    """`zone`: of times that name none. `skips`: a message may begin with its time."""
    marked = texts.str.starts_with("<")
    priority = _priority(texts.str.extract(_PRI))
    behind = texts.str.replace(_PRI, "")
    stamp = behind.str.extract(_3164_STAMP)
    whole = stamp.is_not_null() & (priority.is_not_null() if not skips else priority.is_not_null() | ~marked)
    rest = _behind(behind, stamp)
    split = rest.str.splitn(" ", 2).struct.unnest()
    host, text = split.get_columns()
    local = host.str.contains(_BARE_TAG).fill_null(False)  # what is written to a socket of the machine names no host
    text = rest.zip_with(local, text.fill_null(""))
    host = _where(~local, host)
    whole = (whole & (local | (host.str.len_bytes() > 0))).fill_null(False)
    name, number, bare = text.str.extract_groups(_3164_TAG).struct.unnest().get_columns()
    number = number.zip_with(number.is_not_null(), bare)
    columns = {
        "priority": priority, "hostname": _said(host), "appname": _said(name), "proc_id": _said(number), "message": _said(text.str.replace(_3164_TAG, ""), nil=False),
    }  # fmt: skip
    columns = {name: column if name == "priority" else _where(whole, column) for name, column in columns.items()}
    stamp = _where(whole, stamp)
    times = _stamped(stamp, zone)
    return Read(columns, nulls(len(texts)), times, _reasons(whole, stamp, times))


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


def _behind(texts: pl.Series, stamp: pl.Series) -> pl.Series:
    """What follows the stamp and a blank."""
    frame = pl.DataFrame([texts.alias("text"), stamp.str.len_chars().alias("size")])
    return frame.select(pl.col("text").str.slice(pl.col("size") + 1)).to_series()


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


def _said(texts: pl.Series, *, nil: bool = True) -> pl.Series:
    """Without what says that there is nothing."""
    empty = texts.str.len_bytes() == 0
    nothing = (empty | (texts == "-")) if nil else empty
    return _where(~nothing, texts) if nothing.any() else texts


def _where(mask: pl.Series, values: pl.Series) -> pl.Series:
    """Null elsewhere."""
    mask = mask.fill_null(False)
    return values if mask.all() else values.zip_with(mask, values.clear().extend_constant(None, len(values)))


def nulls(height: int, dtype: pl.DataType | None = None) -> pl.Series:
    """A column without values; of texts, unless `dtype` says otherwise."""
    return pl.Series([None], dtype=dtype or pl.String).new_from_index(0, height)
