"""`time_parser`: the time of an entry out of a field."""

from __future__ import annotations

import numpy as np
import polars as pl

from collector.stanza.columns import Rows, taken
from collector.stanza.fields import field_of
from collector.stanza.frame import Frame
from collector.stanza.operation import Done, Options, done
from collector.stanza.operators.parsing import by_distinct, texts
from collector.stanza.problems import Failed, OperatorError

_MOST = (1 << 63) - 1


class TimeParser:
    """A time without a zone is in `location`, UTC unless that is set."""

    def __init__(self, options: Options) -> None:
        from collector.stanza.layouts import time_layout

        if not options.has("parse_from"):
            raise OperatorError("missing required field 'parse_from'")
        self._from = field_of(options.take("parse_from"))
        options.flag("preserve_to")
        kind = options.take("layout_type", "strptime")
        layout = options.take("layout", "")
        if not layout:
            raise OperatorError("missing required field 'layout'")
        self._layout = time_layout(str(kind), str(layout), str(options.take("location", "")))

    def apply(self, frame: Frame, rows: Rows) -> Done:
        column = frame.get(self._from, rows)
        plain = texts(column)
        times = self._layout.fast(plain) if plain is not None and len(rows) > 1 else None
        failed = np.zeros(len(rows), dtype=np.bool_)
        slow = np.arange(len(rows)) if times is None else times.is_null().arg_true().to_numpy()
        known = np.zeros(len(rows), dtype=np.int64) if times is None else times.fill_null(0).to_numpy().copy()
        if len(slow):
            found = by_distinct(taken(column, slow), self._layout.parse)
            failed[slow] = [type(each) is Failed or not 0 <= each <= _MOST for each in found]
            known[slow] = [0 if bad else each for each, bad in zip(found, failed[slow].tolist(), strict=True)]
        good = (~failed).nonzero()[0]
        if len(good):
            values = pl.Series(known[good].astype(np.uint64))
            frame.put_field(
                "time_unix_nano", rows[good], values, pl.Series([None], dtype=pl.UInt64).new_from_index(0, frame.height)
            )
        return done(rows, failed, "the time can't be read")
