"""The processors of a pipeline, one after the other, and the account of every record that enters or leaves them.

    records in + created = records out + filtered + aggregated + dropped          for each processor and domain

What a processor emits joins the records behind the last one, or in front of the next that takes such events (`sight`).

A processor names what it left out (`Work.count`); what it did not name is counted as `filtered`, what came without a
name as `created`. A processor that raises (anything but `MemoryError` and `OSError`, which say nothing of the records) makes the entries be halved until the one to blame stands alone; that one is
dead-lettered raw, and the state changes of its failed attempts never happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from collector.batch import LogBatch, concat
from collector.component import Due, Processor, Republishes, TakesEvents
from collector.ledger.interface import Ledger
from collector.outcomes import Counts
from collector.pipeline.account import unnamed
from collector.pipeline.made import Maker, Occasion
from collector.pipeline.processed import Processed, no_records, told_of
from collector.pipeline.sight import divided, rejoined
from collector.pipeline.state import Changes
from collector.pipeline.timed import AtStop, Timed, call, timed
from collector.pipeline.work import StepWork

Watch = Callable[[str, str, LogBatch], None]
"""Is shown what left a processor: pipeline, processor, records; and, for the processor "", what came to the pipeline."""


class Stage(NamedTuple):
    """A processor by its id; which events it takes, and itself when it may be due for something."""

    name: str
    processor: Processor
    kinds: Sequence[str]
    timed: Timed | None


def _stage(name: str, processor: Processor) -> Stage:
    kinds = processor.takes_events if isinstance(processor, TakesEvents) else ()
    return Stage(name, processor, kinds, timed(processor))


class Chain:
    """The processors of one pipeline, by id, in order."""

    def __init__(
        self,
        pipeline: str,
        ledger: Ledger,
        processors: Sequence[tuple[str, Processor]],
        now_unix_nano: Callable[[], int],
        watch: Watch | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._ledger = ledger
        self._watch = watch
        self._stages = [_stage(name, processor) for name, processor in processors]
        self._now = now_unix_nano

    def process(
        self,
        batch: LogBatch,
        changes: Changes,
        events_since_unix_ms: int = 0,
        at: Callable[[str], None] | None = None,
    ) -> Processed:
        """All processors on one batch, on top of `changes`, which stay as they are. Of records that were received before
        `events_since_unix_ms` they make none of their own. `at` is told of each before it begins.

        Raises:
            StageFailed: one of them raised; nothing of it is kept.
        """
        draft = Processed(batch, changes=dict(changes))
        self._show("", draft)
        for stage in self._stages:
            if at is not None:
                at(f"processor {stage.name}")
            self._apply(stage, draft, events_since_unix_ms)
            self._show(stage.name, draft)
        draft.join()
        return draft

    def _show(self, processor: str, draft: Processed) -> None:
        if self._watch is not None:
            self._watch(self._pipeline, processor, draft.batch)

    @property
    def ticking(self) -> list[str]:
        """The processors that may be due for something."""
        return [stage.name for stage in self._stages if stage.timed is not None]

    @property
    def due_at_stop(self) -> list[str]:
        """Those of them that are due at a stop, too."""
        return [stage.name for stage in self._stages if isinstance(stage.timed, AtStop)]

    @property
    def owners(self) -> list[str]:
        """The processors that can tell again what stores show."""
        return [stage.name for stage in self._stages if isinstance(stage.processor, Republishes)]

    def tick(self, due: Sequence[Due], changes: Changes) -> Processed:
        """Call the processors for what is due; what one lets go of goes on to all behind it, what it makes to those that take such events.

        Raises:
            StageFailed: one of them raised; nothing of it is kept.
        """
        draft = Processed(changes=dict(changes), ran=list(due))
        for stage in self._stages:
            self._apply(stage, draft)
            for each in due:
                if each.component == stage.name and stage.timed is not None:
                    self._call(stage.timed, each, draft)
            self._show(stage.name, draft)
        draft.join()
        return draft

    def _call(self, processor: Timed, due: Due, draft: Processed) -> None:
        occasion = Occasion(due.domain, due.at_unix_nano, due.name)
        work = self._work(draft, Maker(self._pipeline, due.component, no_records(), occasion))
        with told_of(f"processor {due.component}"):
            call(processor, due, work)
        released = concat(work.released)
        if len(released):
            draft.batch = concat([draft.batch, released])
        _keep(draft, work, unnamed(work.account, {}, released.by_domain(), work.named))

    def _apply(self, stage: Stage, draft: Processed, since_unix_ms: int = 0) -> None:
        if stage.kinds:
            draft.join()
        seen, hidden = divided(draft.batch, stage.kinds)
        if not len(seen):
            return
        work = self._work(draft, Maker(self._pipeline, stage.name, seen, since_unix_ms=since_unix_ms))
        before = seen.by_domain()
        with told_of(f"processor {stage.name}"):
            given = stage.processor.process(seen, work)
            after = given.by_domain()
        draft.batch = rejoined(given, hidden)
        _keep(draft, work, unnamed(work.account, before, after, work.named))

    def _work(self, draft: Processed, maker: Maker) -> StepWork:
        account = f"processor/{self._pipeline}/{maker.component}"
        return StepWork(self._ledger, draft.changes, maker, account, self._now())


def _keep(draft: Processed, work: StepWork, unnamed: Counts) -> None:
    draft.counts += work.named + unnamed + work.emitted
    draft.made += work.made
    draft.timers |= work.timers
