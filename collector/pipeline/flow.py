"""What follows a pipeline's end, in the same step: its connectors, the pipelines that they feed, and so on to the last.

    root ──► forward ──► logs/a ──► routing ──► logs/b          each behind all that feed it, each once
                                       └──────► logs/c

A stage that fails here loses only what it was to get: that is halved by rows, what it kept is undone, and the records to blame
become dead letters that are tried again there alone. Nothing before it, beside it or behind it is done again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from collector.batch import LogBatch, concat
from collector.component import Due
from collector.journal.entry import Entry
from collector.ledger.interface import Ledger, SetAside
from collector.ledger.outgoing import records_by_domain
from collector.outcomes import Counts, Outcome
from collector.pipeline.halving import halved
from collector.pipeline.junction import Junction, passing
from collector.pipeline.network import Network
from collector.pipeline.processed import Attempt, Processed, no_records
from collector.pipeline.processing import Chain, Watch
from collector.pipeline.state import Changes

Arrived = defaultdict[str, list[LogBatch]]
"""Pipeline → what has been handed to it in this step."""


class Flow:
    """From one pipeline on. One thread uses it. `watch` is shown what left each processor."""

    def __init__(
        self,
        root: str,
        ledger: Ledger,
        network: Network,
        now_unix_nano: Callable[[], int],
        watch: Watch | None = None,
    ) -> None:
        self._root = root
        self._order = network.from_(root)
        self._chains = {
            pipeline: Chain(pipeline, ledger, network.processors.get(pipeline, ()), now_unix_nano, watch)
            for pipeline in self._order
        }
        self._junctions = {
            pipeline: [
                Junction(
                    pipeline, name, network.connectors[name], targets, ledger, now_unix_nano,
                    ticks=network.ticks_behind(name) == pipeline,
                )
                for name, targets in network.feeds.get(pipeline, {}).items()
            ]
            for pipeline in self._order
        }  # fmt: skip
        self.chain = self._chains[root]

    @property
    def order(self) -> list[str]:
        """It, and all that it reaches, each behind those that feed it."""
        return list(self._order)

    @property
    def goes_on(self) -> bool:
        """Whether a connector stands at the pipeline's end."""
        return bool(self._junctions[self._root])

    def carry(self, draft: Processed, attempt: Attempt) -> None:
        """Take what left the pipeline (`draft.batch`) to the last pipeline that gets any of it (`draft.left`)."""
        arrived: Arrived = defaultdict(list)
        self._leave(self._root, draft.batch, draft, arrived, attempt)
        self._run(draft, arrived, attempt)

    def resume(self, returned: SetAside, attempt: Attempt) -> Processed:
        """Try again what a stage could not take, there alone, and what follows from it."""
        draft = Processed()
        arrived: Arrived = defaultdict(list)
        junction = next((each for each in self._junctions[self._root] if each.owner == returned.owner), None)
        if junction is None:
            arrived[self._root].append(returned.batch)
        else:
            self._hand_on(junction, returned.batch, draft, arrived, attempt)
        self._run(draft, arrived, attempt)
        return draft

    def pass_whole(self, entries: Sequence[Entry]) -> tuple[dict[str, list[Entry]], Counts]:
        """Payloads that every connector hands on untouched to all that it feeds: what leaves each pipeline, and the account."""
        by_domain, counts = records_by_domain(entries), Counts()
        left: defaultdict[str, list[Entry]] = defaultdict(list, {self._root: list(entries)})
        for pipeline in self._order:
            times = len(left[pipeline]) // max(1, len(entries))
            for junction in self._junctions[pipeline]:
                for domain, records in by_domain.items():
                    counts[domain, junction.owner, str(Outcome.OFFERED)] += records * times
                    counts[domain, junction.owner, str(Outcome.COPIED)] += records * times * (len(junction.targets) - 1)
                handed = {domain: records * times for domain, records in by_domain.items()}
                counts += passing(junction.owner, dict.fromkeys(junction.targets, handed))
                for target in junction.targets:
                    # The same list where that is all of it: equal contents are written once.
                    left[target] = left[target] + left[pipeline] if left[target] else left[pipeline]
        return dict(left), counts

    @property
    def ticking(self) -> list[str]:
        """The components of the pipeline, and the connectors behind it, that may be due for something."""
        return [*self.chain.ticking, *(each.name for each in self._junctions[self._root] if each.timed is not None)]

    @property
    def owners(self) -> list[str]:
        """Those of them that can tell again what stores show."""
        return [*self.chain.owners, *(each.name for each in self._junctions[self._root] if each.owns)]

    def tick(self, due: Sequence[Due], changes: Changes, attempt: Attempt) -> Processed:
        """Call them for what is due, and carry on what they make. Raises `StageFailed`; nothing of it is kept."""
        draft = self.chain.tick(due, changes)
        arrived: Arrived = defaultdict(list)
        for junction in self._junctions[self._root]:
            for each in due:
                if each.component == junction.name and junction.timed is not None:
                    self._take(junction.tick(each, draft.changes), draft, arrived)
        self._leave(self._root, draft.batch, draft, arrived, attempt)
        self._run(draft, arrived, attempt)
        return draft

    def _run(self, draft: Processed, arrived: Arrived, attempt: Attempt) -> None:
        """Each pipeline that got something, in order."""
        for pipeline in self._order:
            batch = concat(arrived.pop(pipeline, []))
            if len(batch):
                self._leave(pipeline, self._through(pipeline, batch, draft, attempt), draft, arrived, attempt)

    def _through(self, pipeline: str, batch: LogBatch, draft: Processed, attempt: Attempt) -> LogBatch:
        """What the processors of a fed pipeline make of a batch."""
        owner = f"pipeline/{pipeline}"
        if owner in attempt.struck:
            draft.set_aside.append(SetAside(owner, pipeline, attempt.struck[owner], batch.compact()))
            return no_records()
        chain, at = self._chains[pipeline], partial(attempt.at, owner)
        run = partial(chain.process, events_since_unix_ms=attempt.events_since_unix_ms, at=at)
        done = halved(owner, pipeline, batch, draft.changes, run)
        draft.absorb(done)
        return done.batch

    def _leave(self, pipeline: str, batch: LogBatch, draft: Processed, arrived: Arrived, attempt: Attempt) -> None:
        """The end of a pipeline: its exporters get the batch, its connectors are offered it."""
        if not len(batch):
            return
        draft.left[pipeline] = batch
        for junction in self._junctions[pipeline]:
            shown = junction.shown(batch)
            for domain, records in shown.by_domain().items():
                draft.counts[domain, junction.owner, str(Outcome.OFFERED)] += records
            self._hand_on(junction, shown, draft, arrived, attempt)

    def _hand_on(
        self, junction: Junction, batch: LogBatch, draft: Processed, arrived: Arrived, attempt: Attempt
    ) -> None:
        if not len(batch):
            return
        if junction.owner in attempt.struck:
            reason = attempt.struck[junction.owner]
            draft.set_aside.append(SetAside(junction.owner, junction.upstream, reason, batch.compact()))
            return
        run = partial(junction.hand_on, attempt=attempt)
        self._take(halved(junction.owner, junction.upstream, batch, draft.changes, run), draft, arrived)

    def _take(self, done: Processed, draft: Processed, arrived: Arrived) -> None:
        draft.absorb(done)
        for target, batch in done.handed.items():
            arrived[target].append(batch)
