"""The account of `collector.outcomes`, checked: every record that was taken in is in exactly one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol

from collector.backend.offline import view_of
from collector.ledger.gauges import QueueState
from collector.outcomes import Counts, Outcome
from collector.reserved import PIPELINE, RECEIVER

_SOURCES = {
    Outcome.ACCEPTED, Outcome.CREATED, Outcome.FED, Outcome.REPLAYED, Outcome.OFFERED, Outcome.COPIED,
}  # fmt: skip
_ENDS = {
    Outcome.DUPLICATE, Outcome.UNDECODABLE, Outcome.FILTERED, Outcome.AGGREGATED, Outcome.DEAD_LETTERED, Outcome.HANDLED,
    Outcome.OUT,
}  # fmt: skip
_PASSED = f"{Outcome.PASSED}:"


def imbalance(counts: Counts, queues: Mapping[str, QueueState]) -> dict[str, int]:
    """What is missing (positive) or too much (negative), by place; empty when all adds up.

    A pipeline and its processors, for each domain: accepted + fed + replayed + created = all ends + out.
    A connector, for each domain: offered + replayed + created + copied = passed + its ends; and what connectors passed to a
    pipeline is what that was fed.
    An exporter: enqueued = exported + dead_lettered + dropped + filtered + queued.
    """
    balance: Counter[str] = Counter()
    pipelines = {component[9:] for _, component, _ in counts if component.startswith("pipeline/")}
    for (domain, component, outcome), records in counts.items():
        kind, _, name = component.partition("/")
        if kind in ("pipeline", "processor"):
            pipeline = name if kind == "pipeline" else _pipeline_of(name, pipelines)
            balance[f"pipeline {pipeline} of {domain}"] += _sign(outcome) * records
            if outcome == Outcome.FED:
                balance[f"fed to {name} of {domain}"] -= records
        elif kind == "connector":
            balance[f"connector {name} of {domain}"] += _sign(outcome) * records
            if outcome.startswith(_PASSED):
                balance[f"fed to {outcome.removeprefix(_PASSED)} of {domain}"] += records
        elif kind == "exporter":
            balance[f"exporter {name}"] += records if outcome == Outcome.ENQUEUED else -records
    for exporter, state in queues.items():
        balance[f"exporter {exporter}"] -= state.records
    return {place: records for place, records in balance.items() if records}


def _sign(outcome: str) -> int:
    """What comes in, what ends, and what a processor counts for its own ends."""
    if outcome in _SOURCES:
        return 1
    return -1 if outcome in _ENDS or outcome.startswith((Outcome.DROPPED, _PASSED)) else 0


def _pipeline_of(processor: str, pipelines: set[str]) -> str:
    """`logs/edge/filter/x` belongs to the pipeline `logs/edge`, if there is one of that name."""
    return max((name for name in pipelines if processor.startswith(f"{name}/")), key=len, default=processor)


class Accounted(Protocol):
    """A partition, or all of a data directory."""

    def counts(self) -> Counts: ...
    def queues(self) -> Mapping[str, QueueState]: ...


def assert_conserved(account: Accounted) -> None:
    """Raises `AssertionError` naming the places where records are missing or too many."""
    wrong = imbalance(account.counts(), account.queues())
    assert not wrong, f"records do not add up: {wrong}"


def assert_directory_conserved(data_dir: Path, *pipelines: str) -> None:
    """The whole account of a data directory whose logboom has ended, for pipelines that read every receiver of what is sent.

    As `assert_conserved`; and for each domain and pipeline: accepted by all receivers = taken by the pipeline + waiting in
    the journals. The same of what people do and the service knows, and the pipeline that it has.
    """
    with closing(view_of(data_dir)) as view:
        assert_conserved(view)
        counts = view.counts()
        told = _by_domain(counts, f"receiver/{RECEIVER}")
        accepted = _by_domain(counts, "receiver/") - told
        assert accepted, "nothing was accepted"
        known = _by_domain(counts, f"pipeline/{PIPELINE}") + Counter(view.unread(PIPELINE))
        assert told == known, f"pipeline {PIPELINE}: told {told}, taken and waiting {known}"
        for pipeline in pipelines:
            taken = _by_domain(counts, f"pipeline/{pipeline}") + Counter(view.unread(pipeline))
            assert accepted == taken, f"pipeline {pipeline}: accepted {accepted}, taken and waiting {taken}"


def _by_domain(counts: Counts, component: str) -> Counter[str]:
    """What was accepted by one component, or by all of a kind (`receiver/`)."""
    found: Counter[str] = Counter()
    for (domain, counted, outcome), records in counts.items():
        named = counted == component or (component.endswith("/") and counted.startswith(component))
        if named and outcome == Outcome.ACCEPTED:
            found[domain] += records
    return found
