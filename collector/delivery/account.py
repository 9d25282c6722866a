"""Keeps the account of one exporter: how records ended, and what its statistics show.

    enqueued = exported + dead_lettered + dropped + filtered + queued

holds at every moment, for an entry is acknowledged with all its outcomes at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from collector.delivery.feed import Feed
from collector.delivery.gathering import Gathering
from collector.delivery.progress import Progress
from collector.delivery.request import Part, Pending, Request
from collector.ledger.interface import DeadLetter
from collector.outcomes import Outcome

State = Literal["ok", "retrying", "blocked"]
_MOVED_SECS = 60.0


@dataclass(frozen=True, slots=True)
class ExporterStatistics:
    """One exporter at one moment. Counters start at 0 with the process.

    Args:
        state: `retrying` while at least one request waits for its next attempt.
        reason: why it is blocked, else the last error, else empty.
        queued_records, queued_bytes: loaded from the outbox and not ended.
        requests: in flight or waiting for their next attempt.
        sent: records that the destination took.
        left_out: of those, records that it then left out on its own account (OTLP's partial success).
        failed_attempts: records in attempts that failed and are repeated.
        filtered: records that `select` left out.
        concurrency: requests that may be in flight at once now: fewer than `num_consumers` after push-back.
        moved: that a file lost its name while it was open, for a minute.
    """

    state: State
    reason: str
    queued_records: int
    queued_bytes: int
    requests: int
    sent: int
    left_out: int
    failed_attempts: int
    dead_lettered: int
    dropped: int
    filtered: int
    concurrency: int
    moved: str = ""


class Account:
    """The only place where records of an exporter end."""

    def __init__(
        self, feed: Feed, progress: Progress, clock: Callable[[], float], gathering: Gathering | None = None
    ) -> None:
        self._feed = feed
        self._progress = progress
        self._gathering = gathering
        self.ended: Counter[str] = Counter()
        self.failed_attempts = 0
        self.left_out = 0
        self.last_error = ""
        self._clock = clock
        self._moved, self._moved_until = "", 0.0

    @property
    def moved(self) -> str:
        """That a file lost its name while it was open; empty when that is a minute ago."""
        return self._moved if self._clock() < self._moved_until else ""

    def was_moved(self, reason: str) -> None:
        """It did, just now."""
        self._moved, self._moved_until = reason, self._clock() + _MOVED_SECS

    def end(self, request: Request, outcome: str) -> None:
        """All records of the request ended as `outcome`."""
        for part in request.occupied():
            part.pending.end(part.by_domain(), outcome)
            self._count(outcome, part)

    def keep(self, request: Request) -> None:
        """The exporter keeps all records of the request until it sends the run that they belong to."""
        for part in request.occupied():
            part.pending.keep(part.by_domain())
            self._finish(part.pending)

    def bury(self, request: Request, reason: str) -> None:
        """All records of the (decoded) request become dead letters."""
        self.last_error = reason
        for part in request.occupied():
            letter = DeadLetter(part.pending.entry.seq, reason, part.batch())
            part.pending.bury(part.by_domain(), letter)
            self._count(Outcome.DEAD_LETTERED, part)

    def undecodable(self, before: Request, after: Request) -> None:
        """Records that were lost when payloads were decoded. The door has checked them: this is all but impossible."""
        for old, new in zip(before.parts, after.parts, strict=True):
            missing = Counter(old.by_domain()) - Counter(new.by_domain())
            if missing:
                old.pending.end(missing, f"{Outcome.DROPPED}:undecodable")
                self.ended[Outcome.DROPPED] += missing.total()
                self._finish(old.pending)

    def failed(self, records: int, reason: str) -> None:
        """An attempt failed; its records are kept."""
        self.failed_attempts += records
        self.last_error = reason

    def begin(self, pending: Pending) -> None:
        """An entry was loaded; one without records is done at once."""
        if not pending.entry.records:
            self._finish(pending)

    def unread(self, outcome: str, records: int, reason: str) -> None:
        """Records of an entry that can't be loaded; the ledger has them as ended."""
        self.last_error = reason
        self.ended[outcome.partition(":")[0]] += records

    def _count(self, outcome: str, part: Part) -> None:
        self.ended[outcome.partition(":")[0]] += part.records
        self._finish(part.pending)

    def _finish(self, pending: Pending) -> None:
        if pending.lost:
            return
        if pending.done:
            (self._gathering or self._progress).add(pending)
            self._feed.release(pending)
        elif self._gathering is not None and pending.all_kept:
            self._gathering.kept(pending)
