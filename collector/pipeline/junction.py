"""A connector where it stands: at the end of one pipeline, in front of those that it feeds.

    offered + replayed + created + copied = passed + filtered + dropped + dead_lettered          for each domain

What it passes to a pipeline is what that is fed: both are counted here, together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from collector.batch import LogBatch, concat
from collector.component import Connector, Due, Republishes, TakesEvents
from collector.ledger.interface import Ledger
from collector.outcomes import Counts, Outcome
from collector.pipeline.account import surplus
from collector.pipeline.made import Maker, Occasion
from collector.pipeline.processed import Attempt, Processed, no_records, told_of
from collector.pipeline.state import Changes
from collector.pipeline.timed import call, timed
from collector.pipeline.work import StepWork
from collector.shaping.events import hidden


class Junction:
    """Of one pipeline.

    Args:
        name: the connector's id.
        targets: the pipelines that it feeds.
        ticks: it is called here for what it is due for; elsewhere, where it stands behind several pipelines.
    """

    def __init__(
        self,
        upstream: str,
        name: str,
        connector: Connector,
        targets: Sequence[str],
        ledger: Ledger,
        now_unix_nano: Callable[[], int],
        *,
        ticks: bool = True,
    ) -> None:
        self.name = name
        self.owner = f"connector/{upstream}/{name}"
        """Of dead letters that it could not take, and its name in the counts."""
        self.upstream = upstream
        self.targets = targets
        self._connector = connector
        self._kinds = connector.takes_events if isinstance(connector, TakesEvents) else ()
        self._ledger = ledger
        self._now = now_unix_nano
        self.timed = timed(connector) if ticks else None
        self.owns = ticks and isinstance(connector, Republishes)

    def shown(self, batch: LogBatch) -> LogBatch:
        """What is offered to it: what was sent, and the events that it takes."""
        unseen = hidden(batch, self._kinds)
        return batch if unseen is None else batch.filter(~unseen)

    def hand_on(self, batch: LogBatch, changes: Changes, attempt: Attempt) -> Processed:
        """Let it hand on records, on top of `changes`.

        Raises:
            StageFailed: it raised; nothing of it is kept.
        """
        draft = Processed(changes=dict(changes))
        work = self._work(draft, Maker(self.upstream, self.name, batch, since_unix_ms=attempt.events_since_unix_ms))
        attempt.at(self.owner, f"connector {self.name}")
        with told_of(f"connector {self.name}"):
            given = self._connector.connect(batch, work)
            if strangers := given.keys() - set(self.targets):
                raise ValueError(f"it does not feed {', '.join(strangers)}")
            self._keep(draft, work, given, batch.by_domain())
        return draft

    def tick(self, due: Due, changes: Changes) -> Processed:
        """Call it for what it is due for. Raises `StageFailed`."""
        assert self.timed is not None
        draft = Processed(changes=dict(changes))
        maker = Maker(self.upstream, self.name, no_records(), Occasion(due.domain, due.at_unix_nano, due.name))
        work = self._work(draft, maker)
        with told_of(f"connector {self.name}"):
            call(self.timed, due, work)
        self._keep(draft, work, {}, {})
        return draft

    def _work(self, draft: Processed, maker: Maker) -> StepWork:
        return StepWork(self._ledger, draft.changes, maker, self.owner, self._now())

    def _keep(
        self, draft: Processed, work: StepWork, given: Mapping[str, LogBatch], offered: Mapping[str, int]
    ) -> None:
        """What it made goes to all that it feeds, behind what it handed on."""
        made = concat([*work.released, *work.made])
        for target in self.targets:
            batches = [batch for batch in (given.get(target), made) if batch is not None and len(batch)]
            if batches:
                draft.handed[target] = concat(batches)
        passed = passing(self.owner, {target: batch.by_domain() for target, batch in draft.handed.items()})
        draft.timers |= work.timers
        draft.counts += work.named + work.emitted + passed
        draft.counts += surplus(self.owner, offered, work.named + work.emitted, passed)


def passing(owner: str, handed: Mapping[str, Mapping[str, int]]) -> Counts:
    """The counts of what was handed on, at both ends. `handed`: pipeline → domain → records."""
    counts: Counts = Counter()
    for target, by_domain in handed.items():
        for domain, records in by_domain.items():
            counts[domain, owner, f"{Outcome.PASSED}:{target}"] += records
            counts[domain, f"pipeline/{target}", str(Outcome.FED)] += records
    return counts
