"""What of a record decides whether it belongs to a sample, as 56 bits for each, a column at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import encode
from collector.columns.tables import ValueKind
from collector.ottl.plain.getters import text
from collector.ottl.plain.places import ATTRIBUTES, Level, Place
from collector.ottl.statements.frame import Frame

Randomness = npt.NDArray[np.int64]
NONE = -1
_BUCKETS = 1 << 14
_OFFSET, _PRIME = 2166136261, 16777619
_TRACE_BYTES = 16


def of_trace_ids(batch: LogBatch) -> Randomness:
    """The last seven bytes of each trace id, as W3C says; `NONE` without one."""
    there, ids = _trace_ids(batch)
    weights = np.left_shift(np.int64(1), np.arange(48, -8, -8, dtype=np.int64))
    return _placed(len(batch), there, (ids[:, 9:].astype(np.int64) * weights).sum(axis=1))


def hashed_trace_ids(batch: LogBatch, seed: int) -> Randomness:
    """The hash of each trace id; `NONE` without one."""
    there, ids = _trace_ids(batch)
    hashes = _seeded(len(ids), seed)
    for position in range(_TRACE_BYTES):
        hashes = _mixed(hashes, ids[:, position])
    return _placed(len(batch), there, _spread(hashes))


def hashed_attribute(batch: LogBatch, key: str, seed: int) -> Randomness:
    """The hash of an attribute, once for each distinct value; `NONE` where it is not there, or says nothing."""
    strings = batch.attribute(key)
    if not strings.null_count():
        coded = encode(strings)
        return _hashed([value.encode() for value in coded.values.to_pylist()], seed)[coded.codes]
    cells = Frame(batch).read(Place(Level.RECORD, ATTRIBUTES, key))
    values = [value if isinstance(value, bytes) else (text(value) or "").encode() for value in cells.values]
    return _hashed(values, seed)[cells.codes]


def said(batch: LogBatch, key: str) -> pl.Series | None:
    """A text attribute of sampling; None where no record has it."""
    column = batch.attribute(key, ValueKind.STRING)
    return None if column.null_count() == len(column) else column


def _trace_ids(batch: LogBatch) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint8]]:
    """Which records have one, and these as rows of bytes."""
    column = batch.column("trace_id")
    there = (column.bin.size() == _TRACE_BYTES).fill_null(False)
    joined = b"".join(column.filter(there).to_list())
    return there.to_numpy(), np.frombuffer(joined, dtype=np.uint8).reshape(-1, _TRACE_BYTES)


def _placed(height: int, there: npt.NDArray[np.bool_], values: Randomness) -> Randomness:
    found = np.full(height, NONE, dtype=np.int64)
    found[there] = values
    return found


def _hashed(values: Sequence[bytes], seed: int) -> Randomness:
    """All values at once, a byte of each at a time."""
    lengths = np.array([len(value) for value in values])
    hashes, data = _seeded(len(values), seed), np.frombuffer(b"".join(values), dtype=np.uint8)
    starts = np.cumsum(lengths) - lengths
    order = np.argsort(-lengths, kind="stable")
    for position in range(int(lengths.max(initial=0))):
        longer = order[: int((lengths > position).sum())]
        hashes[longer] = _mixed(hashes[longer], data[starts[longer] + position])
    return np.where(lengths > 0, _spread(hashes), NONE)


def _seeded(height: int, seed: int) -> npt.NDArray[np.uint64]:
    hashes = np.full(height, _OFFSET, dtype=np.uint64)
    for byte in seed.to_bytes(4, "little"):
        hashes = _mixed(hashes, np.uint64(byte))
    return hashes


def _mixed(hashes: npt.NDArray[np.uint64], byte: npt.NDArray[np.integer] | np.integer) -> npt.NDArray[np.uint64]:
    """FNV-1a, 32 bits."""
    mixed: npt.NDArray[np.uint64] = (hashes ^ byte.astype(np.uint64)) * np.uint64(_PRIME) & np.uint64(0xFFFF_FFFF)
    return mixed


def _spread(hashes: npt.NDArray[np.uint64]) -> Randomness:
    """The 14 bits by which the Collector always decided, in front, and what else there is behind them."""
    whole = hashes.astype(np.int64)
    bucket, unused = whole & (_BUCKETS - 1), whole >> 18
    return (_BUCKETS - 1 - bucket) << 42 | (unused ^ unused << 10) << 14 | bucket
