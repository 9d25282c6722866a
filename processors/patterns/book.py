"""The patterns of one domain: in memory, and in the state from which they come back.

    book           JSON: version of the encoding, how often the book was written, credit, evictions of the hour
    p/<slot>       a pattern (`Entry.encoded`), written when something but its numbers changed
    c/<page>       numbers (`Numbers`), written with every batch that touches them

What is in memory is good for as long as the state's number of writings is its own: a step that was given up, or somebody else who wrote,
is seen by that, and all is read again. So what is remembered never runs ahead of what is on disk.

Learning is paid from a credit that records fill: each known text costs nothing, each unknown one its price. Where senders write more
new texts than that, the rest goes to the pattern of everything (`<*>`), and so do new texts while more than a quarter of all patterns
would have to be forgotten within an hour.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

import numpy as np
import orjson

from collector.component import State, Subject
from processors.patterns.code_places import akin
from processors.patterns.entry import TEXT, Entry
from processors.patterns.learning import Learning
from processors.patterns.masks import pattern_id
from processors.patterns.subjects import First, firsts
from processors.patterns.tallies import PREFIX, Numbers, Slots
from processors.patterns.tokens import WILDCARD, tokenised

META, ENTRY = b"book", b"p/"
ENCODING = 1
MOST = 10_000
"""Patterns of a domain."""
UNKNOWN, NEW = 2, 6
"""What a text costs that is not known, and what it costs more when it is a pattern of its own; a record pays 1."""
MOST_CREDIT = 30_000
_HOUR = 3_600_000_000_000
_REMEMBERED = 50_000
"""Keys."""
_ROW_BYTES = 40
"""Of a pattern in the state beside its text, about."""


class Book:
    """See the module."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._forget_all()

    def _forget_all(self) -> None:
        self.learning = Learning(self._joined)
        self.numbers = Numbers()
        self.merged: list[Entry] = []
        """Patterns that became part of others since the last `save`."""
        self._known: dict[str, Entry] = {}
        self._places: dict[str, Entry] = {}
        self._dirty: set[int] = set()
        self._free: list[int] = []
        self._written, self._credit, self._hour, self._evicted, self._born = 0, MOST_CREDIT, 0, 0, 0

    def open(self, state: State) -> None:
        """Be as the state is."""
        meta = state.get(META)
        _, written, *rest = orjson.loads(meta) if meta else (ENCODING, 0, MOST_CREDIT, 0, 0, 0)
        if written == self._written:
            return
        self._forget_all()
        self._written = written
        self._credit, self._hour, self._evicted, self._born = rest
        for name, value in state.scan(ENTRY):
            entry = Entry.decoded(value)
            self.learning.put(int(name.removeprefix(ENTRY), 16), entry)
            self._places.update(dict.fromkeys(entry.places, entry))
        self.numbers.load(state.scan(PREFIX))
        slots = self.learning.entries.keys()
        self._free = [slot for slot in range(max(slots, default=-1)) if slot not in slots]

    def save(self, state: State) -> None:
        """Write what changed since `open`."""
        for slot in sorted(self._dirty):
            entry = self.learning.entries.get(slot)
            name = ENTRY + b"%08x" % slot
            if entry is None:
                state.delete(name)
            else:
                state.put(name, entry.encoded())
        self.numbers.save(state)
        self._written += 1
        self._dirty.clear()
        if len(self._known) > _REMEMBERED:
            self._known = dict(list(self._known.items())[_REMEMBERED // 2 :])
        self.merged = []
        rest = (self._credit, self._hour, self._evicted, self._born)
        state.put(META, orjson.dumps([ENCODING, self._written, *rest]))

    def forget(self, state: State, subject: Subject, counts_only: bool) -> int:
        """Take a person's value out of it; how many patterns it stood in."""
        self.open(state)
        changed = 0
        for slot, entry in list(self.learning.entries.items()):
            if subject.read_in(entry.first):
                changed += 1
                if not counts_only:
                    self._evict(slot)
            elif entry.hide(subject):
                changed += 1
                self._dirty.add(slot)
        if counts_only:
            self._forget_all()
        elif changed:
            self._known.clear()
            self.save(state)
        return changed

    def slots_of(
        self,
        keys: Sequence[str],
        records: int,
        now_unix_nano: int,
        excess: Callable[[], int],
    ) -> list[int]:
        """The slot of each key; keys are distinct.

        Args:
            records: that have them.
            now_unix_nano: event time.
            excess: bytes of state that are too many; asked where something is new.
        """
        self._credit = min(MOST_CREDIT, self._credit + records)
        if self.learning.widened:
            self._find_again()
        found = [self._of(key) for key in keys]
        if None not in found:
            return [entry.slot for entry in found if entry is not None]
        unknown = [key for key, entry in zip(keys, found, strict=True) if entry is None]
        self._make_room(now_unix_nano, excess())
        affordable = unknown[: max(self._credit // UNKNOWN, 0)]
        self._credit -= UNKNOWN * len(affordable)
        for key, first in zip(affordable, firsts(affordable), strict=True):
            if (pattern := self._learned(first)) is not None:
                self._known[key] = pattern
        found = [self._of(key) for key in keys]
        rest = self._everything().slot if None in found else -1
        return [rest if entry is None else entry.slot for entry in found]

    def _find_again(self) -> None:
        """A text that was matched may fit another pattern better now; so what is remembered is what a restart would find."""
        self.learning.widened = False
        self._known = {key: entry for key, entry in self._known.items() if not entry.standing.is_general}

    def _of(self, key: str) -> Entry | None:
        entry = self._known.get(key)
        if entry is None:
            return None
        standing = entry.standing
        return standing if standing.slot >= 0 else None

    def add(self, slots: Slots, levels: Slots, times: Slots) -> tuple[list[Entry], Slots]:
        """Count records: of each its slot, level and time. The patterns that occur, and for each record which of them it has."""
        occurring, dense = self.numbers.add(slots, levels, times)
        return [self.learning.entries[slot] for slot in occurring.tolist()], dense

    def touch(self, entry: Entry) -> None:
        """Something of a pattern changes."""
        self._dirty.add(entry.slot)

    def absorb(self, patterns: Sequence[Entry], most: int) -> None:
        """Look whether some of these are rare forms of frequent patterns."""
        found = self.learning.absorb(patterns, most, self.numbers.count, self.numbers.is_loud)
        self._dirty.update(pattern.slot for pattern in found if pattern.slot >= 0)

    def _learned(self, first: First) -> Entry | None:
        slot = self.learning.by_id.get(pattern_id(first.masked))
        written = self._places.get(first.place) if first.place and slot is None else None
        if written is not None and (known := written.standing).slot >= 0:
            tokens = tokenised(first.masked)
            if known.is_learned_from and akin(tokens, known.tokens):
                self.learning.cover(known.slot, tokens)
                self._dirty.add(known.slot)
                return known
        slot = self.learning.find(first.masked, first.source)
        if slot is None and self._credit >= NEW and len(self.learning.entries) < self._most:
            self._credit -= NEW
            entry = Entry.of(first.masked, first.source)
            slot = self.learning.learn(self._placed(entry), entry)
        return None if slot is None else self._noted(self.learning.entries[slot], first.place)

    def _noted(self, entry: Entry, place: str) -> Entry:
        if place and place not in self._places:
            self._places[place] = entry
            entry.written_at(place)
            self._dirty.add(entry.slot)
        return entry

    def _new_slot(self) -> int:
        return heapq.heappop(self._free) if self._free else len(self.learning.entries)

    def _everything(self) -> Entry:
        """The pattern of what is not learned."""
        slot = self.learning.find(WILDCARD, TEXT)
        if slot is None:
            entry = Entry.of(WILDCARD, TEXT)
            slot = self._placed(entry)
            self.learning.put(slot, entry)
        return self.learning.entries[slot]

    def _placed(self, entry: Entry) -> int:
        """A slot for a new pattern."""
        self._born += 1
        entry.born = self._born
        slot = self._new_slot()
        self._dirty.add(slot)
        return slot

    def _joined(self, kept: Entry, gone: Entry, slot: int) -> None:
        self.numbers.join(kept.slot, slot)
        self._dirty.update((kept.slot, slot))
        heapq.heappush(self._free, slot)
        self.merged.append(gone)

    def _make_room(self, now_unix_nano: int, excess: int) -> None:
        """Forget what tells least: a 20th of all where the book is full, and as much as is too many of the state."""
        hour = now_unix_nano // _HOUR
        if hour != self._hour:
            self._hour, self._evicted = hour, 0
        full = len(self.learning.entries) >= self._most
        wanted = min(self._most // 20, self._most // 4 - self._evicted) if full else 0
        if wanted <= 0 and excess <= 0:
            return
        slots = np.fromiter(self.learning.entries, dtype=np.int64)
        for gone, slot in enumerate(self.numbers.least_telling(slots)):
            if gone >= wanted and excess <= 0:
                break
            excess -= len(self._evict(slot).encoded()) + _ROW_BYTES
        self._known = {key: entry for key, entry in self._known.items() if entry.standing.slot >= 0}

    def _evict(self, slot: int) -> Entry:
        self.numbers.forget(slot)
        self._dirty.add(slot)
        heapq.heappush(self._free, slot)
        self._evicted += 1
        gone = self.learning.remove(slot)
        for place in gone.places:
            if self._places.get(place) is gone:
                del self._places[place]
        return gone
