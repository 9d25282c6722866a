"""The behaviour of `triage`: level, action and rule of each record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.component import Context, Due, Work
from collector.explanation import Explanation
from collector.shaping.aggregation import aggregate
from processors.triage import bounds
from processors.triage.catalogue import Placed
from processors.triage.config import SERVICE, Rule, TriageConfig
from processors.triage.counting import Counter
from processors.triage.judge import first, judge_of

LEVEL = "logboom.triage.level"
ACTION = "logboom.triage.action"
RULE = "logboom.triage.rule"


class Triage:
    """Sets `logboom.triage.level`, `.action` and `.rule`; records are not reordered, and none is lost: levels that the
    configuration aggregates become counts."""

    def __init__(self, config: TriageConfig, context: Context) -> None:
        self._context = context
        self._takes = ("logboom.service.*",) if config.rule_set == SERVICE else ()
        self._judge = judge_of(config)
        rules = [compiled.placed.rule for compiled in self._judge.rules]
        self._counters = {
            i: Counter(context.pipeline, rule.id, rule.count) for i, rule in enumerate(rules) if rule.count is not None
        }
        self._aggregated = [level for level, how in config.store.items() if how == "aggregate"]
        said = range(bounds.CLASSES)
        none = [None]  # the last row: no rule decided
        self._levels = pl.Series([bounds.level(rule, s).value for rule in rules for s in said] + none, dtype=pl.String)
        self._actions = pl.Series([bounds.action(rule, s) for rule in rules for s in said] + none, dtype=pl.String)
        self._ids = pl.Series([rule.id for rule in rules] + none, dtype=pl.String)

    @property
    def takes_events(self) -> Sequence[str]:
        """Those of the service, where it stands to judge them; else none."""
        return self._takes

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch with its levels."""
        if not len(batch):
            return batch
        found = [
            (position, self._counters[position].limit(mask, batch, work) if position in self._counters else mask)
            for position, mask in self._judge.matches(batch)
        ]
        decided = first(found, len(batch))
        rows = np.where(decided < 0, len(self._ids) - 1, decided)
        bounded = np.minimum(rows * bounds.CLASSES + bounds.classes(batch), len(self._levels) - 1)
        levels = self._levels[bounded]
        judged = batch.with_attributes({LEVEL: levels, ACTION: self._actions[bounded], RULE: self._ids[rows]})
        return aggregate(judged, levels.is_in(self._aggregated), work) if self._aggregated else judged

    def tick(self, due: Due, work: Work) -> None:
        """Groups of a counting rule may have been quiet for its time: `count/<pipeline>/<rule>/`."""
        for counter in self._counters.values():
            if due.name.endswith(f"/{counter.rule}/"):
                counter.sweep(due.domain, due.name, work)
                return

    def explain(self, batch: LogBatch) -> list[Explanation]:
        """Every rule that matches a batch of one record, in order. Counting rules are shown, but decide nothing."""
        told: list[Explanation] = []
        said = int(bounds.classes(batch)[0])
        for position, _ in ((i, mask) for i, mask in self._judge.matches(batch) if mask.any()):
            placed = self._judge.rules[position].placed
            decides = placed.rule.count is None and not any(earlier.decides for earlier in told)
            answer = f"{bounds.level(placed.rule, said).value}, {bounds.action(placed.rule, said)}"
            told.append(Explanation(LEVEL, answer, f"rule {placed.rule.id}", decides, _details(placed, said)))
        return told


def _details(placed: Placed, said: int) -> dict[str, str]:
    rule, limit = placed.rule, placed.rule.count
    counted = f"only above {limit.more_than} within {limit.within:g} s per {', '.join(limit.per)}" if limit else ""
    shown = {
        "title": rule.title,
        "when": rule.when,
        "counts": counted,
        "bounded": _bound(rule, said),
        "why": rule.why,
        "suggestion": rule.suggestion,
        "from": placed.origin,
    }
    return {name: text for name, text in shown.items() if text}


def _bound(rule: Rule, said: int) -> str:
    given = bounds.level(rule, said)
    if given is rule.level:
        return ""
    says = "says CRITICAL or worse" if said == bounds.THE_WORST else "says less than ERROR"
    return f"{given.value} instead of {rule.level.value}: the record {says}"
