"""The tables of a partition and the shape of their keys. One LMDB environment holds them all.

    table         key                                     value
    partition     name                                    u64: number, partitions, next_seq, next_dead, dead_bytes,
                                                          state_bytes
                  "begun " key of a cursor                u64, u64: the entry behind it, and how many of its records are done
                  "share " exporter ␀ pipeline ␀ seq      u64: bytes in the queue, of a pipeline with a share of its own
                  "replay " id                            empty: this dead letter is to be tried again by its pipeline
    pipelines     pipeline                                JSON: receivers, exporters, where it starts, when it was removed
    applied       pipeline                                id of the last `Read` that was committed
    cursors       journal ␀ pipeline ␀ domain             u64: the highest offset passed
    holds         journal ␀ domain ␀ offset seq           empty: an outbox entry refers to this journal entry
    component_state  component ␀ domain ␀ name            0 value, or 1 and the u64 size of one that stands in `blobs`; 2, 3: the
                                                          same, encrypted
    blobs         xxh3-128 of the state's key ▒           value over one page
    state_bytes   domain ␀ component                      u64: names and values that it holds
    timers        kind, component, domain, name           when components are due (`collector.ledger.timers`)
    owners        component                               u64: when it left the configuration, ms; 0 = it is there
    state         pipeline ␀ processor ␀ key              what older versions kept; empty (`collector.ledger.former_state`)
    counts        domain ␀ component ␀ outcome            u64
    digests       pipeline ␀ domain ␀ ms read-id number   20 bytes for each payload: xxh3-128, u32 length
    outbox        seq ▒                                   JSON: pipelines, records, bytes, domains, exporters
    content       seq ▒                                   the batch (codec), or references into journals
    queues        exporter ␀ seq                          records, bytes, created ms, spilled: present = not acknowledged
    receipts      kind, exporter, domain, key             what exporters remember (`collector.ledger.receipts`)
    exporters     exporter                                totals of its queue, when it was removed
    dead          id ▒                                    JSON: owner, reason, records, domains
    dead_content  id ▒                                    the batch (codec), or a journal entry

▒ in chunks (`collector.disk.chunks`). Numbers in keys are big endian, so that they sort. The set of acknowledged
ranges of an exporter is kept as its complement, the rows of `queues`: an acknowledgement deletes a row, and a repeated
one finds nothing to count.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from collector.disk.environment import Database, Environment, Transaction

KIND = "partition"
FORMAT_VERSION = 4
OLDEST_FORMAT = 1
"""Its contents had no checksums (`collector.ledger.codec`); up to 2, state belonged to a pipeline's processor; up to 3, nobody fed
a pipeline: what left it was counted as `enqueued`, and dead letters were payloads or an exporter's."""
U64 = struct.Struct(">Q")
MAX_KEY_BYTES = 511 - 4  # LMDB's limit, less the number of a chunk


@dataclass(frozen=True, slots=True)
class Tables:
    """The open handles."""

    partition: Database
    pipelines: Database
    applied: Database
    cursors: Database
    holds: Database
    component_state: Database
    blobs: Database
    state_bytes: Database
    timers: Database
    owners: Database
    state: Database
    counts: Database
    digests: Database
    outbox: Database
    content: Database
    queues: Database
    receipts: Database
    exporters: Database
    dead: Database
    dead_content: Database

    @classmethod
    def of(cls, environment: Environment) -> Tables | None:
        """All tables; a writer makes those that are missing, a reader gets None until the writer has."""
        opened: dict[str, Any] = environment.dbs(field.name for field in fields(cls))
        return None if any(table is None for table in opened.values()) else cls(**opened)


def create_partition(path: Path, max_bytes: int) -> None:
    """Make what is missing of a partition's files, so that readers find them before its first owner starts.

    Raises:
        Locked: a process holds it (then it is there).
        StorageError: the files can't be made or used.
    """
    with Environment.create(path, max_bytes, KIND, FORMAT_VERSION, OLDEST_FORMAT) as environment:
        Tables.of(environment)


def key(*parts: str | bytes) -> bytes:
    """Parts joined by a zero byte; names hold none, so that no key is the beginning of another's part."""
    return b"\0".join(part.encode() if isinstance(part, str) else part for part in parts)


def names(row_key: bytes) -> list[str]:
    """The parts of a key made of names alone."""
    return row_key.decode().split("\0")


def get_u64(txn: Transaction, table: Database, row_key: bytes, default: int = 0) -> int:
    """A number, `default` where there is none."""
    value = txn.get(row_key, db=table)
    return default if value is None else int(U64.unpack(value)[0])


def put_u64(txn: Transaction, table: Database, row_key: bytes, value: int) -> None:
    """Write a number."""
    txn.put(row_key, U64.pack(value), db=table)


def rows(txn: Transaction, table: Database, prefix: bytes, start: bytes | None = None) -> Any:
    """(key, value) of the rows under `prefix`, from `start` on, in order. The table must not change meanwhile."""
    cursor = txn.cursor(db=table)
    if not cursor.set_range(prefix if start is None else start):
        return
    for row_key, value in cursor.iternext():
        if not row_key.startswith(prefix):
            return
        yield row_key, value
