"""The behaviour of `aggregate`: behind all that counts, what is stored of each record."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded
from collector.component import Applied, Command, Context, Erasure, Refused, Work
from collector.component.forgetting import forget_in, in_json
from collector.levels import ERROR
from collector.outcomes import Outcome
from collector.shaping.aggregation import aggregate
from processors.aggregate.about import CHANGED, decided_about, follow_mergers
from processors.aggregate.config import AggregateConfig
from processors.aggregate.decisions import AGGREGATE, DROP, ID, ONE_IN, SAMPLE, Decision, decide

RATE = "logboom.sample.one_in"
EVENT = "logboom.pattern.decided"
_LEVEL = "logboom.triage.level"
_CRITICAL = "critical"
_SEED = 1
Mask = npt.NDArray[np.bool_]


class Aggregate:
    """Records of ERROR and above, and critical ones, are never touched; the others as their level's option and what people
    decided about their pattern."""

    takes_events = (CHANGED,)

    def __init__(self, config: AggregateConfig, context: Context) -> None:
        self._context = context
        self._levels = [level for level, how in config.store.items() if how == AGGREGATE]

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch with counts in the place of some records, and without others."""
        if not len(batch):
            return batch
        follow_mergers(batch, work)
        levels = batch.attribute(_LEVEL)
        decided = decided_about(batch, work)
        if decided is not None:
            batch, rest = self._thinned(batch, decided, levels, work)
            counted, levels = rest, batch.attribute(_LEVEL)
        else:
            counted = np.zeros(len(batch), dtype=np.bool_)
        if self._levels:
            counted = counted | (levels.is_in(self._levels).fill_null(False).to_numpy() & _harmless(batch, levels))
        return aggregate(batch, pl.Series(counted), work)

    def command(self, command: Command, work: Work) -> Applied | Refused:
        """What people want done with a pattern: `aggregate`, `sample`, `drop`, or `keep` it as before."""
        done = decide(command, work.state(command.domain))
        if isinstance(done, Refused):
            return done
        pattern = str(command.attributes[ID])
        told = {
            ID: [pattern],
            "logboom.pattern.decision": [done.what],
            ONE_IN: [done.one_in],
            "logboom.who": [done.who],
        }
        body = f"pattern {pattern}: {done.what}{f' one in {done.one_in}' if done.what == SAMPLE else ''}, by {done.who}"
        time = {"time_unix_nano": [command.received_unix_nano], "severity_number": [9]}
        work.emit(EVENT, LogBatch.of({"body": [body], **time}, told))
        return Applied({"id": pattern, "decision": done.what, "one_in": done.one_in})

    def forget(self, erasure: Erasure, work: Work) -> int:
        """Templates, and why people decided."""
        return forget_in(work.state(erasure.domain), erasure, in_json)

    def _thinned(
        self, batch: LogBatch, decided: tuple[Coded, list[Decision | None]], levels: pl.Series, work: Work
    ) -> tuple[LogBatch, Mask]:
        """The records that stay, and which of them are counted only."""
        places, decisions = decided
        may = _harmless(batch, levels)
        what = np.array([*(decision.what if decision else "" for decision in decisions), ""])[places.codes]
        one_in = np.array([*(decision.one_in if decision else 1 for decision in decisions), 1], dtype=np.uint64)[
            places.codes
        ]
        sampled = may & (what == SAMPLE)
        drawn = batch.column("record_id").hash(_SEED).to_numpy() % one_in == 0
        gone = may & (what == DROP)
        left_out = sampled & ~drawn
        for mask, reason in ((gone, "pattern"), (left_out, "sampled")):
            _tell(batch, mask, f"{Outcome.DROPPED}:{reason}", work)
        stays = ~(gone | left_out)
        if (sampled & drawn).any():
            rates = pl.Series(one_in.astype(np.int64)).set(pl.Series(~sampled), None)
            batch = batch.with_attributes({RATE: rates})
        return batch.filter(pl.Series(stays)), (may & (what == AGGREGATE))[stays]


def _harmless(batch: LogBatch, levels: pl.Series) -> Mask:
    """Sent, below ERROR, and not critical: what may be left out."""
    severity: Mask = batch.column("severity_number").to_numpy() < ERROR
    critical: Mask = (levels == _CRITICAL).fill_null(False).to_numpy()
    made = batch.generation
    sent = severity & ~critical
    return sent if made is None else sent & (made == 0).to_numpy()


def _tell(batch: LogBatch, mask: Mask, outcome: str, work: Work) -> None:
    if mask.any():
        for domain, records in batch.column("domain").filter(pl.Series(mask)).value_counts().iter_rows():
            work.count(domain, outcome, records)
