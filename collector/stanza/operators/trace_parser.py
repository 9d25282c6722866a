"""`trace_parser` and `scope_name_parser`: ids of trace and span, and the logger's name, out of fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from collector.stanza.absent import ABSENT
from collector.stanza.columns import Rows, items
from collector.stanza.fields import Field, field_of
from collector.stanza.frame import Frame
from collector.stanza.operation import Done, Options, done
from collector.stanza.problems import OperatorError

_SIZES = {"trace_id": 16, "span_id": 8, "trace_flags": 1}
_COLUMNS = {"trace_id": "trace_id", "span_id": "span_id", "trace_flags": "flags"}


class TraceParser:
    """Ids are hexadecimal; one that is not there is passed over, if any of the others is."""

    def __init__(self, options: Options) -> None:
        self._from: dict[str, Field] = {}
        for name in _SIZES:
            given = options.take(name)
            place = given.get("parse_from") if isinstance(given, Mapping) else given
            if given is not None and place is None:
                raise OperatorError(f"{name} needs parse_from")
            if place is not None:
                self._from[name] = field_of(place)
        if not self._from:
            raise OperatorError("missing 'trace_id', 'span_id' or 'trace_flags'")

    def apply(self, frame: Frame, rows: Rows) -> Done:
        failed = np.zeros(len(rows), dtype=np.bool_)
        for name, field in self._from.items():
            values = [_bytes(value, _SIZES[name]) for value in items(frame.get(field, rows))]
            bad = np.fromiter((value is None for value in values), dtype=np.bool_, count=len(rows))
            there = np.fromiter((bool(value) for value in values), dtype=np.bool_, count=len(rows))
            failed |= bad
            good = [value for value in values if value]
            if not good:
                continue
            if name == "trace_flags":
                column = pl.Series([value[0] for value in good], dtype=pl.UInt32)
            else:
                column = pl.Series(good, dtype=pl.Binary)
            empty = pl.Series([None], dtype=column.dtype).new_from_index(0, frame.height)
            frame.put_field(_COLUMNS[name], rows[there], column, empty)
        return done(rows, failed, "an id of trace or span can't be read")


def _bytes(value: Any, size: int) -> bytes | None:
    """Empty where there is nothing; None: no id."""
    if value is ABSENT or value == "":
        return b""
    try:
        read = bytes.fromhex(value) if isinstance(value, str) else bytes(value)
    except (ValueError, TypeError):
        return None
    return read if len(read) == size else None


class ScopeNameParser:
    """The name of the instrumentation scope."""

    def __init__(self, options: Options) -> None:
        self._from = field_of(options.take("parse_from", "body"))

    def apply(self, frame: Frame, rows: Rows) -> Done:
        values = items(frame.get(self._from, rows))
        failed = np.fromiter((type(value) is not str for value in values), dtype=np.bool_, count=len(rows))
        good = [value for value in values if type(value) is str]
        if good:
            empty = pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
            frame.put_field("scope_name", rows[~failed], pl.Series(good, dtype=pl.String), empty)
        return done(rows, failed, f"{self._from} is no text")
