"""Single entries of the topics, read again long after they were accepted: those that the outbox of a pass-through pipeline refers to."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from collector.cluster.record import entry_of
from collector.errors import OutOfReach
from collector.journal.entry import Entry
from collector.kafka.wire import AtEnd, Message, OutOfRange, Place, Reader, Unreachable, Wire

_PATIENCE_SECS = 10.0
_READ_SECS = 0.5
_AT_ONCE = 64
_FAR = 256  # offsets between two wanted entries, over which it is cheaper to ask for the second by itself


class ShelfReader:
    """One reader for all shelves of a process, opened when it is first needed; one of them reads at a time."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._lock = threading.Lock()
        self._reader: Reader | None = None

    def read(self, place: Place, offsets: Sequence[int]) -> list[Message]:
        """The records at these offsets of Kafka, ascending; those that were deleted are missing.

        Raises:
            OutOfReach: no broker answers.
            StorageError: the topic is gone.
        """
        with self._lock:
            if self._reader is None:
                self._reader = self._wire.reader("shelf")
            try:
                return _Search(self._reader, place, offsets).found()
            except Unreachable as error:
                raise OutOfReach(f"{place.topic}/{place.partition} can't be read now: {error}") from error
            finally:
                self._reader.leave([place])

    def close(self) -> None:
        """Safe twice."""
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None


class _Search:
    def __init__(self, reader: Reader, place: Place, offsets: Sequence[int]) -> None:
        self._reader = reader
        self._place = place
        self._wanted = deque(offsets)
        self._found: list[Message] = []

    def found(self) -> list[Message]:
        """Read on from one wanted record to the next, or ask for it where it is far away."""
        until = time.monotonic() + _PATIENCE_SECS
        self._seek()
        while self._wanted:
            if time.monotonic() > until:
                raise Unreachable("no answer in time")
            try:
                read = self._reader.read(_AT_ONCE, _READ_SECS)
            except OutOfRange as gone:
                self._pass(gone.begins - 1 if gone.begins > gone.asked else self._wanted[-1])
                self._seek()
                continue
            if read:
                until = time.monotonic() + _PATIENCE_SECS
            for each in read:
                self._see(each)
            if read and self._wanted and self._wanted[0] - read[-1].offset > _FAR:
                self._seek()
        return self._found

    def _seek(self) -> None:
        if self._wanted:
            self._reader.follow({self._place: self._wanted[0]})

    def _see(self, each: Message | AtEnd) -> None:
        if each.place != self._place:
            return
        if isinstance(each, AtEnd):
            self._wanted.clear()  # what was wanted beyond is not there any more
            return
        self._pass(each.offset - 1)  # what is missing there was deleted
        if self._wanted and self._wanted[0] == each.offset:
            self._found.append(each)
            self._wanted.popleft()

    def _pass(self, offset: int) -> None:
        while self._wanted and self._wanted[0] <= offset:
            self._wanted.popleft()


class KafkaShelf:
    """The `Shelf` of one partition. `places`: journal → where it stands."""

    def __init__(self, reader: ShelfReader, places: Mapping[str, Place]) -> None:
        self._reader = reader
        self._places = places

    def fetch(self, journal: str, domain: str, offsets: Sequence[int], receivers: Collection[str]) -> list[Entry]:
        """See `Shelf.fetch`. Nothing is left of a topic that was made anew. Raises as `ShelfReader.read`."""
        place = self._places.get(journal)
        if place is None:
            return []
        found = self._reader.read(place, [offset - 1 for offset in offsets])
        entries = (entry_of(message, journal, next(iter(receivers), "")) for message in found)
        return [entry for entry in entries if entry.domain == domain]

    def close(self) -> None:
        """The reader belongs to the process."""
