"""The processors of a pipeline, one after the other, and the account of every record that enters or leaves them.

    records in + created = records out + filtered + aggregated + dropped          for each processor and domain

A processor names what it left out (`Work.count`); what it did not name is counted as `filtered`, what came without a
name as `created`. A processor that raises (anything but `MemoryError` and `OSError`, which say nothing of the records) makes the entries be halved until the one to blame stands alone; that one is
dead-lettered raw, and the state changes of its failed attempts never happened.
"""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from collector.batch import LogBatch, concat
from collector.component import Processor, State, Ticking
from collector.errors import StorageError
from collector.journal.entry import Entry
from collector.ledger.interface import Ledger, RawDeadLetter
from collector.outcomes import Counts, Outcome
from collector.pipeline.state import Changes, Overlay

_MAX_OUTCOME = 100  # characters: outcomes are parts of keys
_log = logging.getLogger(__name__)
_ENDS = {Outcome.FILTERED, Outcome.AGGREGATED, Outcome.DUPLICATE, Outcome.UNDECODABLE, Outcome.DEAD_LETTERED}


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
    dead_letters: list[RawDeadLetter] = field(default_factory=list)

    def then(self, later: Processed) -> Processed:
        """Both, as one; `later` was made on top of this one's changes."""
        letters = self.dead_letters + later.dead_letters
        return Processed(concat([self.batch, later.batch]), self.counts + later.counts, later.changes, letters)


class ProcessorFailed(Exception):
    """A processor raised; `reason` names it and the type of the error, never the error's text."""

    def __init__(self, processor: str, cause: Exception) -> None:
        self.reason = f"processor {processor}: {type(cause).__name__}"
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class StepWork:
    """The `Work` that one processor is given for one batch."""

    ledger: Ledger
    changes: Changes
    id: str
    component: str
    now_unix_nano: int
    named: Counts = field(default_factory=Counts)

    def state(self, domain: str) -> State:
        """What the processor keeps of a domain."""
        return Overlay(self.ledger, self.id, domain, self.changes)

    def count(self, domain: str, outcome: str, records: int) -> None:
        """Name the end of records that the processor leaves out, or `created` for those it adds."""
        self.named[domain, self.component, outcome[:_MAX_OUTCOME]] += records


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
            if len(draft.batch):
                self._apply(name, processor, draft, self._now())
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
        component = f"processor/{self._pipeline}/{name}"
        work = StepWork(self._ledger, draft.changes, name, component, now_unix_nano)
        before = draft.batch.by_domain()
        try:
            draft.batch = processor.process(draft.batch, work)
            after = draft.batch.by_domain()
        except StorageError:
            raise
        except (MemoryError, OSError) as error:  # of the machine, not of the records
            error.add_note(f"processor {name}")
            raise
        except Exception as error:
            raise ProcessorFailed(name, error) from error
        draft.counts += work.named + _unnamed(component, before, after, work.named)

    def _intervals(self) -> dict[str, float]:
        ticking = ((name, each.tick_interval_secs) for name, each in self._processors if isinstance(each, Ticking))
        return {name: interval for name, interval in ticking if interval}


def _unnamed(component: str, before: Mapping[str, int], after: Mapping[str, int], named: Counts) -> Counts:
    """What makes the account of one processor add up: `filtered` for what is missing, `created` for what is new."""
    missing = Counter(before)
    missing.subtract(after)
    for (domain, _, outcome), records in named.items():
        if outcome == Outcome.CREATED:
            missing[domain] += records
        elif outcome in _ENDS or outcome.startswith(Outcome.DROPPED):
            missing[domain] -= records
    filtered = {(domain, component, str(Outcome.FILTERED)): n for domain, n in missing.items() if n > 0}
    created = {(domain, component, str(Outcome.CREATED)): -n for domain, n in missing.items() if n < 0}
    return Counter(filtered | created)


def discrepancy(
    component: str, entries: Sequence[Entry], decoded: LogBatch, dead_letters: Sequence[RawDeadLetter]
) -> Counts:
    """Records that the door counted and the decoder did not find, or the other way round, so that counts add up."""
    missing: Counter[str] = Counter()
    for entry in entries:
        missing[entry.domain] += entry.records
    missing.subtract(decoded.by_domain())
    for letter in dead_letters:
        missing[letter.entry.domain] -= letter.entry.records
    names = ((domain, Outcome.UNDECODABLE if n > 0 else Outcome.CREATED, n) for domain, n in missing.items())
    return Counter({(domain, component, str(outcome)): abs(n) for domain, outcome, n in names if n})
