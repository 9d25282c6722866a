"""The behaviour of `triage`: level, action and rule of each record."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from collector.batch import LogBatch
from collector.component import Context, Work
from processors.triage.catalogue import ordered
from processors.triage.config import Level, TriageConfig
from processors.triage.counting import Counter
from processors.triage.judge import Judge, first

LEVEL = "logboom.triage.level"
ACTION = "logboom.triage.action"
RULE = "logboom.triage.rule"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule that matches a record; `decides` is true for the first."""

    rule: str
    level: str
    action: str
    when: str
    title: str
    why: str
    suggestion: str
    origin: str
    decides: bool


class Triage:
    """Sets `logboom.triage.level`, `.action` and `.rule`; records are neither dropped nor reordered."""

    def __init__(self, config: TriageConfig, context: Context) -> None:
        self._context = context
        self._judge = Judge(ordered(config))
        rules = [compiled.placed.rule for compiled in self._judge.rules]
        self._counters = {i: Counter(rule.id, rule.count) for i, rule in enumerate(rules) if rule.count is not None}
        none = [None]  # the last row: no rule decided
        self._levels = pl.Series([rule.level.value for rule in rules] + none, dtype=pl.String)
        self._actions = pl.Series([rule.asks_for for rule in rules] + none, dtype=pl.String)
        self._ids = pl.Series([rule.id for rule in rules] + none, dtype=pl.String)

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch with its levels."""
        if not len(batch):
            return batch
        for counter in self._counters.values():
            counter.sweep(work)
        found = [
            (position, self._counters[position].limit(mask, batch, work) if position in self._counters else mask)
            for position, mask in self._judge.matches(batch)
        ]
        decided = first(found, len(batch))
        rows = pl.Series(decided).cast(pl.Int64)
        rows = rows.set(rows < 0, len(self._ids) - 1)
        return batch.with_attributes(
            {LEVEL: self._levels.gather(rows), ACTION: self._actions.gather(rows), RULE: self._ids.gather(rows)}
        )

    def explain(self, batch: LogBatch) -> list[Verdict]:
        """Every rule that matches a batch of one record, in order. Counting rules are shown, but decide nothing."""
        verdicts: list[Verdict] = []
        for position, _ in ((i, mask) for i, mask in self._judge.matches(batch) if mask.any()):
            placed = self._judge.rules[position].placed
            rule = placed.rule
            decides = rule.count is None and not any(verdict.decides for verdict in verdicts)
            texts = (rule.id, Level(rule.level).value, rule.asks_for, rule.when, rule.title, rule.why, rule.suggestion)
            verdicts.append(Verdict(*texts, placed.origin, decides))
        return verdicts
