"""The committed state of components: names and values that change only together with a step.

State belongs to a component and a domain. A value of up to a page stands in its row; a larger one in chunks of `blobs`,
found by a hash of its key, so that `component_state` itself can be scanned by prefix. How many bytes each component
holds of each domain is kept beside it (`state_bytes`), changed in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

import xxhash

from collector.component.figures import NAME as FIGURES
from collector.disk.chunks import CHUNK_BYTES, delete_chunks, get_chunks, put_chunks
from collector.disk.environment import Environment, Transaction
from collector.encryption import Keys
from collector.errors import KeyDestroyed, KeysUnavailable
from collector.ledger.interface import StateKey
from collector.ledger.tables import MAX_KEY_BYTES, U64, Tables, get_u64, key, put_u64, rows

_INLINE, _BLOB, _SEALED, _SEALED_BLOB = b"\0", b"\1", b"\2", b"\3"
_BLOBS = (_BLOB, _SEALED_BLOB)
_TOTAL = b"state_bytes"  # in `partition`; `PartitionReader` reads it without this module


class SealedValue(bytes):
    """A value that is encrypted."""


class Budget(NamedTuple):
    """How many bytes of state a partition, and a domain in it, may hold before their owners are told."""

    partition_bytes: int
    domain_bytes: int


class ComponentState(Mapping[bytes, bytes]):
    """What one component has committed of one domain, read when asked for. Each call sees the newest commit."""

    def __init__(
        self,
        environment: Environment,
        tables: Tables,
        component: str,
        domain: str,
        budget: Budget,
        keys: Keys | None = None,
    ) -> None:
        self._environment = environment
        self._tables = tables
        self._owner = (component, domain)
        self._prefix = key(component, domain, b"")
        self._budget = budget
        self._keys = keys

    def __getitem__(self, name: bytes) -> bytes:
        return self.get_many([name])[name]

    def __iter__(self) -> Iterator[bytes]:
        return iter([name for name, _ in self.scan(b"")])

    def __len__(self) -> int:
        with self._environment.read() as txn:
            return sum(1 for _ in rows(txn, self._tables.component_state, self._prefix))

    def get_many(self, names: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those of `names` that there are, in one snapshot."""
        found: dict[bytes, bytes] = {}
        with self._environment.read() as txn:
            for name in names:
                row_key = self._prefix + name
                row = txn.get(row_key, db=self._tables.component_state) if len(row_key) <= MAX_KEY_BYTES else None
                if row is not None:
                    found[name] = _value(txn, self._tables, row_key, row)
        return dict(self._opened(found.items()))

    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]:
        """The pairs whose name begins with `prefix`, by name."""
        start = len(self._prefix)
        with self._environment.read() as txn:
            found = rows(txn, self._tables.component_state, self._prefix + prefix)
            values = [(row_key[start:], _value(txn, self._tables, row_key, row)) for row_key, row in found]
        return list(self._opened(values))

    def _opened(self, values: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        """Without those whose key was destroyed: for their owner they are not there."""
        for name, value in values:
            if not isinstance(value, SealedValue):
                yield name, value
            elif self._keys is None:
                raise KeysUnavailable("what was encrypted is kept here, and nothing says where its keys are")
            else:
                with suppress(KeyDestroyed):
                    yield name, self._keys.open(self._owner[1], _purpose(self._owner[0], name), value)

    def excess_bytes(self) -> int:
        """This component's part of what the domain, or the partition, holds above its budget."""
        with self._environment.read() as txn:
            own = get_u64(txn, self._tables.state_bytes, _sum_key(*self._owner))
            of_domain = rows(txn, self._tables.state_bytes, key(self._owner[1], b""))
            held = sum(U64.unpack(value)[0] for _, value in of_domain)
            total = total_bytes(txn, self._tables)
        return max(_share(own, held, self._budget.domain_bytes), _share(own, total, self._budget.partition_bytes))


def sealed_state(keys: Keys | None, changes: Mapping[StateKey, bytes | None]) -> Mapping[StateKey, bytes | None]:
    """The changes as they are written: of each domain under its lasting key, but for the numbers that everybody reads.

    Raises:
        KeysUnavailable: nothing may be written now.
    """
    if keys is None or not keys.seals:
        return changes
    return {
        state_key: value if value is None or not domain or name == FIGURES
        else SealedValue(keys.seal(domain, _purpose(component, name), value, lasting=True))
        for state_key, value in changes.items()
        for component, domain, name in [state_key]
    }  # fmt: skip


def _purpose(component: str, name: bytes) -> str:
    return f"state|{component}|{name.decode('latin-1')}"


def _share(own: int, held: int, budget: int) -> int:
    """In proportion to what each holds, rounded up."""
    return -(-own * (held - budget) // held) if held > budget else 0


def total_bytes(txn: Transaction, tables: Tables) -> int:
    """Names and values of all components and domains."""
    return get_u64(txn, tables.partition, _TOTAL)


def check_state_key(component: str, domain: str, name: bytes) -> None:
    """Raises `ValueError` for a name that is too long to be stored."""
    room = MAX_KEY_BYTES - len(key(component, domain, b""))
    if len(name) > room:
        raise ValueError(f"a state key of {len(name)} bytes: at most {room} are possible, use a hash of it")


def write_state(txn: Transaction, tables: Tables, changes: Mapping[StateKey, bytes | None]) -> None:
    """Write or delete (None) values, and the sums of what is held."""
    grown: Counter[bytes] = Counter()
    for (component, domain, name), value in changes.items():
        change = _put(txn, tables, key(component, domain, name), value)
        grown[_sum_key(component, domain)] += change
    for row_key, change in grown.items():
        held = get_u64(txn, tables.state_bytes, row_key) + change
        if held:
            put_u64(txn, tables.state_bytes, row_key, held)
        else:
            txn.delete(row_key, db=tables.state_bytes)
    if sum(grown.values()):
        put_u64(txn, tables.partition, _TOTAL, total_bytes(txn, tables) + sum(grown.values()))


def names_of(txn: Transaction, tables: Tables, component: str, limit: int) -> list[StateKey]:
    """Up to `limit` keys of a component, over all its domains."""
    prefix = key(component, b"")
    found = islice(rows(txn, tables.component_state, prefix), limit)
    parts = [bytes(row_key[len(prefix) :]).partition(b"\0") for row_key, _ in found]
    return [(component, domain.decode(), name) for domain, _, name in parts]


def each_value(txn: Transaction, tables: Tables) -> Iterator[tuple[StateKey, bytes]]:
    """All that components keep."""
    for row_key, row in rows(txn, tables.component_state, b""):
        component, domain, name = bytes(row_key).split(b"\0", 2)
        yield (component.decode(), domain.decode(), name), _value(txn, tables, row_key, row)


def domains_of(txn: Transaction, tables: Tables, component: str) -> list[str]:
    """The domains of which a component keeps anything: a seek for each."""
    prefix = key(component, b"")
    found: list[str] = []
    start = prefix
    while (row := next(rows(txn, tables.component_state, prefix, start), None)) is not None:
        domain = bytes(row[0][len(prefix) :]).partition(b"\0")[0]
        found.append(domain.decode())
        start = prefix + domain + b"\1"
    return found


def committed(txn: Transaction, tables: Tables, name: StateKey) -> bytes | None:
    """One value, None when there is none."""
    row_key = key(*name)
    row = txn.get(row_key, db=tables.component_state)
    return None if row is None else _value(txn, tables, row_key, row)


def former_value(txn: Transaction, tables: Tables, row_key: bytes, row: bytes) -> bytes:
    """A value of `state`, the table of older versions: as today, but for the size of one that stands in `blobs`."""
    return _value(txn, tables, row_key, row)


def delete_former(txn: Transaction, tables: Tables, row_key: bytes) -> None:
    """Take a row out of `state`, the table of older versions."""
    if txn.pop(row_key, db=tables.state)[:1] == _BLOB:
        delete_chunks(txn, tables.blobs, _blob_key(row_key))


def _put(txn: Transaction, tables: Tables, row_key: bytes, value: bytes | None) -> int:
    """By how many bytes what is held has grown."""
    before = txn.get(row_key, db=tables.component_state)
    held = 0 if before is None else len(row_key) + _size(before)
    if before is not None and before[:1] in _BLOBS:
        delete_chunks(txn, tables.blobs, _blob_key(row_key))
    if value is None:
        txn.delete(row_key, db=tables.component_state)
        return -held
    inline, blob = (_SEALED, _SEALED_BLOB) if isinstance(value, SealedValue) else (_INLINE, _BLOB)
    if len(value) < CHUNK_BYTES:
        txn.put(row_key, inline + value, db=tables.component_state)
    else:
        txn.put(row_key, blob + U64.pack(len(value)), db=tables.component_state)
        put_chunks(txn, tables.blobs, _blob_key(row_key), value)
    return len(row_key) + len(value) - held


def _size(row: bytes) -> int:
    return int(U64.unpack(row[1:])[0]) if row[:1] in _BLOBS else len(row) - 1


def _value(txn: Transaction, tables: Tables, row_key: bytes, row: bytes) -> bytes:
    flag = row[:1]
    value = get_chunks(txn, tables.blobs, _blob_key(row_key)) or b"" if flag in _BLOBS else bytes(row[1:])
    return SealedValue(value) if flag in (_SEALED, _SEALED_BLOB) else value


def _sum_key(component: str, domain: str) -> bytes:
    return key(domain, component)


def _blob_key(row_key: bytes) -> bytes:
    return xxhash.xxh3_128_digest(row_key)
