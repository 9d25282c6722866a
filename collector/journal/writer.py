"""The journal: where an accepted payload becomes durable, before its sender is told.

    receivers ──append──► queue ──► group ──► one transaction, fsync ──► done(None) for each request
                            └─ over a bound: done(refusal), nothing kept

Whatever arrives while a commit is under way is the next group, so the cost of an fsync is shared by as many requests as
there are senders waiting. At a crash the last commit stands; a payload whose commit did not end was not acknowledged.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from collector.disk.chunks import CHUNK_BYTES
from collector.disk.environment import CommitError, Environment
from collector.encryption import Keys
from collector.errors import Exhausted, LogboomError, Refusal, Replaced, StorageError, Unavailable
from collector.journal.append import Append
from collector.journal.committer import Committer, LowWatermarks
from collector.journal.entry import Durable, Payload
from collector.journal.fairness import Shares
from collector.journal.layout import FORMAT_VERSION, KIND, OLDEST_FORMAT
from collector.journal.limits import JournalLimits, JournalStatistics
from collector.journal.sealing import sealed
from collector.outcomes import Outcome

OnFatal = Callable[[StorageError], None]
"""Called once, from the journal's thread, when the disk failed: the process must exit."""

_log = logging.getLogger(__name__)
_TICK_SECS = 0.25  # the longest sleep while something may be trimmed
_REST_SECS = 1.0  # and while nothing stands in the journal: heartbeat, and counts of what was refused
_GATHER_SECS = 0.0012
_LONGEST_GATHER_SECS = 0.004
_USUAL_OF = 16  # commits
_COUNT_SECS = 0.5
_MAX_REFUSED_KEYS = 1024
_FAILED = "the journal could not be written"


class Journal:
    """The `Intake`. Safe to call from any thread; one thread of its own writes.

    `last_beat` (monotonic seconds) moves at least each second while that thread is alive.
    """

    def __init__(
        self, committer: Committer, limits: JournalLimits, on_fatal: OnFatal, keys: Keys | None = None
    ) -> None:
        self.id = committer.environment.id
        self.last_beat = time.monotonic()
        self._committer = committer
        self._limits = limits
        self._on_fatal = on_fatal
        self._keys = keys
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Append | None] = queue.SimpleQueue()
        self._queued_bytes = 0
        self._carried: Append | None = None
        self._refused: Counter[tuple[str, str, str]] = Counter()
        self._last_group = 0
        self._awaited = 0  # how many requests must wait before the thread goes on; 0: it gathers none
        self._enough = threading.Lock()  # held; let go of once so many wait
        self._enough.acquire()
        self._tidying = False
        self._closed = ""
        self._shares = Shares(limits.max_domain_share * limits.max_bytes)
        self._totals: Counter[str] = Counter()
        self._commit_secs = 0.0
        self._usual_commit_secs = _GATHER_SECS
        self._committed_at = self.last_beat
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @classmethod
    def open(
        cls,
        path: Path,
        limits: JournalLimits,
        low_watermarks: LowWatermarks,
        on_fatal: OnFatal,
        keys: Keys | None = None,
    ) -> Self:
        """Open or make the journal and start its thread. `keys`: encrypt bodies with them.

        Raises:
            StorageError: held by another writer, of a foreign format, or no room on the file system for the first step.
        """
        environment = Environment.create(path, limits.max_bytes, KIND, FORMAT_VERSION, OLDEST_FORMAT)
        try:
            journal = cls(Committer(environment, low_watermarks), limits, on_fatal, keys)
        except BaseException:
            environment.close()
            raise
        journal._thread.start()
        return journal

    # Any thread.

    def append(self, payloads: Sequence[Payload], done: Durable) -> None:
        """Make payloads durable, all or none, and call `done`: from the journal's thread, or from this one when the
        queue is full or the journal is closed."""
        if self._keys is not None:
            try:
                payloads = sealed(self._keys, payloads)
            except Unavailable as unavailable:
                done(unavailable)
                return
        request = Append.of(payloads, done)
        with self._lock:
            refusal = self._refuse_at_once(request.size)
            if refusal is None:
                self._queued_bytes += request.size
                self._queue.put(request)
                if self._awaited and self._queue.qsize() >= self._awaited:
                    self._awaited = 0
                    self._enough.release()
        if refusal is not None:
            done(refusal)

    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """Source → position of what is durable of a receiver's sources."""
        return self._committer.positions(receiver)

    def count_refused(self, domain: str, receiver: str, records: int, outcome: str = Outcome.REFUSED) -> None:
        """Count records that were refused, by the journal or before it (or, with `outcome`, values that were repaired);
        durable with the next commit, within a second."""
        key = (domain, f"receiver/{receiver}", outcome)
        with self._lock:
            if key not in self._refused and len(self._refused) >= _MAX_REFUSED_KEYS:
                key = ("", *key[1:])
            self._refused[key] += records

    def totals(self) -> Mapping[str, tuple[int, int]]:
        """Domain → records and bytes that were taken since the journal was made, as of the last commit."""
        book = self._committer.book
        tallies = [(name, book.tallies.get(number)) for name, number in list(book.domains.items())]
        return {name: (tally.records_in, tally.bytes_in) for name, tally in tallies if tally is not None}

    def statistics(self) -> JournalStatistics:
        """How full the journal is, and what it did since the process started."""
        tallies = list(self._committer.book.tallies.values())
        environment = self._committer.environment
        try:
            bytes_in_use, oldest_age_secs = environment.bytes_in_use(), self._committer.oldest_age_secs()
        except StorageError:  # closed meanwhile: the rest is still worth telling
            bytes_in_use, oldest_age_secs = 0, 0.0
        with self._lock:
            totals, queued_bytes = Counter(self._totals), self._queued_bytes
        return JournalStatistics(
            queued_requests=self._queue.qsize(),
            queued_bytes=queued_bytes,
            max_queue_bytes=self._limits.max_queue_bytes,
            budget_bytes=environment.usable_bytes,
            bytes_in_use=bytes_in_use,
            domains=len(tallies),
            entries=sum(tally.entries_in - tally.entries_out for tally in tallies),
            records=sum(tally.records_in - tally.records_out for tally in tallies),
            payload_bytes=sum(tally.bytes_in - tally.bytes_out for tally in tallies),
            oldest_age_secs=oldest_age_secs,
            commits=totals["commits"],
            commit_errors=totals["commit_errors"],
            commit_secs=self._commit_secs,
            committed_requests=totals["committed_requests"],
            refused_full=totals["refused_full"],
            refused_share=totals["refused_share"],
            refused_queue=totals["refused_queue"],
            trimmed_entries=self._committer.trimmed_entries,
        )

    def close(self, deadline_secs: float) -> bool:
        """Refuse what comes, commit what waits, let go of the files; safe twice. False when the disk did not answer
        within the deadline: what is not acknowledged was not promised, so the process may exit."""
        with self._lock:
            self._closed = self._closed or "the collector is stopping"
            self._queue.put(None)
        self._thread.join(deadline_secs)
        return not self._thread.is_alive()

    def _refuse_at_once(self, size: int) -> Refusal | None:
        if self._closed:
            return Unavailable(self._closed)
        if self._queued_bytes and self._queued_bytes + size > self._limits.max_queue_bytes:
            self._totals["refused_queue"] += 1
            return Unavailable("too many requests wait for the disk")
        return None

    # The journal's thread.

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except Exception as error:  # noqa: BLE001 - whatever ends the thread, the process must know
            _log.error("journal: its thread ends: %s", error, exc_info=_traceback(error))
            self._fail(error if isinstance(error, StorageError) else StorageError(f"the journal's thread: {error!r}"))
        finally:
            self._committer.environment.close()

    def _fail(self, error: StorageError) -> None:
        with self._lock:
            self._closed = _FAILED
        self._on_fatal(error)

    def _turn(self) -> bool:
        """One group, or one look round when nothing came. False when the journal is closed and all is written."""
        group, closing = self._next_group()
        self._tidying = not group
        now = self.last_beat = time.monotonic()
        self._committer.look_round(now)
        if group:
            self._serve(group, now)
        # Refusals must be counted, and who is over its share must get room, also while nothing else is left to commit.
        if not group or now - self._committed_at > _COUNT_SECS:
            self._tidy()
        return not closing

    def _tidy(self) -> None:
        if self._refused or self._committer.has_trimmable():
            self._commit([], self._committer.max_trim_chunks)

    def _next_group(self) -> tuple[list[Append], bool]:
        """Requests for one commit in the order of arrival, and whether the queue has ended."""
        group: list[Append] = []
        size = 0
        try:
            request = self._carried or self._queue.get(timeout=self._patience_secs())
            self._carried = None
            self._gather()
            while request is not None:
                if group and size + request.size > self._limits.max_group_bytes:
                    self._carried = request
                    return group, False
                group.append(request)
                size += request.size
                request = self._queue.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _patience_secs(self) -> float:
        """How long to sleep when nothing comes. What could be trimmed goes with the next group, which costs no transaction of its
        own; where none comes, all of it goes, one commit after the other."""
        if self._committer.book.empty:
            return _REST_SECS
        return 0 if self._tidying and self._committer.has_trimmable() else _TICK_SECS

    def _gather(self) -> None:
        """Give the senders of the last group time to send again: without it, one part of them waits for the commits of the
        others, and there are several times as many commits. Nobody waits longer than a commit takes, which is what it costs to
        have just missed one; a lone sender never does. Whoever brings the last one wakes it: each look of its own would be a turn of the
        interpreter."""
        others = self._last_group - 1
        with self._lock:
            if self._queue.qsize() >= others:
                return
            self._awaited = others
        self._enough.acquire(timeout=max(_GATHER_SECS, min(self._usual_commit_secs, _LONGEST_GATHER_SECS)))
        with self._lock:
            self._awaited = 0
        self._enough.acquire(blocking=False)  # it may have been let go of behind the time

    def _serve(self, group: list[Append], now: float) -> None:
        """Commit what the bounds allow, refuse the rest."""
        self._last_group = len(group)
        group, over = self._shares.divide(group, self._committer.book.space_bytes, now)
        for domain, request in over:
            self._finish([request], Exhausted(f"{domain} holds its share of the journal"), "refused_share")
        space = sum(request.space for request in group)
        if not self._committer.environment.has_room(space):
            group = self._within_room(group, now)
            space = sum(request.space for request in group)
        if group:
            # Twice what comes in: trimming catches up, and costs the waiting senders little.
            self._commit(group, min(2 * space // CHUNK_BYTES + 64, self._committer.max_trim_chunks))

    def _within_room(self, group: list[Append], now: float) -> list[Append]:
        """The journal is near its budget: take as many as fit, in the order of arrival."""
        try:
            room = self._committer.make_room(now)
        except (StorageError, Refusal) as error:
            self._give_up(group, error)
            return []
        for position, request in enumerate(group):
            room -= request.space
            if room < 0:
                self._finish(group[position:], Unavailable(self._why_full()), "refused_full")
                return group[:position]
        return group

    def _why_full(self) -> str:
        return "the disk is full" if self._committer.environment.growth_refused else "the journal is full"

    def _commit(self, group: list[Append], trim_chunks: int) -> None:
        with self._lock:
            refused, self._refused = self._refused, Counter()
        started = time.monotonic()
        try:
            self._committer.commit([p for request in group for p in request.payloads], refused, trim_chunks)
        except Exception as error:  # noqa: BLE001 - whatever it is, the senders must be told to keep their data
            with self._lock:
                self._refused.update(refused)
            self._give_up(group, error)
        else:
            self._committed_at = time.monotonic()
            took = self._committed_at - started
            self._commit_secs += took
            self._usual_commit_secs += (took - self._usual_commit_secs) / _USUAL_OF
            self._totals["commits"] += 1
            self._finish(group, None, "committed_requests")

    def _give_up(self, group: list[Append], error: Exception) -> None:
        """Nothing of the group was kept."""
        if isinstance(error, Refusal):
            self._finish(group, error, "refused_full")
            return
        _log.error("journal: %d requests were refused: %s", len(group), error, exc_info=_traceback(error))
        self._totals["commit_errors"] += 1
        self._finish(group, Unavailable(_FAILED), "refused_error")
        if isinstance(error, CommitError | Replaced) and error.fatal and not self._closed:
            self._fail(error)

    def _finish(self, group: list[Append], refusal: Refusal | None, total: str) -> None:
        with self._lock:
            self._queued_bytes -= sum(request.size for request in group)
            self._totals[total] += len(group)
        for request in group:
            try:
                request.done(refusal)
            except Exception:  # noqa: BLE001 - one receiver's defect must not stop the others' answers
                _log.exception("journal: a receiver failed to take its answer")


def _traceback(error: Exception) -> Exception | None:
    """For the log: an error of ours is a sentence, a defect needs to be found."""
    return None if isinstance(error, LogboomError) else error
