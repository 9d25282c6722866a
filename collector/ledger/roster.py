"""Which pipelines and exporters there are, and were: kept on disk, so that other processes can tell and none is
forgotten between two configurations.

A pipeline or exporter that leaves the configuration is marked with the time. For `GRACE_SECS` it can come back and goes
on where it stopped; then what was left is counted as dropped and forgotten. A removed pipeline does not keep a journal
from trimming: that would stop the intake of all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import orjson

from collector.disk.chunks import delete_chunks, get_chunks, put_chunks
from collector.disk.environment import Transaction
from collector.ledger.outbox import all_totals, put_totals, totals
from collector.ledger.plan import LedgerPlan, PipelinePlan
from collector.ledger.tables import U64, Tables, get_u64, put_u64, rows
from collector.reserved import RECEIVER

GRACE_SECS = 24 * 3600.0
_SEPARATOR = b"\0"  # ends an id, so that no id is the beginning of another


@dataclass(frozen=True, slots=True)
class PipelineRecord:
    """A pipeline as the partition remembers it.

    Args:
        bases: journal → the highest offset that it skips in domains it has not read; 0 in a journal made later.
        removed_unix_ms: 0 while it is configured.
        unread: domain → records that it had not read when it was removed.
    """

    id: str
    receivers: Sequence[str]
    bases: Mapping[str, int] = field(default_factory=dict)
    removed_unix_ms: int = 0
    unread: Mapping[str, int] = field(default_factory=dict)

    @property
    def reads_data(self) -> bool:
        """Whether it reads the journals of the ingest slots."""
        return set(self.receivers) != {RECEIVER}

    @property
    def reads_control(self) -> bool:
        """Whether it reads the control journal."""
        return RECEIVER in self.receivers


def pipelines(txn: Transaction, tables: Tables) -> dict[str, PipelineRecord]:
    """All pipelines, removed ones included."""
    ids = [row_key[:-5] for row_key, _ in rows(txn, tables.pipelines, b"") if row_key.endswith(b"\0" * 5)]
    texts = (get_chunks(txn, tables.pipelines, pipeline + _SEPARATOR) for pipeline in ids)
    records = [PipelineRecord(**orjson.loads(text)) for text in texts if text is not None]
    return {record.id: record for record in records}


def live(records: Mapping[str, PipelineRecord]) -> list[PipelineRecord]:
    """Those that are configured."""
    return [record for record in records.values() if not record.removed_unix_ms]


def readers(txn: Transaction, tables: Tables, control: bool) -> list[PipelineRecord]:
    """Those that are configured and read the control journal, or those of what was sent."""
    return [
        record for record in live(pipelines(txn, tables)) if (record.reads_control if control else record.reads_data)
    ]


def put_pipeline(txn: Transaction, tables: Tables, record: PipelineRecord) -> None:
    """Write one record."""
    delete_pipeline(txn, tables, record.id)
    put_chunks(txn, tables.pipelines, record.id.encode() + _SEPARATOR, orjson.dumps(asdict(record)))


def delete_pipeline(txn: Transaction, tables: Tables, pipeline: str) -> None:
    """Forget one."""
    delete_chunks(txn, tables.pipelines, pipeline.encode() + _SEPARATOR)


def enroll_pipelines(
    txn: Transaction,
    tables: Tables,
    plan: LedgerPlan,
    journals: Mapping[str, int],
    unread: Mapping[str, Mapping[str, int]],
    now_unix_ms: int,
) -> dict[str, PipelineRecord]:
    """Make the record agree with the configuration: of pipelines that read. One that is only fed has no place in a journal.

    Args:
        journals: journal → its last offset, behind which a new pipeline with `start: now` begins.
        unread: pipeline that leaves → domain → records that it has not read.
    """
    known = pipelines(txn, tables)
    wanted = {pipeline.id: _record(pipeline, known.get(pipeline.id), journals) for pipeline in plan.roots}
    for gone in live({name: record for name, record in known.items() if name not in wanted}):
        wanted[gone.id] = replace(gone, removed_unix_ms=now_unix_ms, unread=dict(unread.get(gone.id, {})))
    for record in wanted.values():
        if record != known.get(record.id):
            put_pipeline(txn, tables, record)
    return known | wanted


def enroll_exporters(txn: Transaction, tables: Tables, configured: set[str], now_unix_ms: int) -> None:
    """Mark the exporters that left, unmark those that came back, make a row for the new ones."""
    known = all_totals(txn, tables)
    for exporter in configured:
        put_totals(txn, tables, exporter, replace(totals(txn, tables, exporter), removed_unix_ms=0))
    for exporter in known.keys() - configured:
        if not known[exporter].removed_unix_ms:
            put_totals(txn, tables, exporter, replace(known[exporter], removed_unix_ms=now_unix_ms))


def enroll_components(txn: Transaction, tables: Tables, configured: set[str], now_unix_ms: int) -> None:
    """Mark the components that left, whose state is forgotten after `GRACE_SECS`; note those that are there."""
    known = {row_key.decode() for row_key, _ in rows(txn, tables.owners, b"")}
    for component in configured:
        put_u64(txn, tables.owners, component.encode(), 0)
    for component in known - configured:
        if not get_u64(txn, tables.owners, component.encode()):
            put_u64(txn, tables.owners, component.encode(), now_unix_ms)


def forgettable(txn: Transaction, tables: Tables, now_unix_ms: int) -> list[str]:
    """The components that left so long ago that they won't come back."""
    left = {row_key.decode(): U64.unpack(value)[0] for row_key, value in rows(txn, tables.owners, b"")}
    return [component for component, since in left.items() if 0 < since <= now_unix_ms - GRACE_SECS * 1000]


def _record(plan: PipelinePlan, known: PipelineRecord | None, journals: Mapping[str, int]) -> PipelineRecord:
    receivers = sorted(plan.receivers)
    if known is not None:
        return replace(known, receivers=receivers, removed_unix_ms=0, unread={})
    return PipelineRecord(plan.id, receivers, bases=dict(journals) if plan.start == "now" else {})
