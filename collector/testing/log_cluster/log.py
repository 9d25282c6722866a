"""The log of one place: slots at growing offsets, some of which nobody will ever read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import islice

from collector.kafka.wire import Message, NewRecord, Place


class State(Enum):
    """Of a transaction."""

    OPEN = auto()
    COMMITTED = auto()
    ABORTED = auto()


@dataclass(slots=True, eq=False)
class Transaction:
    """What a writer began: its number, the epoch in which it did, when, and where it wrote."""

    number: int | str
    epoch: int
    began: float
    state: State = State.OPEN
    late: bool = False
    """The request to commit it is on its way."""
    logs: list[PlaceLog] = field(default_factory=list)

    def end(self, state: State) -> None:
        """A marker goes into each log that it wrote to."""
        if self.state is State.OPEN:
            self.state = state
            for log in self.logs:
                log.mark(self)


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands at an offset. `message` None: the marker that ends `of`."""

    offset: int
    message: Message | None
    of: Transaction | None = None

    @property
    def readable(self) -> bool:
        """To whoever reads what is committed."""
        return self.message is not None and (self.of is None or self.of.state is State.COMMITTED)


class PlaceLog:
    """One partition of a topic.

    `begins`: what stands before was deleted. `ends`: the next record's offset (the high watermark).
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.begins = 0
        self.ends = 0
        self.slots: list[Slot] = []
        self._open: dict[Transaction, int] = {}

    def put(self, record: NewRecord, unix_ms: int, of: Transaction | None = None) -> int:
        """Append; gives its offset."""
        offset = self.ends
        headers = tuple((name, bytes(value)) for name, value in record.headers)
        self._append(Message(self.place, offset, record.key, record.value, headers, unix_ms), of)
        if of is not None and of not in self._open:
            self._open[of] = offset
            of.logs.append(self)
        return offset

    def mark(self, of: Transaction) -> None:
        """The end of a transaction takes an offset, too."""
        self._append(None, of)
        self._open.pop(of, None)

    def _append(self, message: Message | None, of: Transaction | None) -> None:
        self.slots.append(Slot(self.ends, message, of))
        self.ends += 1

    @property
    def stable(self) -> int:
        """The last stable offset: readers of what is committed see nothing from the first record of an open transaction on."""
        return min(self._open.values(), default=self.ends)

    def readable(self, start: int) -> Iterator[Message]:
        """What is committed, from that offset on."""
        stable = self.stable
        for slot in islice(self.slots, bisect_left(self.slots, start, key=lambda slot: slot.offset), None):
            if slot.offset >= stable:
                return
            if slot.readable and slot.message is not None:
                yield slot.message

    def cut(self, before: int) -> None:
        """Delete what stands before that offset."""
        self.begins = max(self.begins, min(before, self.ends))
        self.slots = [slot for slot in self.slots if slot.offset >= self.begins]

    def expire(self, before_unix_ms: int) -> None:
        """Retention: delete from the beginning what was put before that time."""
        young = (slot.offset for slot in self.slots if slot.message and slot.message.unix_ms >= before_unix_ms)
        self.cut(min(next(young, self.ends), self.stable))

    def compact(self, *, deletions: bool, upto: int | None = None) -> None:
        """Keep the newest committed record of each key, of what stands before `upto` (default: the last stable offset).

        Args:
            deletions: what deletes goes as well, with what it deleted (the broker does so `delete.retention.ms` later).
        """
        border = min(self.stable, self.ends if upto is None else upto)
        newest: dict[bytes | None, int] = {}
        for slot in self.slots:
            if slot.offset < border and slot.readable and slot.message is not None:
                newest[slot.message.key] = slot.offset
        self.slots = [slot for slot in self.slots if slot.offset >= border or _stays(slot, newest, deletions)]


def _stays(slot: Slot, newest: dict[bytes | None, int], deletions: bool) -> bool:
    message = slot.message
    if message is None or not slot.readable or newest.get(message.key) != slot.offset:
        return False
    return message.value is not None or not deletions
