"""What the partitions of a cluster, or of one machine, came to: read from their tables when nobody runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from collector.cluster.connecting import connect
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.restoring import Restoring
from collector.disk.environment import Environment
from collector.ledger.reader import PartitionReader
from collector.ledger.state import Budget, ComponentState
from collector.ledger.tables import FORMAT_VERSION, KIND, Tables
from collector.outcomes import Counts, Outcome
from collector.testing.conservation import assert_conserved
from processors.issues.issue import Issue
from processors.patterns.tallies import ALL, WIDTH

_BUDGET_BYTES = 512 << 20
_ISSUE, _TALLY = b"issue/", b"c/"


@dataclass
class Kept:
    """`issues`: (domain, id) → its title, state, level and events by service; `patterns`: (domain, id) → records; `counts`: of all partitions."""

    issues: dict[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)
    patterns: Counter[tuple[str, str]] = field(default_factory=Counter)
    counts: Counts = field(default_factory=Counts)

    def taken(self, pipeline: str) -> Mapping[str, int]:
        """Domain → records that a pipeline took and that were not sent twice."""
        found: Counter[str] = Counter()
        for (domain, component, outcome), records in self.counts.items():
            if component == f"pipeline/{pipeline}" and outcome == Outcome.ACCEPTED:
                found[domain] += records
            elif component == f"pipeline/{pipeline}" and outcome == Outcome.DUPLICATE:
                found[domain] -= records
        return {domain: records for domain, records in found.items() if records}


def kept_on_disk(folders: list[Path], domains: tuple[str, ...]) -> Kept:
    """Of partitions in these directories; each must add up."""
    kept = Kept()
    for folder in folders:
        reader = PartitionReader.open(folder)
        assert_conserved(reader)
        kept.counts.update(reader.counts())
        reader.close()
        with _opened(folder) as (environment, tables):
            for domain in domains:
                _gather(kept, environment, tables, domain)
    return kept


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Environment, Tables]]:
    environment = Environment.open(folder, KIND, FORMAT_VERSION)
    assert environment is not None, folder
    with environment:
        tables = Tables.of(environment)
        assert tables is not None
        yield environment, tables


def _gather(kept: Kept, environment: Environment, tables: Tables, domain: str) -> None:
    def state(component: str) -> ComponentState:
        return ComponentState(environment, tables, component, domain, Budget(0, 0))

    for _, value in state("issues").scan(_ISSUE):
        issue = Issue.decoded(value)
        services = tuple(sorted(issue.services.items())) if isinstance(issue.services, dict) else issue.services
        kept.issues[domain, issue.id] = (issue.title, str(issue.state), issue.level, issue.events, services)
    for name, value in state("patterns").scan(_TALLY):
        counts = np.frombuffer(value, dtype="<i8").reshape(-1, WIDTH)[:, ALL]
        kept.patterns[domain, name.decode(errors="replace")] += int(counts.sum())


def restored(options: KafkaLedgerConfig, partitions: int, folder: Path) -> list[Path]:
    """The partitions of a cluster as somebody gets them who has nothing but the log. Whoever runs loses them."""
    wire = connect(options)
    admin = wire.admin()
    made = []
    for number in range(partitions):
        follower, changelog = Restoring(wire, admin, options.prefix).take(number, folder / str(number), _BUDGET_BYTES)
        changelog.close()
        follower.environment.close()
        made.append(folder / str(number))
    admin.close()
    return made
