"""The processors of a pipeline, one after the other, and the account of every record that enters or leaves them.

    records in + created = records out + filtered + aggregated + dropped          for each processor and domain

What a processor emits joins the records behind the last one, or in front of the next that takes such events (`sight`).

A processor names what it left out (`Work.count`); what it did not name is counted as `filtered`, what came without a
name as `created`. A processor that raises (anything but `MemoryError` and `OSError`, which say nothing of the records) makes the entries be halved until the one to blame stands alone; that one is
dead-lettered raw, and the state changes of its failed attempts never happened.
"""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from collector.batch import LogBatch, concat
from collector.component import Processor, TakesEvents, Ticking
from collector.errors import StorageError
from collector.ledger.interface import Ledger, RawDeadLetter
from collector.outcomes import Counts
from collector.pipeline.account import unnamed
from collector.pipeline.made import Maker
from collector.pipeline.sight import divided, rejoined
from collector.pipeline.state import Changes
from collector.pipeline.work import StepWork

_log = logging.getLogger(__name__)


@functools.cache
def _no_records() -> LogBatch:
    """Batches are immutable, so one serves; making it costs 0.7 ms, as much as the rest of a pass-through step."""
    return LogBatch.empty()


@dataclass(slots=True)
class Processed:
    """What a step would commit. `changes` include those of everything before it in the same step."""

    batch: LogBatch = field(default_factory=_no_records)
    counts: Counts = field(default_factory=Counts)
    changes: Changes = field(default_factory=dict)
    made: list[LogBatch] = field(default_factory=list)
    """What was emitted, and has not joined `batch` yet."""
    dead_letters: list[RawDeadLetter] = field(default_factory=list)

    def then(self, later: Processed) -> Processed:
        """Both, as one; `later` was made on top of this one's changes."""
        letters = self.dead_letters + later.dead_letters
        return Processed(
            concat([self.batch, later.batch]), self.counts + later.counts, later.changes, dead_letters=letters
        )

    def join(self) -> None:
        """What was emitted stands behind the records."""
        if self.made:
            self.batch = concat([self.batch, *self.made])
            self.made = []


class ProcessorFailed(Exception):
    """A processor raised; `reason` names it and the type of the error, never the error's text."""

    def __init__(self, processor: str, cause: Exception) -> None:
        self.reason = f"processor {processor}: {type(cause).__name__}"
        super().__init__(self.reason)


class Chain:
    """The processors of one pipeline, by id, in order."""

    def __init__(
        self,
        pipeline: str,
        ledger: Ledger,
        processors: Sequence[tuple[str, Processor]],
        now_unix_nano: Callable[[], int],
    ) -> None:
        self._pipeline = pipeline
        self._ledger = ledger
        self._processors = processors
        self._now = now_unix_nano
        self._ticked = dict.fromkeys(self._intervals(), now_unix_nano())

    def process(self, batch: LogBatch, changes: Changes) -> Processed:
        """All processors on one batch, on top of `changes`, which stay as they are.

        Raises:
            ProcessorFailed: one of them raised; nothing of it is kept.
        """
        draft = Processed(batch, changes=dict(changes))
        for name, processor in self._processors:
            if isinstance(processor, TakesEvents):
                draft.join()
            if len(draft.batch):
                self._apply(name, processor, draft, self._now())
        draft.join()
        return draft

    def due(self, now_unix_nano: int) -> list[str]:
        """The processors whose `tick_interval_secs` has passed."""
        return [
            name
            for name, interval in self._intervals().items()
            if abs(now_unix_nano - self._ticked[name]) >= interval * 1e9  # a clock that was set back ticks, too
        ]

    def tick(self, due: Sequence[str], now_unix_nano: int) -> Processed:
        """A batch of zero records for those that are due; what one makes goes on through the processors behind it.

        One that raises is passed over until its next turn.
        """
        draft = Processed()
        for name, processor in self._processors:
            if name in due or len(draft.batch):
                before = Processed(draft.batch, Counter(draft.counts), dict(draft.changes))
                try:
                    self._apply(name, processor, draft, now_unix_nano)
                except ProcessorFailed as failed:
                    _log.warning("pipeline %s: at a tick, %s", self._pipeline, failed.reason)
                    draft = before
        self._ticked |= dict.fromkeys(due, now_unix_nano)
        return draft

    def _apply(self, name: str, processor: Processor, draft: Processed, now_unix_nano: int) -> None:
        kinds = processor.takes_events if isinstance(processor, TakesEvents) else ()
        seen, hidden = divided(draft.batch, kinds)
        account = f"processor/{self._pipeline}/{name}"
        work = StepWork(self._ledger, draft.changes, Maker(self._pipeline, name, seen), account, now_unix_nano)
        before = seen.by_domain()
        try:
            given = processor.process(seen, work)
            after = given.by_domain()
        except StorageError:
            raise
        except (MemoryError, OSError) as error:  # of the machine, not of the records
            error.add_note(f"processor {name}")
            raise
        except Exception as error:
            raise ProcessorFailed(name, error) from error
        draft.batch = rejoined(given, hidden)
        draft.counts += work.named + unnamed(account, before, after, work.named) + work.emitted
        draft.made += work.made

    def _intervals(self) -> dict[str, float]:
        ticking = ((name, each.tick_interval_secs) for name, each in self._processors if isinstance(each, Ticking))
        return {name: interval for name, interval in ticking if interval}
