"""The account of `collector.outcomes`, checked: every record that was taken in is in exactly one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from collector.ledger.reader import PartitionReader, QueueState
from collector.outcomes import Counts, Outcome

_SOURCES = {Outcome.ACCEPTED, Outcome.CREATED}


def imbalance(counts: Counts, queues: Mapping[str, QueueState]) -> dict[str, int]:
    """What is missing (positive) or too much (negative), by place; empty when all adds up.

    A pipeline and its processors, for each domain: accepted + created = all ends + enqueued.
    An exporter: enqueued = exported + dead_lettered + dropped + queued.
    """
    balance: Counter[str] = Counter()
    for (domain, component, outcome), records in counts.items():
        kind, _, name = component.partition("/")
        if kind == "pipeline":
            balance[f"pipeline {name} of {domain}"] += records if outcome in _SOURCES else -records
        elif kind == "processor":
            pipeline = name.partition("/")[0]
            balance[f"pipeline {pipeline} of {domain}"] += records if outcome in _SOURCES else -records
        elif kind == "exporter":
            balance[f"exporter {name}"] += records if outcome == Outcome.ENQUEUED else -records
    for exporter, state in queues.items():
        balance[f"exporter {exporter}"] -= state.records
    return {place: records for place, records in balance.items() if records}


def assert_conserved(partition: PartitionReader) -> None:
    """Raises `AssertionError` naming the places where records are missing or too many."""
    wrong = imbalance(partition.counts(), partition.queues())
    assert not wrong, f"records do not add up: {wrong}"
