"""A pipeline and all that it feeds, stepped in event time: its clock is that of the records, so a run says the same however fast it is."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from collector.batch import LogBatch
from collector.cli.backtesting.scratch import Scratch
from collector.cli.backtesting.stored import Slice
from collector.ledger.interface import Commit, Read
from collector.pipeline.flow import Flow
from collector.pipeline.processed import Attempt, Processed, StageFailed
from collector.service.encryption import passing_keys
from collector.service.stages import Stages
from collector.service.wiring import reached
from collector.settings import Settings

_AT_ONCE = 200
LEVEL, ISSUE = "logboom.triage.level", "logboom.issue.id"


@dataclass(slots=True)
class Decided:
    """What a run has decided.

    Args:
        records: that came; `left`: pipeline → sent records that left it.
        levels: (level that was decided, level now) → records; "" = none.
        moved: records that had an issue, or have one now: (had one, has one) → records.
        events: what components made, in order: (kind, batch of one kind).
        failed: a component raised: its sentence → how often.
    """

    records: int = 0
    left: Counter[str] = field(default_factory=Counter)
    levels: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    events: list[LogBatch] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)


def run(settings: Settings, pipeline: str, steps: Iterable[Slice], until: int, told: Callable[[int], None]) -> Decided:
    """Step through all of it, and to what is due by `until`. `told` hears how many records are done."""
    with tempfile.TemporaryDirectory(prefix="logboom-backtest-") as folder:
        return _Run(settings, pipeline, Path(folder)).through(steps, until, told)


class _Run:
    def __init__(self, settings: Settings, pipeline: str, folder: Path) -> None:
        self._now = 0
        self._pipeline = pipeline
        self._ledger = Scratch([pipeline, *(name for name in reached(settings, pipeline) if name != pipeline)])
        network = Stages(settings, folder, {}, dict, keys=passing_keys(settings, folder)).network(self._ledger, {})
        self._flow = Flow(pipeline, self._ledger, network, lambda: self._now)
        self._decided = Decided()

    def through(self, steps: Iterable[Slice], until: int, told: Callable[[int], None]) -> Decided:
        for step in steps:
            self._tick(step.at_unix_nano)
            self._now = step.at_unix_nano
            self._process(step)
            told(self._decided.records)
        self._tick(until)
        return self._decided

    def _process(self, step: Slice) -> None:
        self._decided.records += len(step.batch)
        try:
            draft = self._flow.chain.process(step.batch, {})
            self._flow.carry(draft, Attempt())
        except StageFailed as failure:
            self._decided.failed[failure.reason] += 1
            return
        self._commit(draft)
        self._compare(step, draft)

    def _tick(self, until: int) -> None:
        """Everything that is due by then, at its own time, one after the other."""
        while due := self._ledger.due(self._pipeline, self._flow.ticking, until, 1):
            self._now = max(self._now, due[0].at_unix_nano)
            try:
                draft = self._flow.tick(due, {}, Attempt())
            except StageFailed as failure:
                self._decided.failed[failure.reason] += 1
                draft = Processed(ran=list(due))
            self._commit(draft)

    def _commit(self, draft: Processed) -> None:
        for letter in draft.set_aside:
            self._decided.failed[letter.reason] += 1
        commit = Commit(self._pipeline, Read(()), {}, draft.changes, draft.counts, (), draft.ran, draft.timers)
        self._ledger.commit(commit)
        for pipeline, batch in draft.left.items():
            made = batch.generation
            self._decided.left[pipeline] += len(batch) if made is None else int((made == 0).sum())
            self._decided.events += [] if made is None else _by_kind(batch.filter(made > 0))

    def _compare(self, step: Slice, draft: Processed) -> None:
        """What is decided of each record that is left, beside what was."""
        batch = draft.left.get(self._pipeline)
        if batch is None:
            return
        sent = batch if batch.generation is None else batch.filter(batch.generation == 0)
        now = pl.DataFrame(
            {"id": sent.column("record_id"), "level": sent.attribute(LEVEL), "issue": sent.attribute(ISSUE)}
        )
        was = pl.DataFrame({"id": step.batch.column("record_id"), "was": step.levels, "had": step.issues})
        both = was.join(now, on="id", how="left", maintain_order="left")
        for (before, after), n in _counted(both, "was", "level"):
            self._decided.levels[before or "", after or ""] += n
        for (had, has), n in _counted(both.with_columns(pl.col("had", "issue").is_not_null()), "had", "issue"):
            self._decided.moved[had, has] += n


def _counted(table: pl.DataFrame, one: str, other: str) -> Iterator[tuple[tuple[Any, Any], int]]:
    for first, second, n in table.group_by(one, other, maintain_order=True).len().iter_rows():
        yield (first, second), n


def _by_kind(events: LogBatch) -> list[LogBatch]:
    kinds = events.column("event_name").unique(maintain_order=True).to_list()
    return [events.filter(events.column("event_name") == kind) for kind in kinds]
