"""What a ledger must know of the configuration: which pipelines there are, and how much may wait for each exporter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from collector.holds import Held, nothing_held
from collector.reserved import RECEIVER

MAX_ID_BYTES = 90  # ids and a domain stand together in keys of at most 511 bytes
SHARE_BYTES = 4 << 20
"""Of what people do and the service knows, that may wait for an exporter beside its quota."""
OnFull = Literal["block", "spill", "drop_oldest"]


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of the outbox may wait for one exporter, and what happens beyond.

    `block` stops the pipeline (back-pressure up to the sender), `spill` moves the backlog to the exporter's own area
    of `spill_bytes`, `drop_oldest` gives up the oldest entries, counted as `dropped:queue_full`.
    `max_age_secs` 0 = no limit; older entries are dropped, counted as `dropped:expired`. `apart`: outside the half of the
    outbox that exporters share which must not delay others.
    """

    max_bytes: int = 256 << 20
    max_age_secs: float = 0.0
    on_full: OnFull = "block"
    spill_bytes: int = 1 << 30
    apart: bool = False


@dataclass(frozen=True, slots=True)
class LetterAges:
    """Seconds for which dead letters are kept: `everywhere`, unless `domains` names the domain; 0 = until the room is needed. One of several
    domains goes when none of them keeps it any more. `held`: of which domains none goes."""

    everywhere: float = 0.0
    domains: Mapping[str, float] = field(default_factory=dict)
    held: Held = nothing_held

    @property
    def least(self) -> float:
        """Nothing that is younger goes; 0: nothing ever does."""
        return min((age for age in (self.everywhere, *self.domains.values()) if age), default=0.0)

    def age(self, domains: Iterable[str]) -> float:
        """After which a letter with records of these goes; 0: never, by time."""
        ages = [self.domains.get(domain, self.everywhere) for domain in domains]
        return max(ages, default=self.everywhere) if all(ages) else 0.0

    def reason(self, domains: Iterable[str]) -> str:
        """Why a letter with records of these may not go; empty: it may."""
        return next(filter(None, (self.held(domain, None) for domain in domains)), "")


@dataclass(frozen=True, slots=True)
class PipelinePlan:
    """One pipeline as the ledger sees it.

    Args:
        receivers: whose entries it reads. One without has no cursor: it gets what connectors feed it, within the steps of others.
        components: ids of those whose state is kept while they stand in the configuration.
        feeds: connector at its end → the pipelines that it leads to.
        choices: connector that takes one of several levels in each step → the pipelines of each.
        share_bytes: more than that of this pipeline never waits for one of its exporters: the oldest is given up, counted, and the
            exporters' quotas don't hold it up. 0: their quotas decide.
    """

    id: str
    receivers: frozenset[str]
    exporters: Sequence[str]
    start: Literal["now", "earliest"] = "earliest"
    passthrough: bool = False
    components: Sequence[str] = ()
    feeds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    choices: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    share_bytes: int = 0

    @property
    def reads_data(self) -> bool:
        """Whether it reads what was sent, in the journals of the ingest slots."""
        return bool(self.receivers - {RECEIVER})

    @property
    def reads_control(self) -> bool:
        """Whether it reads what people do and the service knows, in the control journal."""
        return RECEIVER in self.receivers


@dataclass(frozen=True, slots=True)
class LedgerPlan:
    """All pipelines, the quota of each exporter by id, and budgets: `max_bytes` of the outbox and all else, `state_bytes` of what
    components keep, `domain_state_bytes` of what they keep of one domain, and how long dead `letters` stay. Raises `ValueError` for an id that can't be part of a key."""

    pipelines: Sequence[PipelinePlan]
    quotas: Mapping[str, Quota]
    dedup_window_secs: float = 300.0
    max_bytes: int = 1 << 30
    state_bytes: int = 64 << 20
    domain_state_bytes: int = 8 << 20
    letters: LetterAges = LetterAges()

    @property
    def partition_bytes(self) -> int:
        """Outbox and state have room beside each other."""
        return self.max_bytes + self.state_bytes

    @property
    def spill_bytes(self) -> int:
        """What the spill areas of all exporters may take: in files of their own, or in the outbox where a log has all contents."""
        return sum(quota.spill_bytes for quota in self.quotas.values() if quota.on_full == "spill")

    def __post_init__(self) -> None:
        for pipeline in self.pipelines:
            for name in (pipeline.id, *pipeline.receivers, *pipeline.exporters, *pipeline.components, *pipeline.feeds):
                if not 0 < len(name.encode()) <= MAX_ID_BYTES or "\0" in name:
                    raise ValueError(f"{name[:40]!r}: an id has between 1 and {MAX_ID_BYTES} bytes, and no zero byte")

    @property
    def roots(self) -> list[PipelinePlan]:
        """Those that read; the others are fed within their steps."""
        return [pipeline for pipeline in self.pipelines if pipeline.receivers]

    def reached(self, pipeline: str) -> list[PipelinePlan]:
        """The pipeline, and all that its records may come to through connectors, each once."""
        known = {plan.id: plan for plan in self.pipelines}
        found, left = {pipeline: known[pipeline]}, [known[pipeline]]
        while left:
            after = [known[fed] for targets in left.pop().feeds.values() for fed in targets if fed not in found]
            found |= {plan.id: plan for plan in after}
            left += after
        return list(found.values())
