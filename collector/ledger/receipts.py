"""What exporters remember of their destinations, by key: the ticket of an issue, the message of a thread. It commits with the acknowledgement
of the records that it came from.

    r exporter ␀ domain ␀ key ␀ ▒   u64: until when it is kept, ms; then the value, in chunks
    t u64 r's key                   empty: the same by time, to forget it

A key of more than `_LONGEST_KEY` bytes stands as a hash. All of them together have a budget; above it those go that would go first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import xxhash

from collector.disk.chunks import delete_chunks, get_chunks, put_chunks
from collector.disk.environment import Transaction
from collector.ledger.interface import Ack
from collector.ledger.tables import U64, Tables, get_u64, key, put_u64, rows
from collector.outcomes import ReceiptKey

_KEPT, _BY_TIME = b"r", b"t"
_HASHED = b"\xff"  # no text begins so
_LONGEST_KEY = 120
_TOTAL = b"receipt_bytes"  # in `partition`
_AT_ONCE = 1000


def receipts(txn: Transaction, tables: Tables, exporter: str, names: Iterable[ReceiptKey]) -> dict[ReceiptKey, bytes]:
    """The values of those of `names` that there are."""
    found: dict[ReceiptKey, bytes] = {}
    for name in names:
        value = get_chunks(txn, tables.receipts, row_of(exporter, name))
        if value is not None:
            found[name] = bytes(value[U64.size :])
    return found


def write(txn: Transaction, tables: Tables, exporter: str, ack: Ack, now_unix_ms: int, budget_bytes: int) -> None:
    """Those of an acknowledgement; None forgets."""
    until = now_unix_ms + int(ack.receipts_for_secs * 1000)
    for name, value in ack.receipts.items():
        _delete(txn, tables, row_of(exporter, name))
        if value is not None:
            _put(txn, tables, row_of(exporter, name), until, value)
    if ack.receipts and _held(txn, tables) > budget_bytes:
        _forget(txn, tables, until=(1 << 63), above=budget_bytes)


def has_old(txn: Transaction, tables: Tables, now_unix_ms: int) -> bool:
    """Whether `forget_old` has something to do."""
    first = next(rows(txn, tables.receipts, _BY_TIME), None)
    return first is not None and _time_of(first[0]) <= now_unix_ms


def forget_old(txn: Transaction, tables: Tables, now_unix_ms: int) -> None:
    """What is kept no longer, some of it at a time."""
    _forget(txn, tables, until=now_unix_ms, above=-1)


class Receipt(NamedTuple):
    """What an exporter remembers. `row`: its key."""

    domain: str
    row: bytes
    until_unix_ms: int
    value: bytes


def each(txn: Transaction, tables: Tables) -> Iterator[Receipt]:
    """All that exporters remember."""
    for row_key, _ in rows(txn, tables.receipts, _BY_TIME):
        row = bytes(row_key[len(_BY_TIME) + U64.size :])
        value = get_chunks(txn, tables.receipts, row)
        if value is not None:
            domain = row[len(_KEPT) :].split(b"\0", 2)[1].decode()
            yield Receipt(domain, row, int(U64.unpack(value[: U64.size])[0]), value[U64.size :])


def put(txn: Transaction, tables: Tables, receipt: Receipt) -> None:
    """Write it as it was."""
    _delete(txn, tables, receipt.row)
    _put(txn, tables, receipt.row, receipt.until_unix_ms, receipt.value)


def forget_exporter(txn: Transaction, tables: Tables, exporter: str) -> None:
    """All of an exporter that is gone for good."""
    _delete_all(txn, tables, lambda place: place[0] == exporter.encode())


def forget_domain(txn: Transaction, tables: Tables, domain: str) -> None:
    """All that exporters remember of a domain."""
    _delete_all(txn, tables, lambda place: place[1] == domain.encode())


def _delete_all(txn: Transaction, tables: Tables, meant: Callable[[list[bytes]], bool]) -> None:
    found = [bytes(row_key[1 + U64.size :]) for row_key, _ in rows(txn, tables.receipts, _BY_TIME)]
    for row in found:
        if meant(row[len(_KEPT) :].split(b"\0", 2)):
            _delete(txn, tables, row)


def _forget(txn: Transaction, tables: Tables, *, until: int, above: int) -> None:
    """The first to go, up to a time, while more is held than `above`."""
    old = [bytes(row_key) for row_key, _ in islice(rows(txn, tables.receipts, _BY_TIME), _AT_ONCE)]
    for row_key in old:
        if _time_of(row_key) > until or _held(txn, tables) <= above:
            return
        _delete(txn, tables, row_key[1 + U64.size :])


def _put(txn: Transaction, tables: Tables, row: bytes, until: int, value: bytes) -> None:
    put_chunks(txn, tables.receipts, row, U64.pack(until) + value)
    txn.put(_BY_TIME + U64.pack(until) + row, b"", db=tables.receipts)
    put_u64(txn, tables.partition, _TOTAL, _held(txn, tables) + _size(row, value))


def _delete(txn: Transaction, tables: Tables, row: bytes) -> None:
    value = get_chunks(txn, tables.receipts, row)
    if value is None:
        return
    delete_chunks(txn, tables.receipts, row)
    txn.delete(_BY_TIME + value[: U64.size] + row, db=tables.receipts)
    put_u64(txn, tables.partition, _TOTAL, _held(txn, tables) - _size(row, value[U64.size :]))


def _size(row: bytes, value: bytes) -> int:
    return 2 * len(row) + len(value) + 2 * U64.size


def _held(txn: Transaction, tables: Tables) -> int:
    return get_u64(txn, tables.partition, _TOTAL)


def _time_of(row_key: bytes) -> int:
    return int(U64.unpack(row_key[1 : 1 + U64.size])[0])


def row_of(exporter: str, name: ReceiptKey) -> bytes:
    """The key of what an exporter remembers under a name."""
    domain, subject = name
    text = subject.encode()
    if len(text) > _LONGEST_KEY or b"\0" in text:
        text = _HASHED + xxhash.xxh3_128_hexdigest(text).encode()
    return _KEPT + key(exporter, domain, text, b"")  # ends with a zero byte: none is the beginning of another
