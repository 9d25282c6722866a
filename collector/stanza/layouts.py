"""Layouts of times: strptime, Go's example of a time, and numbers since the epoch; by columns where polars reads the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

from collector.ottl.plain.strptime import LOCALES, Layout, LayoutError, layout_of, zone_of
from collector.stanza.operators.parsing import text_of
from collector.stanza.problems import Failed, OperatorError

_EPOCHS = {"s": 9, "ms": 6, "us": 3, "ns": 0, "s.ms": 9, "s.us": 9, "s.ns": 9}
_GO: Mapping[str, str] = {
    "2006": r"(?P<year_{0}>\d{{4}})", "January": r"(?P<month_name_{0}>[^\s\d,;/-]+)", "Jan": r"(?P<month_name_{0}>[^\s\d,;/-]+)",
    "Monday": r"[^\s\d,;]+", "Mon": r"[^\s\d,;]+", "MST": r"(?P<abbreviation_{0}>[A-Z][A-Za-z]{{2,4}}(?:[+-]\d{{1,2}})?)",
    "01": r"(?P<month_{0}>\d{{2}})", "02": r"(?P<day_{0}>\d{{2}})", "03": r"(?P<hour12_{0}>\d{{2}})", "04": r"(?P<minute_{0}>\d{{2}})",
    "05": r"(?P<second_{0}>\d{{2}})", "06": r"(?P<short_year_{0}>\d{{2}})", "15": r"(?P<hour_{0}>\d{{2}})", "_2": r"(?P<day_{0}> ?\d{{1,2}})",
    "1": r"(?P<month_{0}>\d{{1,2}})", "2": r"(?P<day_{0}>\d{{1,2}})", "3": r"(?P<hour12_{0}>\d{{1,2}})", "4": r"(?P<minute_{0}>\d{{1,2}})",
    "5": r"(?P<second_{0}>\d{{1,2}})", "PM": r"(?P<half_{0}>[AaPp][Mm])", "pm": r"(?P<half_{0}>[AaPp][Mm])",
    "Z07:00": r"(?P<offset_{0}>Z|[+-]\d{{2}}:\d{{2}})", "Z0700": r"(?P<offset_{0}>Z|[+-]\d{{4}})", "Z07": r"(?P<offset_{0}>Z|[+-]\d{{2}})",
    "-07:00": r"(?P<offset_{0}>[+-]\d{{2}}:\d{{2}})", "-0700": r"(?P<offset_{0}>[+-]\d{{4}})", "-07": r"(?P<offset_{0}>[+-]\d{{2}})",
}  # fmt: skip
_GO_TOKEN = re.compile("|".join(map(re.escape, sorted(_GO, key=len, reverse=True))) + r"|[.,](?:0+|9+)(?!\d)|[\s\S]")
_POLARS = {
    "Y": "%Y", "m": "%m", "d": "%d", "H": "%H", "M": "%M", "S": "%S", "b": "%b", "h": "%b", "B": "%B", "y": "%y", "z": "%z",
    "T": "%H:%M:%S", "F": "%Y-%m-%d",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimeLayout:
    """How times are written: `parse` reads one; `columns` is what polars calls it, where there is that."""

    parse: Callable[[Any], int]
    columns: str = ""
    zoned: bool = False

    def fast(self, texts: pl.Series) -> pl.Series | None:
        """Nanoseconds since the epoch; null where polars can't say. None: it can't at all."""
        if not self.columns:
            return None
        read = texts.str.to_datetime(self.columns, time_unit="ns", strict=False, exact=True)
        return (read.dt.convert_time_zone("UTC") if self.zoned else read).dt.epoch("ns")


def time_layout(kind: str, layout: str, location: str) -> TimeLayout:
    """Raises `OperatorError`."""
    try:
        zone = zone_of(location) if location else UTC
    except LayoutError as error:
        raise OperatorError(f"invalid location: {error}") from None
    match kind:
        case "strptime":
            return _strptime(layout, zone)
        case "gotime":
            return TimeLayout(by(gotime(layout), zone))
        case "epoch":
            return TimeLayout(_epoch(layout))
        case "native":
            raise OperatorError("layout_type native is for times that are none of text")
    raise OperatorError(f"unsupported layout_type {kind!r}: strptime, gotime or epoch")


def _strptime(layout: str, zone: tzinfo) -> TimeLayout:
    try:
        found = layout_of(layout, "en")
    except LayoutError as error:
        raise OperatorError(f"invalid strptime layout {layout!r}: {error}") from None
    columns = _of_polars(layout)
    zoned = "%z" in columns
    if not zoned and zone is not UTC:
        columns = ""
    return TimeLayout(by(found, zone), columns, zoned)


def _of_polars(layout: str) -> str:
    """What polars calls a layout that names a whole date and time; empty where it has other letters."""
    written, at = "", 0
    while at < len(layout):
        if layout[at] != "%":
            written += layout[at]
            at += 1
            continue
        letter = layout[at + 1 : at + 2]
        if letter in ("L", "f", "s") and written.endswith("."):
            written = written[:-1] + "%.f"
        elif letter in _POLARS:
            written += _POLARS[letter]
        else:
            return ""
        at += 2
    whole = ("%Y" in written or "%y" in written) and ("%m" in written or "%b" in written or "%B" in written)
    return written if whole and "%d" in written and "%H" in written and "%M" in written and "%S" in written else ""


def gotime(layout: str) -> Layout:
    """Go's example of a time, as a layout."""
    parts, seconds = [], False
    for at, match in enumerate(_GO_TOKEN.finditer(layout)):
        piece = match[0]
        if len(piece) > 1 and piece[0] in ".," and seconds:
            exact = piece[1] == "0"
            parts.append(rf"[.,](?P<fraction_{at}>\d{{{len(piece) - 1}}})" if exact else "")
            if not exact:
                parts[-1] = rf"(?:[.,](?P<fraction_{at}>\d+))?"
            seconds = False
            continue
        if piece in _GO:
            following = layout[match.end() : match.end() + 2]
            parts.append(_GO[piece].format(at))
            seconds = piece in ("05", "5")
            if seconds and not re.match(r"[.,][09]", following):
                parts.append(rf"(?:[.,](?P<fraction_{at}f>\d+))?")
            continue
        parts.append(r"\s+" if piece == " " else re.escape(piece))
    return Layout((), re.compile("".join(parts), re.IGNORECASE | re.ASCII), LOCALES["en"])


def by(layout: Layout, zone: tzinfo) -> Callable[[Any], int]:
    """A reader of one time."""

    def parse(value: Any) -> int:
        text = text_of(value)
        try:
            return layout.parse(text, zone).nanoseconds
        except LayoutError:
            raise Failed("the time does not fit the layout") from None
        except OverflowError:
            raise Failed("no such day") from None

    return parse


def _epoch(layout: str) -> Callable[[Any], int]:
    if layout not in _EPOCHS:
        raise OperatorError(f"invalid epoch layout {layout!r}: {', '.join(_EPOCHS)}")
    power = 10 ** _EPOCHS[layout]

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, str | int | float | bytes):
            raise Failed("no number")
        try:
            return int(Decimal(text_of(value) if isinstance(value, str | bytes) else repr(value)) * power)
        except (InvalidOperation, ValueError, OverflowError):
            raise Failed("no number") from None

    return parse
