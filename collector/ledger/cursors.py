"""How far each pipeline has read each journal, by domain; and with that, what a journal may forget."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from collector.disk.environment import Transaction
from collector.ledger.roster import PipelineRecord
from collector.ledger.sources import FLOOR
from collector.ledger.tables import U64, Tables, get_u64, key, names, put_u64, rows

_BEGUN = b"begun "
_PLACE = struct.Struct(">QQ")


def cursor(txn: Transaction, tables: Tables, record: PipelineRecord, journal: str, domain: str) -> int:
    """The highest offset that the pipeline has passed; 0 = none, offsets begin at 1."""
    return get_u64(txn, tables.cursors, key(journal, record.id, domain), record.bases.get(journal, 0))


def positions(txn: Transaction, tables: Tables, pipeline: str, journal: str) -> dict[str, int]:
    """domain → the highest offset passed, of the domains that the pipeline has read."""
    prefix = key(journal, pipeline, b"")
    found = rows(txn, tables.cursors, prefix)
    return {row_key[len(prefix) :].decode(): U64.unpack(value)[0] for row_key, value in found}


def move(
    txn: Transaction,
    tables: Tables,
    pipeline: str,
    position: Mapping[tuple[str, str], int],
    begun: Mapping[tuple[str, str], tuple[int, int]],
) -> None:
    """The pipeline has passed everything up to `position`, and some records of the entries in `begun`."""
    for (journal, domain), offset in position.items():
        put_u64(txn, tables.cursors, key(journal, pipeline, domain), offset)
        row_key = _BEGUN + key(journal, pipeline, domain)
        if (journal, domain) in begun:
            txn.put(row_key, _PLACE.pack(*begun[journal, domain]), db=tables.partition)
        else:
            txn.delete(row_key, db=tables.partition)


def begun(txn: Transaction, tables: Tables, pipeline: str, journal: str) -> dict[str, tuple[int, int]]:
    """domain → (offset, records done) of the entry behind the cursor that the pipeline has taken in part."""
    prefix = _BEGUN + key(journal, pipeline, b"")
    found = rows(txn, tables.partition, prefix)
    return {row_key[len(prefix) :].decode(): _PLACE.unpack(value) for row_key, value in found}


def forget(txn: Transaction, tables: Tables, pipeline: str) -> None:
    """Delete the cursors of a pipeline that is gone for good."""
    for row_key in [row_key for row_key, _ in rows(txn, tables.cursors, b"")]:
        if names(row_key)[1] == pipeline:
            txn.delete(row_key, db=tables.cursors)
            txn.delete(_BEGUN + row_key, db=tables.partition)


def low_watermarks(txn: Transaction, tables: Tables, live: Iterable[PipelineRecord], journal: str) -> dict[str, int]:
    """domain → the highest offset that nobody needs any more; the journal may forget what is up to there.

    The lowest cursor of all live pipelines and the lowest entry that an outbox entry refers to. A pipeline that has
    never read a domain stands at its start there. A domain that is missing here was read by nobody: keep all of it.
    """
    records = list(live)
    read = {record.id: positions(txn, tables, record.id, journal) for record in records}
    domains = {domain for found in read.values() for domain in found}
    lowest = {
        domain: min(read[record.id].get(domain, record.bases.get(journal, 0)) for record in records)
        for domain in domains
    }
    return {domain: min(offset, _held(txn, tables, journal, domain, offset)) for domain, offset in lowest.items()}


def floor(txn: Transaction, tables: Tables, live: Iterable[PipelineRecord], journal: str) -> int:
    """The highest offset up to which nobody needs anything of a journal any more, of whichever domain; 0 = none. For journals whose
    sources keep a floor: the lowest of all live pipelines, and what outbox entries refer to."""
    lowest = [
        get_u64(txn, tables.cursors, key(journal, record.id, FLOOR), record.bases.get(journal, 0)) for record in live
    ]
    held = [U64.unpack(row_key[-16:-8])[0] - 1 for row_key, _ in rows(txn, tables.holds, key(journal, b""))]
    return min([*lowest, *held], default=0) if lowest else 0


def _held(txn: Transaction, tables: Tables, journal: str, domain: str, default: int) -> int:
    """The offset before the first entry that the outbox refers to."""
    first = next(rows(txn, tables.holds, key(journal, domain, b"")), None)
    return default if first is None else int(U64.unpack(first[0][-16:-8])[0]) - 1
