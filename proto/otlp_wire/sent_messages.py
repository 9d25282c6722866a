"""Records that leave as they came: the bytes that were sent, with what was added to a record appended.

as it was sent                   its bytes
with attributes on top           its bytes, and a field `attributes` for each: protobuf joins repeated fields that stand apart
with another field               written anew: bytes behind a field would hide what it said, not take it away
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, Codes, distinct_rows, encode
from otlp_wire import columnar
from otlp_wire.record_writing import attribute_field

_MOST_CHANGED = 0.5
"""Share of records above which all are written anew at once."""
FEWEST = 4096
"""Records below which two ways, for what changed and for what did not, cost more than to write all."""


def read_messages(bodies: list[bytes]) -> pl.Series:
    """Each LogRecord of valid payloads, in wire order: Binary."""
    requests = columnar.message_reader().list_to_record_batch(bodies).column(0)
    return pl.Series(pl.from_arrow(requests.values.field("scope_logs").values.field("log_records").values))


def messages(batch: LogBatch, written: Callable[[LogBatch], pl.Series]) -> pl.Series | None:
    """A serialised LogRecord for each record of the batch: Binary; None where it is not known what was sent, or most is another
    now. `written` makes them of records that are."""
    sent = batch.as_sent
    if sent is None:
        return None
    changed = np.flatnonzero(sent.changed(batch.records))
    if len(changed) and (len(batch) < FEWEST or len(changed) > _MOST_CHANGED * len(batch)):
        return None
    found = sent.messages if not batch.derived.width else sent.messages + _added(batch)
    if not len(changed):
        return found
    places = np.arange(len(batch))
    places[changed] = len(batch) + np.arange(len(changed))
    return pl.concat([found, written(batch.gather(pl.Series(changed)))])[places]


def _added(batch: LogBatch) -> pl.Series:
    """The fields `attributes` of the derived attributes of each record: made once for each distinct row of them."""
    keys = batch.derived.columns
    columns = [_coded(batch.derived.get_column(key)) for key in keys]
    codes, first = distinct_rows(columns)
    parts = [_fields(key, column, column.codes[first]) for key, column in zip(keys, columns, strict=True)]
    joined = [b"".join(fields) for fields in zip(*parts, strict=True)]
    return pl.Series(joined, dtype=pl.Binary)[codes.astype(np.int64)]


def _coded(column: pl.Series) -> Coded:
    if column.dtype != pl.Float64:
        return encode(column)
    codes = np.arange(len(column), dtype=np.int32)  # 0.0 and -0.0 are equal, and differ
    return Coded(np.where(column.is_null().to_numpy(), np.int32(-1), codes), column.to_arrow())


def _fields(key: str, column: Coded, codes: Codes) -> list[bytes]:
    values = [*(attribute_field(key, value) for value in column.values.to_pylist()), b""]
    return [values[code] for code in codes.tolist()]
