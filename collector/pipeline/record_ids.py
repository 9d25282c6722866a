"""Record ids: 26 characters of Crockford base32, sorted by time, the same at every replay.

    0         10          21    26
    ├─ time ──┼── entry ──┼─row─┤
    50 bits   55 bits     25 bits
    receive   xxh3 of     position in the
    time, ms  the entry's payload, in
    in UTC    name        wire order

The name of an entry is (journal id, domain, offset): a wiped data directory has another journal id, so its ids never
come back. Destinations that key on the record id store a record once, however often it is sent.

A record that a component made has the time of the record that it was made of, or the one a tick was due, and instead of an
entry's name (id of that record, or the rule; domain, pipeline, component, kind); its row counts what agrees in all that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import xxhash

from collector.base32 import ALPHABET, ENTRY_BITS, ENTRY_CHARACTERS, digits
from collector.journal.entry import Entry

_DIGITS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_ROW_CHARACTERS = 5
_CACHED_ROWS = 1 << 17


def record_ids(entries: Sequence[Entry], payload: npt.NDArray[np.uint32]) -> pl.Series:
    """The id of each record; `payload` holds its position in `entries`, ascending, each entry's records in wire order. Those
    of a piece are numbered as in the whole payload."""
    entry_parts = pl.Series([entry_part(entry) for entry in entries], dtype=pl.String)
    first_row = np.searchsorted(payload, np.arange(len(entries)))
    start = np.array([entry.first for entry in entries], dtype=np.int64) - first_row
    row = np.arange(len(payload)) + start[payload]
    row_parts = _row_parts(int(row.max(initial=0)) + 1)
    return (entry_parts.gather(pl.Series(payload)) + row_parts.gather(pl.Series(row))).alias("record_id")


def entry_part(entry: Entry) -> str:
    """The first 21 characters: when the entry arrived, and which one it is."""
    return _part(entry.received_unix_ms, f"{entry.journal}\0{entry.domain}\0{entry.offset}")


def made_part(unix_ms: int, source: str, domain: str, pipeline: str, component: str, kind: str) -> str:
    """The first 21 characters of records that a component made.

    Args:
        unix_ms: receipt of the record that they were made of, or when the tick was due.
        source: the id of that record, or the rule that made them.
    """
    return _part(unix_ms, f"{source}\0{domain}\0{pipeline}\0{component}\0{kind}")


def made_ids(parts: pl.Series, rows: npt.NDArray[np.int64]) -> pl.Series:
    """Whole ids of their first 21 characters and rows."""
    return (parts + _row_parts(int(rows.max(initial=0)) + 1).gather(pl.Series(rows))).alias("record_id")


def _part(unix_ms: int, name: str) -> str:
    bits = (unix_ms & (1 << 48) - 1) << ENTRY_BITS | xxhash.xxh3_64_intdigest(name.encode()) >> 64 - ENTRY_BITS
    return digits(bits, ENTRY_CHARACTERS)


def _row_parts(rows: int) -> pl.Series:
    return _numbered(_CACHED_ROWS) if rows <= _CACHED_ROWS else _numbered.__wrapped__(rows)


@lru_cache(maxsize=1)
def _numbered(rows: int) -> pl.Series:
    """0, 1, 2 … as five characters each."""
    shifts = np.arange(5 * (_ROW_CHARACTERS - 1), -1, -5)
    texts = _DIGITS[np.arange(rows)[:, None] >> shifts & 31]
    fixed = pa.Array.from_buffers(pa.binary(_ROW_CHARACTERS), rows, [None, pa.py_buffer(texts.tobytes())])
    return pl.Series(pl.from_arrow(fixed.cast(pa.binary()).cast(pa.string())))
