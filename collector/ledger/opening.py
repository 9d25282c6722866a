"""A partition at the start of its owner: its place is checked, and what it remembers of the configuration made to agree with the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from collector.disk.environment import Environment, Transaction
from collector.errors import StorageError
from collector.ledger import cursors, outbox, roster
from collector.ledger.roster import PipelineRecord
from collector.ledger.sources import Source, Sources, Wanted
from collector.ledger.store import Store
from collector.ledger.tables import Tables, get_u64, put_u64


def enroll(store: Store, sources: Sources, make: Callable[[PipelineRecord, None], Source]) -> dict[str, PipelineRecord]:
    """Make the partition's record of pipelines and exporters agree with the plan."""
    planned = {plan.id for plan in store.plan.roots}
    with store.environment.read() as txn:
        leaving = [record for record in roster.live(roster.pipelines(txn, store.tables)) if record.id not in planned]
    unread: dict[str, dict[str, int]] = {}
    for record in leaving:
        source = make(record, None)
        unread[record.id] = source.unread()
        source.close()
    now, offsets = store.now_unix_ms(), sources.last_offsets()
    configured = {exporter for plan in store.plan.pipelines for exporter in plan.exporters}
    components = {component for plan in store.plan.pipelines for component in plan.components}
    with store.environment.write() as txn:
        roster.enroll_exporters(txn, store.tables, configured, now)
        roster.enroll_components(txn, store.tables, components, now)
        return roster.enroll_pipelines(txn, store.tables, store.plan, offsets, unread, now)


def make_source(
    store: Store,
    sources: Sources,
    owns_domain: Callable[[str], bool],
    record: PipelineRecord,
    claimed: frozenset[str] | None,
) -> Source:
    """What a pipeline reads of this partition's domains, from where it stopped."""

    def load(journal: str) -> tuple[Mapping[str, int], Mapping[str, tuple[int, int]]]:
        with store.environment.read() as txn:
            passed = cursors.positions(txn, store.tables, record.id, journal)
            return passed, cursors.begun(txn, store.tables, record.id, journal)

    return sources.source(record, Wanted(record.receivers, claimed), owns_domain, load)


def claim(environment: Environment, tables: Tables, partition: int, partitions: int) -> None:
    """A partition keeps its place among a fixed number for ever: domains were assigned by it.

    Raises:
        StorageError: it has another place.
    """
    place = {b"number": partition, b"partitions": partitions}
    with environment.read() as txn:
        found = {name: get_u64(txn, tables.partition, name, -1) for name in place}
    if found == place:
        return
    if found != dict.fromkeys(place, -1):
        held = f"{found[b'number']} of {found[b'partitions']}"
        raise StorageError(f"{environment.path} is partition {held}, not {partition} of {partitions}")
    with environment.write() as txn:
        for name, value in place.items():
            put_u64(txn, tables.partition, name, value)


def spilled(txn: Transaction, tables: Tables, exporter: str) -> set[int]:
    """The entries of an exporter whose contents stand in its own area."""
    return {queued.seq for queued in outbox.queue(txn, tables, exporter) if queued.spilled}
