"""`syslog_parser`: RFC 5424 and RFC 3164."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
import polars as pl

from collector.ottl.plain.strptime import LayoutError, zone_of
from collector.reserved import MALFORMED
from collector.stanza.absent import ABSENT
from collector.stanza.columns import Column, Rows, items, present, taken
from collector.stanza.fields import field_of
from collector.stanza.frame import Frame
from collector.stanza.operation import Done, Options, done
from collector.stanza.operators.parsing import Embedded
from collector.stanza.operators.syslog_columns import Read, nulls, read_3164, read_5424
from collector.stanza.operators.syslog_data import packed, structured
from collector.stanza.problems import OperatorError

_NUMBERS = pl.Series([21, 19, 18, 17, 13, 10, 9, 5], dtype=pl.Int64)
_WORDS = pl.Series(["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"])
_NO_TEXT, _NO_LENGTH = "the field is no text", "the message does not begin with its length"


class SyslogParser:
    """Time and level go to the record, the rest where `parse_to` says.

    `best_effort`, which the Collector does not have, keeps what stands in front of what can't be read.
    """

    def __init__(self, options: Options) -> None:
        self._from = field_of(options.take("parse_from", "body"))
        self._to = field_of(options.take("parse_to", "attributes"))
        self._embedded = Embedded(options)
        self._protocol = str(options.take("protocol", "")).lower()
        if self._protocol not in ("rfc3164", "rfc5424"):
            raise OperatorError(f"unsupported protocol {self._protocol!r}: rfc3164 or rfc5424")
        try:
            self._zone: tzinfo = zone_of(str(options.take("location", "UTC")))
        except LayoutError as error:
            raise OperatorError(str(error)) from None
        self._skips = options.flag("allow_skip_pri_header")
        self._best_effort = options.flag("best_effort")
        self._counted = options.flag("enable_octet_counting")
        self._most = options.number("max_octets", 8192)
        self._trailer = _trailer(options.take("non_transparent_framing_trailer"), self._protocol, counted=self._counted)

    def apply(self, frame: Frame, rows: Rows) -> Done:
        bare, problems = self._bare(_texts(frame.get(self._from, rows)))
        read = self._read(bare)
        reasons = problems.zip_with(problems.is_not_null(), read.reasons)
        failed = reasons.is_not_null().to_numpy()
        self._put(frame, rows, np.arange(len(rows)) if self._best_effort else (~failed).nonzero()[0], read)
        if self._best_effort and failed.any():
            _mark(frame, rows, reasons)
        also, why = self._embedded.apply(frame, rows[~failed])
        reason = reasons.drop_nulls()[0] if failed.any() else why
        return done(rows, failed | np.isin(rows, also) if len(also) else failed, reason)

    def _read(self, texts: pl.Series) -> Read:
        if self._protocol == "rfc5424":
            return read_5424(texts, skips=self._skips)
        return read_3164(texts, self._zone, skips=self._skips)

    def _bare(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Messages without what frames them, and why one has none of that."""
        problems = nulls(len(texts))
        if texts.null_count():
            problems = problems.set(texts.is_null(), _NO_TEXT)
            texts = texts.fill_null("")
        if self._counted:
            sizes = texts.str.extract(r"^(\d{1,9}) ").cast(pl.Int64)
            problems = problems.set(sizes.is_null() & problems.is_null(), _NO_LENGTH)
            long = (sizes > self._most).fill_null(False)
            if long.any():
                was = sizes.filter(long)[0]
                reason = f"message too long to parse. was size {was}, max length {self._most}"
                problems = problems.set(long, reason)
            return texts.str.replace(r"^\d{1,9} ", ""), problems
        return texts.str.strip_suffix(self._trailer) if self._trailer else texts.str.strip_chars_end("\r\n"), problems

    def _put(self, frame: Frame, rows: Rows, kept: Rows, read: Read) -> None:
        here = rows[kept]
        columns: dict[str, Column] = {name: taken(column, kept) for name, column in read.columns.items()}
        priority = columns["priority"]
        assert isinstance(priority, pl.Series)
        columns["facility"] = priority // 8
        data = read.data.gather(kept)
        if data.null_count() < len(data):
            self._put_data(frame, here, columns, data)
        self._write(frame, here, columns)
        _tell(frame, here, read.times.gather(kept), priority % 8)

    def _put_data(self, frame: Frame, rows: Rows, columns: dict[str, Column], data: pl.Series) -> None:
        """Structured data: maps, which stay serialised where they are attributes."""
        if self._to.root == "attributes" and not self._to.keys:
            at = data.is_not_null().arg_true()
            values = nulls(len(data), pl.Binary()).scatter(at, packed(data.gather(at)))
            frame.attributes.pack("structured_data", rows, values)
        else:
            columns["structured_data"] = [ABSENT if text is None else structured(text) for text in data.to_list()]

    def _write(self, frame: Frame, rows: Rows, columns: dict[str, Column]) -> None:
        if self._to.root == "body" or self._to.keys:
            lists = [items(column) for column in columns.values()]
            maps = [_there(dict(zip(columns, values, strict=True))) for values in zip(*lists, strict=True)]
            frame.set(self._to, rows, list(maps))
            return
        table = frame.table(self._to.root)
        for key, column in columns.items():
            there = present(column)
            if there.all():
                table.set(key, rows, column)
            elif there.any():
                chosen = there.nonzero()[0]
                table.set(key, rows[chosen], taken(column, chosen))


def _trailer(given: Any, protocol: str, *, counted: bool) -> str:
    if given not in (None, "LF", "NUL"):
        raise OperatorError("non_transparent_framing_trailer is LF or NUL")
    if protocol == "rfc3164" and (counted or given):
        raise OperatorError("octet counting and trailers are of rfc5424")
    if counted and given:
        raise OperatorError("a message is counted or has a trailer")
    return {"LF": "\n", "NUL": "\0", None: ""}[given]


def _texts(values: Column) -> pl.Series:
    """Null where it is no text."""
    if isinstance(values, pl.Series) and values.dtype == pl.String:
        return values
    found = [
        value if type(value) is str else value.decode("utf-8", "replace") if type(value) is bytes else None
        for value in items(values)
    ]
    return pl.Series(found, dtype=pl.String)


def _mark(frame: Frame, rows: Rows, reasons: pl.Series) -> None:
    """Why a record is no message, unless it is told already that its frame was none."""
    told = frame.attributes.get(MALFORMED)
    new = reasons.is_not_null().to_numpy() & ~present(told)[rows]
    frame.attributes.set(MALFORMED, rows[new], reasons.filter(pl.Series(new)))


def _there(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not ABSENT}


def _tell(frame: Frame, rows: Rows, times: pl.Series, severity: pl.Series) -> None:
    """Time and level of records, where they say one."""
    timed = times.is_not_null()
    if timed.any():
        frame.put_field("time_unix_nano", rows[timed.to_numpy()], times.filter(timed), nulls(frame.height, pl.UInt64()))
    leveled = severity.is_not_null()
    if leveled.any():
        at = severity.filter(leveled)
        here = rows[leveled.to_numpy()]
        frame.put_field("severity_number", here, _NUMBERS.gather(at), nulls(frame.height, pl.Int64()))
        frame.put_field("severity_text", here, _WORDS.gather(at), nulls(frame.height))
