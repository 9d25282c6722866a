"""Batches of the outbox that are too large to be held at once: written by an older logboom, or under larger limits.

The Arrow stream of a table is read one column after the other, so that beside the bytes of the entry never more is held
than one column of it and the rows that are wanted. A piece costs the decompression of the whole entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.ipc

from collector.batch import LogBatch
from collector.columns import tables
from collector.ledger.codec import EMPTY, decode_batch, frame_of, reading, streams

MOST_RECORDS, MOST_BYTES = 32_768, 32 << 20
"""Of an outbox entry as it is written, and of a piece: what delivery has in hand at once."""
_PLAIN_BYTES = 1 << 20  # smaller entries are decoded without a look at their size
_WHOLE_BYTES = 2 * MOST_BYTES  # Arrow's text takes more than what polars says of it
_LEVELS = (
    ("resource", "resources", "resource_attributes"),
    ("scope", "scopes", "scope_attributes"),
    ("payload", "payloads", ""),
)
T = TypeVar("T")
_Rows = npt.NDArray[np.int64]


def open_batch(data: bytes, records: int) -> LogBatch | StoredBatch:
    """The batch of an outbox entry, or what gives it in pieces. Raises `Damaged`."""
    if records <= MOST_RECORDS and len(data) <= _PLAIN_BYTES:
        return decode_batch(data)
    with reading():
        return _held(data, records)


class StoredBatch:
    """A batch that stays encoded. `len` is the number of records; `size_bytes`: what it holds, with a piece of it.

    Args:
        heights: table → rows.
        memory_bytes: of all of it, decoded.
    """

    def __init__(self, data: bytes, heights: dict[str, int], memory_bytes: int) -> None:
        self._streams = dict(streams(data))
        self._heights = heights
        self.size_bytes = len(data) + MOST_BYTES
        self.piece_records = max(1, min(MOST_RECORDS, len(self) * MOST_BYTES // max(1, memory_bytes)))

    def __len__(self) -> int:
        return self._heights["records"]

    def piece(self, start: int) -> LogBatch:
        """`piece_records` records from `start` on, fewer at the end, with what belongs to them. Raises `Damaged`."""
        try:
            with reading():
                return self._piece(np.arange(start, min(start + self.piece_records, len(self)), dtype=np.int64))
        finally:
            pa.default_memory_pool().release_unused()

    def _piece(self, rows: _Rows) -> LogBatch:
        records = self._rows("records", rows)
        parts: dict[str, Any] = {
            "attributes": self._owned("attributes", rows, len(self)),
            "derived": self._rows("derived", rows),
        }
        for level, table, owned in _LEVELS:
            used = records.get_column(level).drop_nulls().unique().sort().to_numpy().astype(np.int64)
            parts[table] = self._rows(table, used)
            if owned:
                parts[owned] = self._owned(owned, used, self._heights[table])
            positions = pl.Series(_places(used, self._heights[table])).gather(records.get_column(level))
            records = records.with_columns(positions.cast(pl.UInt32).alias(level))
        return LogBatch(records, **parts)

    def _rows(self, table: str, rows: _Rows) -> pl.DataFrame:
        stream, wanted = self._streams[table], pa.array(rows)
        if stream is None:
            return EMPTY[table]
        return pl.concat(_each_column(stream, lambda column: frame_of(column.take(wanted))), how="horizontal")

    def _owned(self, table: str, owners: _Rows, height: int) -> pl.DataFrame:
        """The attributes of these owners, which are numbered anew."""
        stream = self._streams[table]
        if stream is None:
            return EMPTY[table]
        places = _places(owners, height)
        (of,) = _each_column(stream, lambda column: column.column(0).to_numpy(), "owner")
        return tables.renumbered(self._rows(table, np.flatnonzero(places[of] >= 0)), places)


def _held(data: bytes, records: int) -> LogBatch | StoredBatch:
    """All of it, as long as that is not too much."""
    sizes = {table: [(0, 0)] if stream is None else _each_column(stream, _size) for table, stream in streams(data)}
    size = sum(bytes_ for columns in sizes.values() for _, bytes_ in columns)
    if records <= MOST_RECORDS and size <= _WHOLE_BYTES:
        return decode_batch(data)
    return StoredBatch(data, {table: columns[0][0] for table, columns in sizes.items()}, size)


def _each_column(stream: pa.Buffer, look: Callable[[Any], T], *only: str) -> list[T]:
    """What is seen of each column of a table, or only of some; no two of them are in memory."""
    names = pa.ipc.open_stream(stream).schema.names
    return [look(_column(stream, number)) for number, name in enumerate(names) if name in only or not only]


def _column(stream: pa.Buffer, number: int) -> Any:
    options = pa.ipc.IpcReadOptions(included_fields=[number], use_threads=False)
    return pa.ipc.open_stream(stream, options=options).read_all()


def _size(column: Any) -> tuple[int, int]:
    return column.num_rows, column.nbytes


def _places(rows: _Rows, height: int) -> _Rows:
    """Old position → new one, -1 for what is left out."""
    places = np.full(height, -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    return places
