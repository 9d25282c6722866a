"""Runs of outbox entries that an exporter makes one thing of (`Gathers`): kept by it one by one, sent and acknowledged together.

    entry ─► encode ─► keep ─► encode ─► keep … ─► the run ends ─► send (again, until it is taken) ─► one acknowledgement of all

A run ends where stored facts say so: with the entry that makes it large enough, or before one that was made `secs` after its first, or, where
it is no small one, a while after its last: what waits may be what leaves no room for more. A clock may end it as well once the outbox was found
empty behind that moment: what comes later is also made later. It ends before an entry that was made well before the one in front of it, too: the
clock was set back, and the moment at which the run would end may be years away. So after a death the same first entry gives the same run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from collector.component import Gathers, OutboxRun, RunLimits
from collector.delivery.feed import Feed
from collector.delivery.progress import Progress
from collector.delivery.request import Pending, Request
from collector.outcomes import Ok, Retry, Verdicts

_MOST_ENTRIES = 20_000
_MOST_ENDED = 2
"""Runs that have ended and are not sent; beyond them nothing is read: what waits, waits in the outbox."""
_PAUSE_SECS, _SMALL = 20.0, 64
"""So long after its last entry a run ends; not one that is smaller than one part in so many of what makes it large."""
_SET_BACK_SECS = 120.0
"""So much earlier than its predecessor no entry is made, but by a clock that was set back meanwhile."""
_GRACE_SECS = 1.0
"""An entry is seen that much after the time that it carries, at most: a commit and its fsync."""

Deliver = Callable[[Request, OutboxRun], Awaitable[None]]


class Keeping:
    """The exporter as what comes before the run is sent sees it: `send` keeps."""

    def __init__(self, exporter: Gathers) -> None:
        self._exporter = exporter

    async def start(self) -> None:
        """The lane starts it."""

    def encode(self, batch: Any) -> Any:
        """Of the exporter."""
        return self._exporter.encode(batch)

    async def send(self, request: Any) -> None:
        """Records of a run are kept."""
        await self._exporter.keep(*request)

    def classify(self, answer: object) -> Verdicts:
        """What is not kept is given again."""
        return [Ok()] if answer is None else [Retry(f"can't be kept: {type(answer).__name__}: {answer}")]

    async def shutdown(self) -> None:
        """The lane ends it."""


@dataclass(slots=True)
class _Run:
    source: int
    first: int
    created_unix_ms: int
    last_unix_ms: int
    size_bytes: int = 0
    pendings: list[Pending] = field(default_factory=list)
    unkept: set[int] = field(default_factory=set)
    done: int = 0
    ended: bool = False
    sent: bool = False

    @property
    def name(self) -> OutboxRun:
        return OutboxRun(self.source, self.first, self.pendings[-1].entry.seq)

    def ends_ms(self, limits: RunLimits) -> float:
        """Entries that were made then, or later, are of another run."""
        ends = self.created_unix_ms + limits.secs * 1000
        if self.size_bytes * _SMALL < limits.size_bytes:
            return ends
        return min(ends, self.last_unix_ms + _PAUSE_SECS * 1000)

    def set_back(self, unix_ms: float) -> bool:
        """Whether entries that are made then are of another run, for the clock was set back."""
        return unix_ms < self.last_unix_ms - _SET_BACK_SECS * 1000


class Gathering:
    """One exporter's. Belongs to the event loop.

    Args:
        deliver: sends a run until it has ended, or delivery stops.
    """

    def __init__(self, exporter: Gathers, progress: Progress, feed: Feed, deliver: Deliver) -> None:
        self._exporter = exporter
        self._limits = exporter.run_limits
        self._progress = progress
        self._feed = feed
        self._deliver = deliver
        self._open: dict[int, _Run] = {}
        self._runs: dict[tuple[int, int], _Run] = {}
        self._room = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        self.hurried = False
        """Runs end as soon as there is no more to read."""

    async def enter(self, pending: Pending) -> None:
        """The next entry of its partition, before anything else is done with it. Waits while too much is to be sent."""
        run, made_ms = self._open.get(pending.source), pending.entry.created_unix_ms
        if run is not None and (made_ms >= run.ends_ms(self._limits) or run.set_back(made_ms)):
            self._end(run)
        while sum(each.ended for each in self._runs.values()) >= _MOST_ENDED:
            self._room.clear()
            await self._room.wait()
        if pending.lost:
            return
        run = self._open.get(pending.source)
        if run is None:
            created = pending.entry.created_unix_ms
            run = _Run(pending.source, pending.entry.seq, created, created)
            self._open[pending.source] = self._runs[pending.source, run.first] = run
        run.pendings.append(pending)
        run.unkept.add(pending.entry.seq)
        run.size_bytes += pending.entry.size_bytes
        run.last_unix_ms = max(run.last_unix_ms, pending.entry.created_unix_ms)
        pending.run = run.first
        if run.size_bytes >= self._limits.size_bytes or len(run.pendings) >= _MOST_ENTRIES:
            self._end(run)

    async def leave(self, source: int) -> None:
        """A partition is gone, and its runs with it: whoever has it makes them anew."""
        self._open.pop(source, None)
        gone = [run for run in self._runs.values() if run.source == source]
        self._runs = {key: run for key, run in self._runs.items() if run.source != source}
        self._room.set()
        ending = (self._exporter.run_ended(run.name) for run in gone if run.pendings)
        await asyncio.gather(*ending, return_exceptions=True)

    def kept(self, pending: Pending) -> None:
        """All of it that has not ended is kept: its memory is free."""
        self._feed.forget(pending)
        self._count(pending)

    def add(self, pending: Pending) -> None:
        """All of it has ended."""
        run = self._run(pending)
        run.done += 1
        self._count(pending)

    def tick(self) -> float:
        """End what is due; in how many seconds to look again."""
        wait = float("inf")
        for run in list(self._open.values()):
            due = run.ends_ms(self._limits) / 1000 + _GRACE_SECS
            over = self._feed.emptied[run.source] > due or run.set_back(time.time() * 1000)
            if over or (self.hurried and self._feed.drained):
                self._end(run)
            else:
                wait = min(wait, max(0.0, due - time.time()) + 0.01)
        return wait

    def _run(self, pending: Pending) -> _Run:
        assert pending.run is not None
        return self._runs[pending.source, pending.run]

    def _count(self, pending: Pending) -> None:
        run = self._run(pending)
        run.unkept.discard(pending.entry.seq)
        self._look(run)

    def _end(self, run: _Run) -> None:
        del self._open[run.source]
        run.ended = True
        self._look(run)

    def _look(self, run: _Run) -> None:
        if not run.ended or run.unkept:
            return
        if run.done == len(run.pendings):
            self._settle(run)
        elif not run.sent:
            self._send(run)

    def _send(self, run: _Run) -> None:
        run.sent = True
        request = Request(tuple(pending.kept() for pending in run.pendings if not pending.done))
        self._task(self._deliver(request, run.name))

    def _settle(self, run: _Run) -> None:
        for pending in run.pendings:
            self._progress.add(pending)
        del self._runs[run.source, run.first]
        self._room.set()
        self._task(self._exporter.run_ended(run.name))

    def _task(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
