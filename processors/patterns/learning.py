"""Which pattern a masked text belongs to, and when patterns turn out to be one.

A masked text that was seen keeps its pattern. One that was not is matched with the patterns that have wildcards; else it is a new
pattern, which is held against those that differ from it in one place (`merging`), and, while it is rare, against frequent ones whose
wildcards may stand for several tokens (`stretching`). What turns out to be one keeps the id of the oldest; the others are its aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from processors.patterns.bins import Bin, row_of
from processors.patterns.entry import TEXT, Entry
from processors.patterns.masks import pattern_id
from processors.patterns.merging import one_pattern
from processors.patterns.stretching import stretches
from processors.patterns.tokens import WILDCARD, Tokens, is_word, tokenised

RARE = 50
"""So many times as frequent is what a rare pattern may be part of."""
_ROUNDS, _CHECKS = 8, 8


class Learning:
    """The patterns of a domain by slot, and what finds them.

    Args:
        joined: called with two patterns, and the slot that the second had: all of it is part of the first from now on.
    """

    def __init__(self, joined: Callable[[Entry, Entry, int], None]) -> None:
        self.entries: dict[int, Entry] = {}
        self.by_id: dict[str, int] = {}
        self._joined = joined
        self._bins: dict[int, Bin] = {}
        self._wild: dict[int, Bin] = {}
        self._general: dict[str, set[int]] = {}
        self.widened = False
        """Whether texts may be found elsewhere than when they were looked for last."""

    def put(self, slot: int, entry: Entry) -> None:
        """A pattern takes a slot."""
        self.entries[slot] = entry
        entry.slot = slot
        self.by_id.update(dict.fromkeys((entry.id, *entry.aliases), slot))
        if entry.is_learned_from:
            self._place(slot, entry)

    def remove(self, slot: int) -> Entry:
        """Forget a pattern."""
        entry = self.entries.pop(slot)
        entry.slot = -1
        for known in (entry.id, *entry.aliases):
            if self.by_id.get(known) == slot:
                del self.by_id[known]
        if entry.is_learned_from:
            _bin(self._bins, entry.tokens).remove(slot)
            self._take_away(slot, entry)
        return entry

    def find(self, masked: str, source: str) -> int | None:
        """The slot of a masked text; None: it would be a new pattern."""
        slot = self.by_id.get(pattern_id(masked))
        if slot is not None or source != TEXT:
            return slot
        tokens = tokenised(masked)
        wild = self._wild.get(len(tokens))
        if wild is None or not len(wild) or not any(map(is_word, tokens)):
            return None
        found = wild.matching(row_of(tokens))
        return found[0] if found else None

    def learn(self, slot: int, entry: Entry) -> int:
        """A new pattern; the slot that it ends in."""
        self.put(slot, entry)
        return self._merge(slot) if entry.is_learned_from else slot

    def cover(self, slot: int, tokens: Tokens) -> None:
        """A pattern is said in another way, by the same place in the code: where it differs, it varies."""
        entry = self.entries[slot]
        if len(tokens) != len(entry.tokens):
            return
        wider = tuple(one if one == other else WILDCARD for one, other in zip(entry.tokens, tokens, strict=True))
        if wider != entry.tokens and any(map(is_word, wider)):
            self._take_away(slot, entry)
            entry.widen(wider)
            self._place(slot, entry)
            self.widened = True

    def _merge(self, slot: int) -> int:
        for _ in range(_ROUNDS):
            together = next(self._together(slot), None)
            if together is None:
                break
            place, others = together
            slot = self._generalise(slot, place, others)
        return slot

    def _together(self, slot: int) -> Iterator[tuple[int, list[int]]]:
        tokens = self.entries[slot].tokens
        for place, others in _bin(self._bins, tokens).beside(slot):
            values = {tokens[place], *(self.entries[other].tokens[place] for other in others)}
            if one_pattern(tokens, place, values):
                yield place, others

    def _generalise(self, slot: int, place: int, others: list[int]) -> int:
        """The patterns differ at one place, and are one: the oldest of them."""
        tokens = self.entries[slot].tokens
        wider = (*tokens[:place], WILDCARD, *tokens[place + 1 :])
        same = [
            found for found in _bin(self._wild, wider).matching(row_of(wider)) if self.entries[found].tokens == wider
        ]
        kept, *gone = sorted({slot, *others, *same}, key=lambda found: self.entries[found].born)
        for other in gone:
            self._join(kept, other)
        entry = self.entries[kept]
        self._take_away(kept, entry)
        entry.widen(wider)
        self._place(kept, entry)
        self.widened = True
        return kept

    def _join(self, kept: int, other: int) -> None:
        entry = self.remove(other)
        self.entries[kept].take(entry)
        self.by_id.update(dict.fromkeys((entry.id, *entry.aliases), kept))
        self._joined(self.entries[kept], entry, other)

    def absorb(
        self, patterns: Sequence[Entry], most: int, count: Callable[[int], int], is_loud: Callable[[int], bool]
    ) -> list[Entry]:
        """Hold some patterns of a batch that are rare, and say nothing bad, against frequent ones that don't either. Those that were."""
        young = [
            pattern
            for pattern in patterns
            if pattern.checks < _CHECKS and pattern.is_learned_from and not is_loud(pattern.slot)
        ][:most]
        for pattern in young:
            pattern.checks += 1
            into = self._part_of(pattern.slot, pattern.tokens, count, is_loud)
            if into is not None:
                self._join(into, pattern.slot)
        return young

    def _part_of(
        self, slot: int, tokens: Tokens, count: Callable[[int], int], is_loud: Callable[[int], bool]
    ) -> int | None:
        least = RARE * max(count(slot), 1)
        candidates = {found for token in set(tokens) for found in self._general.get(token, ())} - {slot}
        fitting = [
            found
            for found in candidates
            if count(found) >= least
            and is_loud(found) == is_loud(slot)
            and stretches(self.entries[found].tokens, tokens)
        ]
        return min(fitting, key=lambda found: (-count(found), found)) if fitting else None

    def _place(self, slot: int, entry: Entry) -> None:
        """Where a pattern is found by what it says."""
        row = row_of(entry.tokens)
        _bin(self._bins, entry.tokens).put(slot, row)
        if entry.is_general:
            _bin(self._wild, entry.tokens).put(slot, row)
            self._general.setdefault(_mark(entry.tokens), set()).add(slot)

    def _take_away(self, slot: int, entry: Entry) -> None:
        if entry.is_general:
            _bin(self._wild, entry.tokens).remove(slot)
            self._general[_mark(entry.tokens)].discard(slot)


def _bin(bins: dict[int, Bin], tokens: Tokens) -> Bin:
    width = len(tokens)
    if width not in bins:
        bins[width] = Bin(width)
    return bins[width]


def _mark(tokens: Tokens) -> str:
    """The word of a template that fewest other texts may have."""
    return max(filter(is_word, tokens), key=len)
