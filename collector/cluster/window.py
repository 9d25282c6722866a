"""What was read ahead of one place of a topic for one pipeline: filled by the fetcher's thread, emptied by the worker's.

    Kafka ──► │ passed │ ░ taken, not committed ░ waiting ░ │ ──► `put`, until it is full; then the place is paused
              floor                                  read_to

Kafka gives one order over all domains; the window is what turns them about. Entries leave it by `pass_on`, when a commit has passed
them: who takes again without a commit gets the same ones.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from collector.cluster.record import entry_of
from collector.errors import StorageError
from collector.journal.entry import Entry
from collector.kafka.wire import Message, Place
from collector.ledger.sources import Wanted

_OVERHEAD_BYTES = 600  # of an entry in memory, beside its body


@dataclass(frozen=True, slots=True)
class Start:
    """From where a pipeline reads a place.

    Args:
        floor: everything up to that offset is passed, of all domains; None: it never read there, and begins with what there is.
        passed: domain → offset up to which it is passed, where that is more.
    """

    floor: int | None
    passed: Mapping[str, int] = field(default_factory=dict)


class Line:
    """Entries of one domain that wait, in order: put by one thread, looked at and passed by another."""

    __slots__ = ("_entries", "_passed")

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._passed = 0

    def __len__(self) -> int:
        return len(self._entries) - self._passed

    @property
    def first(self) -> Entry:
        return self._entries[self._passed]

    def put(self, entry: Entry) -> None:
        self._entries.append(entry)

    def look(self) -> Span:
        return Span(self._entries, self._passed, len(self._entries))

    def pass_on(self, offset: int) -> Iterator[Entry]:
        """Those up to there; what is passed is let go of once it is the larger part."""
        while self and self.first.offset <= offset:
            yield self.first
            self._passed += 1
        if self._passed * 2 >= len(self._entries):
            del self._entries[: self._passed]
            self._passed = 0


class Span(NamedTuple):
    """What a line was at a moment, without a copy: good until something of it is passed."""

    entries: Sequence[Entry]
    first: int
    behind: int

    def each(self) -> Iterator[Entry]:
        """In order; who stops has not paid for the rest."""
        for at in range(self.first, self.behind):
            yield self.entries[at]


@dataclass(frozen=True, slots=True)
class Held:
    """One look into a window.

    Args:
        entries: domain → those that wait, in order.
        floor: as of the last commit.
        read_to: everything up to there is in the window, passed, or of other receivers.
        gaps: where the log goes on behind what was deleted before it was read.
    """

    entries: Mapping[str, Span]
    floor: int
    read_to: int
    gaps: Sequence[int] = ()

    def floor_behind(self, through: Mapping[str, int]) -> int:
        """Up to where everything is passed when each domain is passed up to `through`."""
        left = (self._first(domain, through.get(domain, 0)) for domain in self.entries)
        return min((offset - 1 for offset in left if offset), default=self.read_to)

    def _first(self, domain: str, through: int) -> int:
        return next((entry.offset for entry in self.entries[domain].each() if entry.offset > through), 0)


@dataclass(slots=True)
class Sum:
    """Of entries: how many, their records, the bytes of their bodies."""

    entries: int = 0
    records: int = 0
    bytes: int = 0

    def add(self, entry: Entry, sign: int = 1) -> None:
        """One more, or less."""
        self.entries += sign
        self.records += sign * entry.records
        self.bytes += sign * len(entry.body)


class Window:
    """See the module. Entries of other receivers than `wanted` never enter it."""

    def __init__(self, place: Place, journal: str, wanted: Wanted, start: Start) -> None:
        self.place = place
        self.journal = journal
        self._wanted = wanted
        self._of_none = next(iter(wanted), "")
        self._passed = start.passed
        self._changed = threading.Condition()
        self._waiting: dict[str, Line] = {}
        self._floor = self._read_to = start.floor or 0
        self._is_new = start.floor is None
        self._gaps: list[int] = []
        self._sums: dict[str, Sum] = {}
        self._bytes = 0
        self._at_end = False
        self._error: StorageError | None = None

    # --- the fetcher's thread

    def put(self, messages: Sequence[Message]) -> bool:
        """More of the place, in order; whether any of it is to be worked on."""
        entries = [entry_of(message, self.journal, self._of_none) for message in messages]
        with self._changed:
            kept = [entry for entry in entries if self._is_next(entry)]
            for entry in kept:
                self._waiting.setdefault(entry.domain, Line()).put(entry)
                self._sums.setdefault(entry.domain, Sum()).add(entry)
                self._bytes += len(entry.body) + _OVERHEAD_BYTES
            self._read_to = max(self._read_to, messages[-1].offset + 1)
            self._at_end = self._is_new = False
            self._changed.notify_all()
        return bool(kept)

    def _is_next(self, entry: Entry) -> bool:
        if entry.offset <= max(self._floor, self._passed.get(entry.domain, 0)):
            return False
        return entry.receiver in self._wanted

    def end(self, offset: int) -> None:
        """Everything before Kafka's `offset` was put."""
        with self._changed:
            self._read_to = max(self._read_to, offset)
            self._at_end = True
            self._changed.notify_all()

    def begin_at(self, begins: int) -> int:
        """The log begins there, and the pipeline had not come so far; how many offsets it misses. One that never read there misses
        nothing: it begins with what there is."""
        with self._changed:
            missing = 0 if self._is_new else max(0, begins - self._read_to)
            if missing:
                self._gaps.append(begins)
            self._read_to = max(self._read_to, begins)
            self._is_new = False
            self._changed.notify_all()
        return missing

    def fail(self, error: StorageError) -> None:
        """Nothing more will come."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    # --- the worker's thread

    def look(self) -> Held:
        """What waits. Raises `StorageError`: the place can't be read any more."""
        with self._changed:
            if self._error is not None:
                raise self._error
            entries = {domain: waiting.look() for domain, waiting in self._waiting.items()}
            return Held(entries, self._floor, self._read_to, tuple(self._gaps))

    def pass_on(self, through: Mapping[str, int], floor: int) -> None:
        """A commit has passed each domain up to `through`, and everything up to `floor`, the gaps up to there included."""
        with self._changed:
            self._floor = max(self._floor, floor)
            self._gaps = [begins for begins in self._gaps if begins > floor]
            for domain, offset in through.items():
                waiting = self._waiting.get(domain, Line())
                for entry in waiting.pass_on(offset):
                    self._sums[domain].add(entry, -1)
                    self._bytes -= len(entry.body) + _OVERHEAD_BYTES
                if not waiting:
                    self._waiting.pop(domain, None)
                    self._sums.pop(domain, None)

    # --- any thread

    @property
    def read_to(self) -> int:
        """The offset that Kafka is asked for next: everything before it is here, passed, or of other receivers."""
        return self._read_to

    @property
    def floor(self) -> int:
        """Everything up to there is passed, as of the last commit; 0: the pipeline never read there."""
        return self._floor

    @property
    def bytes(self) -> int:
        """About what it takes in memory."""
        return self._bytes

    def sums(self) -> tuple[dict[str, Sum], int]:
        """Domain → what of it waits here; and when the oldest of it was received, ms since the epoch, 0: nothing waits."""
        with self._changed:
            sums = {domain: replace(sum_) for domain, sum_ in self._sums.items()}
            oldest = min((waiting.first.received_unix_ms for waiting in self._waiting.values()), default=0)
        return sums, oldest

    @property
    def failed(self) -> bool:
        """Whether nothing more will come."""
        return self._error is not None

    @property
    def at_end(self) -> bool:
        """Whether it has all there was, a moment ago."""
        return self._at_end

    def wait_for(self, end: int, secs: float) -> bool:
        """Until everything before Kafka's `end` was put, or something is there to be taken, or it failed; False: not in that time."""
        with self._changed:
            return (
                self._changed.wait_for(lambda: self._error or self._waiting or self._read_to >= end, secs) is not False
            )


def streamed(entries: Iterable[Entry], through: dict[str, int]) -> Iterator[Entry]:
    """A domain's entries; whoever asks for one takes it, and `through` says so."""
    for entry in entries:
        through[entry.domain] = entry.offset
        yield entry
