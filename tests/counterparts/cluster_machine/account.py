"""What must be true of it all in the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from collector.batch import LogBatch
from collector.cluster.restoring import Restoring
from collector.ledger.reader import PartitionReader
from collector.ledger.store import Store
from collector.ledger.tables import Tables
from collector.outcomes import Outcome
from collector.pipeline.decode import decode
from collector.testing.conservation import assert_conserved

Row = tuple[str, bytes, bytes]


class Destinations:
    """What was delivered: (exporter, record's text) → the places (partition, seq) in which it came."""

    def __init__(self) -> None:
        self.came: defaultdict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)

    def take(self, exporter: str, partition: int, seq: int, content: object) -> None:
        """A delivery."""
        batch = content if isinstance(content, LogBatch) else decode(content).batch  # type: ignore[arg-type]
        for text in batch.column("body").to_list():
            self.came[exporter, text].add((partition, seq))

    def check(self, exporter: str, wanted: Iterable[str]) -> None:
        """Each text came, always in one and the same entry of an outbox, and nothing else did."""
        got = {text: places for (name, text), places in self.came.items() if name == exporter}
        wanted = set(wanted)
        assert not wanted - got.keys(), f"{exporter}: accepted, and never delivered: {sorted(wanted - got.keys())}"
        assert not got.keys() - wanted, f"{exporter}: delivered, and never sent: {sorted(got.keys() - wanted)}"
        doubled = {text: sorted(places) for text, places in got.items() if len(places) > 1}
        assert not doubled, f"{exporter}: processed more than once: {doubled}"


def table_rows(ledger: Any) -> list[Row]:
    """All rows of an open ledger, but what an environment knows of itself."""
    store: Store = ledger._store
    return rows_of(store.environment, store.tables)


def rows_of(environment: Any, tables: Tables) -> list[Row]:
    """All rows of an environment."""
    with environment.read() as txn:
        return [
            (name, bytes(key), bytes(value))
            for name in sorted(Tables.__dataclass_fields__)
            for key, value in txn.cursor(db=getattr(tables, name))
        ]


def restored_rows(restoring: Restoring, number: int, folder: Path, budget_bytes: int) -> list[Row]:
    """The rows of a partition as somebody gets them who has nothing but the log. It takes the partition away from whoever has it."""
    follower, _ = restoring.take(number, folder, budget_bytes)
    tables = Tables.of(follower.environment)
    assert tables is not None
    try:
        return rows_of(follower.environment, tables)
    finally:
        follower.environment.close()


def difference(one: Sequence[Row], other: Sequence[Row]) -> str:
    """The first rows that only one of them has; empty: they are equal."""
    mine, theirs = set(one), set(other)
    left, right = sorted(mine - theirs)[:3], sorted(theirs - mine)[:3]
    return f"only in the owner's: {left}; only in the log's: {right}" if left or right else ""


def assert_account(folder: Path, landed: Counter[str], pipelines: Sequence[str]) -> None:
    """Both sums: within the partition, and what was accepted (records by domain) against what pipelines took."""
    reader = PartitionReader.open(folder)
    try:
        assert_conserved(reader)
        counts = reader.counts()
    finally:
        reader.close()
    for pipeline in pipelines:
        taken = Counter({
            domain: records for (domain, component, outcome), records in counts.items()
            if component == f"pipeline/{pipeline}" and outcome == Outcome.ACCEPTED
        })  # fmt: skip
        assert taken == landed, f"pipeline {pipeline}: {dict(landed)} stood in the log, {dict(taken)} were taken"
