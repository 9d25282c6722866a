"""The data path of a pipeline on one screen.

    journals ──read──► decode ──► processors ──► what it feeds ──► commit ──► outbox ──► delivery
                │                     │               │ (`flow`)      │
                └ an attempt is noted └ state, counts and cursors change in the one transaction of the commit

One thread steps a pipeline. One without receivers reads nothing: it is fed within the steps of others, and steps itself only
for what its components are due for, and for dead letters that are tried again. A kill at any point repeats the step or has done it: nothing is lost or done twice.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from collector.batch import LogBatch
from collector.component import Processor
from collector.errors import NoRoom, StorageError
from collector.journal.entry import Entry
from collector.ledger.interface import DAMAGED, Commit, Content, Ledger, RawDeadLetter, Read, SetAside
from collector.ledger.quarantine import Quarantine
from collector.outcomes import Counts
from collector.pipeline.account import discrepancy
from collector.pipeline.commanding import Answer, Commanding, Taker
from collector.pipeline.decode import Decoded, decode
from collector.pipeline.erased import Erased, NothingErased
from collector.pipeline.flow import Flow
from collector.pipeline.network import Network
from collector.pipeline.portion import Portion
from collector.pipeline.processed import Attempt, Processed, StageFailed
from collector.pipeline.republishing import Marks, Republishing
from collector.pipeline.state import Changes
from collector.pipeline.suspects import STRIKES, Suspects
from collector.pipeline.ticks import Ticks
from collector.reserved import PIPELINE, RECEIVER
from collector.timeline import UNWATCHED, Attributes, Watching

_PAUSE_SECS, _LONGEST_PAUSE_SECS = 0.5, 60.0
_NEWS_MS = 300_000  # an older dead letter that is tried again raises no alarm any more
STEP = "step"
_NOBODY: Mapping[str, str] = {}
_log = logging.getLogger(__name__)


class Pipeline:
    """One pipeline in one partition.

    Args:
        processors: (id, processor), in order.
        network: all pipelines of the partition, with their connectors, where it is not the only one.
        passthrough: forward the payloads themselves, also those that it feeds; they are not decoded.
        attempts_path: the partition's directory, where attempts are noted.
        quarantine: who else works in this process.
        takers: the components that take commands here.
        on_answers: told what became of commands, once that is on disk.
        max_bytes, max_records: about how much one step takes; of a large entry a piece.
        marks: what the stores say that the pipeline reaches (`republishing`).
        erased: what was erased in the partition, and may come late.
        operations: is told what steps spend their time on.
    """

    def __init__(
        self,
        id: str,  # noqa: A002  the name it has in the configuration
        ledger: Ledger,
        processors: Sequence[tuple[str, Processor]],
        *,
        attempts_path: Path,
        network: Network | None = None,
        passthrough: bool = False,
        quarantine: Quarantine | None = None,
        takers: Sequence[Taker] = (),
        on_answers: Callable[[Sequence[Answer]], None] = lambda _: None,
        max_bytes: int = 8 << 20,
        max_records: int = 50_000,
        decode: Callable[[Sequence[Entry]], Decoded] = decode,
        now_unix_nano: Callable[[], int] = time.time_ns,
        marks: Callable[[], Marks] = dict,
        erased: Erased | NothingErased | None = None,
        operations: Watching = UNWATCHED,
    ) -> None:
        self.id = id
        self.place = f"pipeline {id} of {attempts_path.parent.name} {attempts_path.name}"
        """Its name among those of all partitions."""
        self._partition = attempts_path.name
        self.busy_since: float | None = None
        """Monotonic seconds since when the step under way takes; None between steps."""
        self.wrote = False
        """Whether the last step committed anything: records, or what components were due for."""
        self._ledger = ledger
        self._operations = operations
        self._timeline = UNWATCHED.begin(STEP)
        watch = self._passed if operations.on else None
        self._flow = Flow(id, ledger, network or Network({id: processors}), now_unix_nano, watch)
        self._commanding = Commanding(id, ledger, takers, now_unix_nano, hands_on=id == PIPELINE)
        self._on_answers = on_answers
        self._answers: list[Answer] = []
        self._suspects = Suspects(attempts_path, id, ledger.applied(id))
        self._ticks = Ticks(id, attempts_path, ledger, self._flow)
        self._republishing = Republishing(ledger, self._flow.owners, marks)
        self._quarantine = quarantine or Quarantine()
        self._failures = 0
        self._not_before = 0.0
        self._behind = False
        self._events_since = 0
        self._passthrough = passthrough
        self._portion = Portion(max_bytes, max_records)
        self._decode = decode
        self._erased = erased or NothingErased()
        self._now = now_unix_nano

    def step(self) -> int:
        """Take what waits through to the outbox; how many records were taken. 0: nothing waits, no room, or a pause after
        the machine had no memory or no disk for it: then less is taken.

        Raises:
            StorageError: the commit failed twice. `fatal`: the process should exit, a successor repeats the step; else
                (the disk is full) the pipeline rests, and the same step is tried again.
        """
        self.wrote = False
        if time.monotonic() < self._not_before:
            return 0
        with self._quarantine.entered(alone=self._suspects.suspicious or self._ticks.suspicious):
            return self._step()

    def _step(self) -> int:
        self.busy_since = time.monotonic()
        timeline = self._timeline = self._operations.begin(STEP)
        try:
            self._tick()
            timeline.lap("tick")
            read = self._ledger.read(self.id, *self._suspects.limit(*self._portion.now))
            if read:
                timeline.lap("read")
                draft = self._attempt(read)
                timeline.lap("connectors")
                if not self._commit_or_halve(read, draft):
                    return 0
                timeline.lap("commit")
                self._operations.end(timeline, lambda: self._told(read))
                if len(draft.dead_letters) < len(read.entries):  # something got through
                    self._failures = 0
            self._behind = bool(read.begun)
            taken = sum(entry.records for entries in (read.entries, read.duplicates) for entry in entries)
            return taken + (0 if read.returned is None else len(read.returned.batch))
        except (MemoryError, OSError) as error:
            self._fall_short(error)
            return 0
        except Exception:
            self._suspects.rest()  # an error that the caller is told is not a death
            self._ticks.rest()
            raise
        finally:
            self.busy_since = None

    def warm_up(self, sample: LogBatch) -> None:
        """Run the processors on a batch that goes nowhere, so that what they load and compile at first use is not in the
        first step: a kill during that would be taken for the fault of the records in hand."""
        if not self._passthrough:
            with contextlib.suppress(StageFailed, MemoryError, OSError):
                self._flow.chain.process(sample, {})

    @property
    def ahead(self) -> bool:
        """Delivery should catch up before the next step."""
        return self._ledger.ahead(self.id)

    @property
    def behind(self) -> bool:
        """More waits, whatever the last step took: small steps, because an entry is suspected of having killed the worker, or
        the rest of a large one. Do not rest between them."""
        return self._behind or self._suspects.suspicious

    @property
    def secs_to_next(self) -> float:
        """When the next step may find something, though nothing is committed until then; as of the last step."""
        if self._failures:
            return self._not_before - time.monotonic()
        if self.behind:
            return 0.0
        due = self._ticks.next_unix_nano
        own = math.inf if due is None else (due - self._now()) / 1e9
        return min(own, min(self._ticks.again_at, self._republishing.look_at) - time.monotonic())

    def _passed(self, pipeline: str, processor: str, batch: LogBatch) -> None:
        """Records left a processor; "": they came to the pipeline."""
        del batch
        if processor:
            whose = "" if pipeline == self.id else f" of {pipeline}"
            self._timeline.lap(f"processor {processor}{whose}")
        elif pipeline != self.id:
            self._timeline.lap("connectors")

    def _told(self, read: Read) -> Attributes:
        records = sum(entry.records for entry in read.entries)
        named = {"logboom.pipeline": self.id, "logboom.partition": self._partition}
        return {**named, "logboom.entries": len(read.entries), "logboom.records": records}

    def _fall_short(self, error: Exception) -> None:
        """No memory, no disk: not the records' fault. It is tried again with less in hand, and later and later; only what
        fails again when it is alone is set aside."""
        where = [*getattr(error, "__notes__", ()), f"pipeline {self.id}"][0]
        reason = f"{where}: {type(error).__name__}"
        self._suspects.failed(reason)
        pause = min(_LONGEST_PAUSE_SECS, _PAUSE_SECS * 2**self._failures)
        self._failures += 1
        self._not_before = time.monotonic() + pause
        _log.warning("%s in pipeline %s: tried again with less in hand in %.1f s", reason, self.id, pause)

    def _tick(self) -> None:
        """What components asked to be called for, in a commit of its own; before it, who must tell a store all again."""
        if (asked := self._republishing.attempt(self._now())) is not None:
            self._commit(*asked)
        if (attempt := self._ticks.attempt(self._now())) is not None:
            self._leave_out(attempt[1])
            self._commit(*attempt)
            self._ticks.done(attempt[1])
        else:
            self._ticks.rest()

    def last_step(self) -> int:
        """At an orderly stop, behind the last step: what is due then. How much was due. Raises as `step` does."""
        attempt = self._ticks.last(self._now())
        if attempt is None:
            self._ticks.rest()
            return 0
        self._commit(*attempt)
        self._ticks.done(attempt[1])
        return len(attempt[1].ran)

    def _leave_out(self, draft: Processed) -> None:
        """What components held, and was erased meanwhile."""
        for pipeline, batch in draft.left.items():
            draft.left[pipeline], erased = self._erased.without(batch, f"pipeline/{pipeline}")
            draft.counts += erased

    def close(self) -> None:
        """An orderly stop, between steps."""
        self._suspects.close()
        self._ticks.close()

    def _attempt(self, read: Read) -> Processed:
        """What can be worked on; entries that are not what was accepted are set aside."""
        self._events_since = self._now() // 1_000_000 - _NEWS_MS if read.replayed else 0
        self._answers = []
        if read.returned is not None:
            return self._try_again(read, read.returned)
        letters = [RawDeadLetter(entry, DAMAGED) for entry in read.entries if entry.damaged]
        draft = self._attempt_sound(read, [entry for entry in read.entries if not entry.damaged])
        if letters:
            _log.error("%s: %d payloads were damaged on disk, and are dead letters now", self.place, len(letters))
            draft.dead_letters += letters
        return draft

    def _attempt_sound(self, read: Read, entries: Sequence[Entry]) -> Processed:
        """All entries together; one by one after a death, so that the next one names the entry to blame."""
        if not self._suspects.suspicious:
            self._suspects.begin(read.id, entries, alone=False)
            return self._carried(self._draft(entries, {}, self._forwards(read)), self._forwards(read))
        draft = Processed()
        for entry in entries:
            self._suspects.begin(read.id, [entry])
            draft = draft.then(self._draft_suspect(entry, draft.changes, self._forwards(read)))
        self._suspects.begin(read.id, entries)
        return draft

    def _forwards(self, read: Read) -> bool:
        """Whether the payloads themselves go on. Those of a replay can't: the journal has them no more; nor those of which something may
        have been erased."""
        return self._passthrough and not read.replayed and not self._erased.concerns(read.entries)

    def _draft_suspect(self, entry: Entry, changes: Changes, forward: bool) -> Processed:
        if self._suspects.strikes(entry) >= STRIKES:
            return Processed(changes=changes, dead_letters=[RawDeadLetter(entry, self._suspects.reason(entry))])
        draft = self._draft([entry], changes, forward)
        return self._carried(draft, forward, self._suspects.struck(entry))

    def _carried(self, draft: Processed, forward: bool, struck: Mapping[str, str] = _NOBODY) -> Processed:
        """With what its connectors feed. Payloads that go on untouched are carried at the end, all together."""
        if not forward:
            self._flow.carry(draft, Attempt(self._suspects.at, struck, self._events_since))
        return draft

    def _try_again(self, read: Read, letter: SetAside) -> Processed:
        """Records that a stage could not take, there alone."""
        (number,) = read.replayed
        self._suspects.take_up(read, letter, number)
        struck = self._suspects.struck_again(letter, number)
        rest, erased = self._erased.without(letter.batch, letter.owner)
        draft = self._flow.resume(replace(letter, batch=rest), Attempt(self._suspects.at, struck, self._events_since))
        draft.counts += erased
        return draft

    def _draft(self, entries: Sequence[Entry], changes: Changes, forward: bool) -> Processed:
        """Decode and process; halve what fails down to the entry to blame, which is dead-lettered raw."""
        if forward:
            return Processed(changes=changes)
        decoded = self._decode(entries)
        self._timeline.lap("decode")
        batch, erased = decoded.batch, Counts()
        if self._erased.concerns(entries):
            batch, erased = self._erased.without(batch, f"pipeline/{self.id}")
        try:
            if any(entry.receiver == RECEIVER for entry in entries):
                draft = self._commanded(batch, changes)
            else:
                draft = self._flow.chain.process(batch, changes, self._events_since)
        except StageFailed as failed:
            if len(entries) == 1:
                return Processed(changes=changes, dead_letters=[RawDeadLetter(entries[0], failed.reason)])
            half = len(entries) // 2
            first = self._draft(entries[:half], changes, forward)
            return first.then(self._draft(entries[half:], first.changes, forward))
        draft.dead_letters += decoded.dead_letters
        draft.counts += discrepancy(f"pipeline/{self.id}", entries, decoded.batch, decoded.dead_letters) + erased
        return draft

    def _commanded(self, batch: LogBatch, changes: Changes) -> Processed:
        """What people do and the service knows: commands to those who take them, the rest to those who take events."""
        done, answers = self._commanding.carry_out(batch, changes)
        draft = self._flow.chain.process(done.batch, done.changes, self._events_since)
        draft.counts += done.counts
        draft.timers = done.timers | draft.timers
        self._commanding.leave(draft)
        self._answers += answers
        return draft

    def _commit_or_halve(self, read: Read, draft: Processed) -> bool:
        """False: the draft is too large for one commit, and the next read takes half."""
        try:
            self._commit(read, draft)
        except NoRoom:
            if not self._portion.halve(read):
                raise  # it waits for room
            self._suspects.rest()
            self._behind = True
            return False
        self._portion.grow()
        return True

    def _commit(self, read: Read, draft: Processed) -> None:
        """Make the step durable; once more with the same result if that fails."""
        outbox, counts = dict[str, Content](draft.left), draft.counts
        if self._forwards(read):
            dead = {id(letter.entry) for letter in draft.dead_letters}
            whole, carried = self._flow.pass_whole([entry for entry in read.entries if id(entry) not in dead])
            outbox, counts = dict(whole), counts + carried
        commit = Commit(
            self.id, read, outbox, draft.changes, counts, draft.dead_letters, draft.ran, draft.timers, draft.set_aside
        )
        try:
            self._ledger.commit(commit)
        except StorageError as error:
            if error.fatal:
                raise
            self._ledger.commit(commit)
        self.wrote = True
        self._suspects.done(read)
        if self._answers:
            self._on_answers(self._answers)
            self._answers = []
