"""The `Work` that one component is given for one batch: what it keeps, counts and makes commits with the step, or never happened."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from collector.batch import LogBatch
from collector.component import State
from collector.ledger.interface import Ledger, TimerKey
from collector.ledger.timers import check_timer_key
from collector.outcomes import Counts, Outcome
from collector.pipeline.made import MOST_GENERATIONS, Maker
from collector.pipeline.state import Changes, Overlay

_MAX_OUTCOME = 100  # characters: outcomes are parts of keys
CORES_OWN = "\x01"
"""Names of due times that begin so are not a component's."""
TOO_DEEP = f"{Outcome.DROPPED}:too_deep"


@dataclass(frozen=True, slots=True)
class StepWork:
    """See `collector.component.Work`.

    Args:
        changes: of the step so far; those of the component are added.
        maker: of its records.
        account: its name in the counts, `processor/<pipeline>/<id>`.
        named: what it named of the records that it was given, or added to them.
        made: what it emitted, and `emitted` the account of that.
        timers: when it wants to be called.
        released: what it kept and lets go.
    """

    ledger: Ledger
    changes: Changes
    maker: Maker
    account: str
    now_unix_nano: int
    named: Counts = field(default_factory=Counts)
    made: list[LogBatch] = field(default_factory=list)
    emitted: Counts = field(default_factory=Counts)
    timers: dict[TimerKey, int | None] = field(default_factory=dict)
    released: list[LogBatch] = field(default_factory=list)

    def state(self, domain: str) -> State:
        """What the component keeps of a domain."""
        return Overlay(self.ledger, self.maker.component, domain, self.changes)

    def count(self, domain: str, outcome: str, records: int) -> None:
        """Name the end of records that the component leaves out, or `created` for those it adds."""
        self.named[domain, self.account, outcome[:_MAX_OUTCOME]] += records

    def emit(self, kind: str, records: LogBatch, *, parents: pl.Series | None = None, rule: str = "") -> None:
        """Make records, which join the output of the pipeline. Those of too many generations are dropped, and counted."""
        if not len(records):
            return
        made = self.maker.make(kind, records, parents, rule)
        deep = made.records.get_column("generation") > MOST_GENERATIONS
        self._tell(Outcome.CREATED, made)
        self._tell(TOO_DEEP, made.filter(deep))
        self.made.append(made.filter(~deep))

    def wake(self, domain: str, name: str, at_unix_nano: int | None) -> None:
        """Ask for a tick. Raises `ValueError` for a name of more than some 140 bytes, or that begins like those of the core."""
        if name.startswith(CORES_OWN):
            raise ValueError("names of due times that begin with \\x01 are the core's")
        check_timer_key(self.maker.component, domain, name)
        self.timers[self.maker.component, domain, name] = at_unix_nano

    def release(self, records: LogBatch) -> None:
        """Let go of records that were kept: they go on from the component's place."""
        if len(records):
            self.released.append(records)

    def _tell(self, outcome: str, records: LogBatch) -> None:
        for domain, number in records.by_domain().items():
            self.emitted[domain, self.account, str(outcome)] += number
