"""The committed state of processors: keys and values that change only together with a batch.

A value of up to a page stands in its row; a larger one in chunks of `blobs`, found by a hash of its key, so that
`state` itself can be scanned by prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import xxhash

from collector.disk.chunks import CHUNK_BYTES, delete_chunks, get_chunks, put_chunks
from collector.disk.environment import Environment, Transaction
from collector.ledger.tables import MAX_KEY_BYTES, Tables, key, rows

_INLINE, _BLOB = b"\0", b"\1"


class ProcessorState(Mapping[bytes, bytes]):
    """What one processor has committed, read when asked for. Each call sees the newest commit."""

    def __init__(self, environment: Environment, tables: Tables, pipeline: str, processor: str) -> None:
        self._environment = environment
        self._tables = tables
        self._prefix = key(pipeline, processor, b"")

    def __getitem__(self, name: bytes) -> bytes:
        row_key = self._prefix + name
        with self._environment.read() as txn:
            row = txn.get(row_key, db=self._tables.state) if len(row_key) <= MAX_KEY_BYTES else None
            if row is None:
                raise KeyError(name)
            return _value(txn, self._tables, row_key, row)

    def __iter__(self) -> Iterator[bytes]:
        return iter([name for name, _ in self.scan(b"")])

    def __len__(self) -> int:
        with self._environment.read() as txn:
            return sum(1 for _ in rows(txn, self._tables.state, self._prefix))

    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]:
        """The pairs whose key begins with `prefix`, by key."""
        start = len(self._prefix)
        with self._environment.read() as txn:
            found = rows(txn, self._tables.state, self._prefix + prefix)
            return [(row_key[start:], _value(txn, self._tables, row_key, row)) for row_key, row in found]


def check_state_key(pipeline: str, processor: str, name: bytes) -> None:
    """Raises `ValueError` for a key that is too long to be stored."""
    room = MAX_KEY_BYTES - len(key(pipeline, processor, b""))
    if len(name) > room:
        raise ValueError(f"a state key of {len(name)} bytes: at most {room} are possible, use a hash of it")


def put_state(txn: Transaction, tables: Tables, row_key: bytes, value: bytes | None) -> None:
    """Write or delete (None) one value."""
    if txn.get(row_key, db=tables.state, default=_INLINE)[:1] == _BLOB:
        delete_chunks(txn, tables.blobs, _blob_key(row_key))
    if value is None:
        txn.delete(row_key, db=tables.state)
    elif len(value) < CHUNK_BYTES:
        txn.put(row_key, _INLINE + value, db=tables.state)
    else:
        txn.put(row_key, _BLOB, db=tables.state)
        put_chunks(txn, tables.blobs, _blob_key(row_key), value)


def delete_state(txn: Transaction, tables: Tables, prefix: bytes) -> None:
    """Forget all state under `prefix`."""
    for row_key in [row_key for row_key, _ in rows(txn, tables.state, prefix)]:
        put_state(txn, tables, row_key, None)


def _value(txn: Transaction, tables: Tables, row_key: bytes, row: bytes) -> bytes:
    if row[:1] == _BLOB:
        return get_chunks(txn, tables.blobs, _blob_key(row_key)) or b""
    return row[1:]


def _blob_key(row_key: bytes) -> bytes:
    return xxhash.xxh3_128_digest(row_key)
