"""Record ids: 26 characters of Crockford base32, sorted by time, the same at every replay.

    0         10          21    26
    ├─ time ──┼── entry ──┼─row─┤
    50 bits   55 bits     25 bits
    receive   xxh3 of     position in the
    time, ms  the entry's payload, in
    in UTC    name        wire order

The name of an entry is (journal id, domain, offset): a wiped data directory has another journal id, so its ids never
come back. Destinations that key on the record id store a record once, however often it is sent.

What was read from a log that somebody else keeps (`collector.journal.provenance`) has, whoever reads it and however it is cut, the same ids:
the time is when it was put there, if that is at most a day before it came here; the name is (source, domain, block of 256 messages), and
the row says which message of the block (8 bits) and which record of it (17).

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
from collector.journal.provenance import provenance_of

_DIGITS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_STAMP_CHARACTERS, _NAME_CHARACTERS, _ROW_CHARACTERS = 10, 11, 5
_BLOCK_BITS, _OF_MESSAGE_BITS = 8, 17
_OLDEST_MS = 86_400_000
_CACHED_ROWS = 1 << 17


def record_ids(entries: Sequence[Entry], payload: npt.NDArray[np.uint32]) -> pl.Series:
    """The id of each record; `payload` holds its position in `entries`, ascending, each entry's records in wire order. Those
    of a piece are numbered as in the whole payload."""
    entry_parts = pl.Series([entry_part(entry) for entry in entries], dtype=pl.String)
    first_row = np.searchsorted(payload, np.arange(len(entries)))
    start = np.array([entry.first for entry in entries], dtype=np.int64) - first_row
    row = np.arange(len(payload)) + start[payload]
    row_parts = _row_parts(int(row.max(initial=0)) + 1)
    ids = (entry_parts.gather(pl.Series(payload)) + row_parts.gather(pl.Series(row))).alias("record_id")
    ends = np.append(first_row[1:], len(payload))
    placed = [at for at, one in enumerate(entries) if one.provenance and _is_told(one, int(ends[at] - first_row[at]))]
    if not placed:
        return ids
    rows = np.concatenate([np.arange(first_row[at], ends[at]) for at in placed])
    return ids.scatter(pl.Series(rows), _placed_ids([entries[at] for at in placed]))


def _is_told(entry: Entry, rows: int) -> bool:
    return 0 < rows == entry.records and entry.first + rows <= provenance_of(entry.provenance).records


def _placed_ids(entries: Sequence[Entry]) -> pl.Series:
    """Of entries that tell where their records stood."""
    which, message, row, unix_ms = _places(entries)
    received = np.array([entry.received_unix_ms for entry in entries])[which]
    stamp = np.where((received - _OLDEST_MS <= unix_ms) & (unix_ms <= received), unix_ms, received)
    names = np.stack((which, message >> _BLOCK_BITS, row >> _OF_MESSAGE_BITS))
    begins = np.append(True, (names[:, 1:] != names[:, :-1]).any(axis=0))
    blocks = np.array([_block(entries[at], *place) for at, *place in names[:, begins].T.tolist()], dtype=np.int64)
    numbers = (message & (1 << _BLOCK_BITS) - 1) << _OF_MESSAGE_BITS | row & (1 << _OF_MESSAGE_BITS) - 1
    parts = ((stamp, _STAMP_CHARACTERS), (blocks[begins.cumsum() - 1], _NAME_CHARACTERS), (numbers, _ROW_CHARACTERS))
    return _as_series(np.concatenate([_digits(values, characters) for values, characters in parts], axis=1))


def _places(entries: Sequence[Entry]) -> Sequence[npt.NDArray[np.int64]]:
    """Of each record: its entry, the offset of its message, its place in that, and when that was put there."""
    told = [provenance_of(entry.provenance) for entry in entries]
    found = [(at, *each) for at, provenance in enumerate(told) for each in provenance.stretches if each.records]
    _, _, messages, each, _ = stretches = np.array(found, dtype=np.int64).T
    rows = messages * each
    which, offset, _, each, unix_ms = np.repeat(stretches, rows, axis=1)
    number = np.arange(len(which))
    within = number - np.repeat(rows.cumsum() - rows, rows)
    wholes = np.array([provenance.records for provenance in told])
    of_entry = number - (wholes.cumsum() - wholes)[which]
    first, records = np.array([(entry.first, entry.records) for entry in entries], dtype=np.int64)[which].T
    mine = (of_entry >= first) & (of_entry < first + records)
    return [values[mine] for values in (which, offset + within // each, within % each, unix_ms)]


def _block(entry: Entry, block: int, beyond: int) -> int:
    source = provenance_of(entry.provenance).source
    return xxhash.xxh3_64_intdigest(f"{source}\0{entry.domain}\0{block}\0{beyond}".encode()) >> 64 - ENTRY_BITS


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
    return _as_series(_digits(np.arange(rows), _ROW_CHARACTERS))


def _digits(values: npt.NDArray[np.int64], characters: int) -> npt.NDArray[np.uint8]:
    """A row of so many for each number."""
    found: npt.NDArray[np.uint8] = _DIGITS[values[:, None] >> np.arange(5 * (characters - 1), -1, -5) & 31]
    return found


def _as_series(texts: npt.NDArray[np.uint8]) -> pl.Series:
    rows, characters = texts.shape
    fixed = pa.Array.from_buffers(pa.binary(characters), rows, [None, pa.py_buffer(texts.tobytes())])
    return pl.Series(pl.from_arrow(fixed.cast(pa.binary()).cast(pa.string())))
