"""The numbers of a domain's patterns: records by level, and when the first and the last of them happened.

They change with every batch, so they are kept apart from what is said of a pattern, in pages of 32: a step writes the pages that it touched.

    name    c/ and the page, 8 hex digits
    value   32 rows of eight little-endian 64-bit integers: critical, warning, info, debug, none; all; first, last (ns since 1970)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from collector.component import State
from collector.levels import LEVELS

PAGE = 32
PREFIX = b"c/"
ALL, FIRST, LAST, WIDTH = len(LEVELS) + 1, len(LEVELS) + 2, len(LEVELS) + 3, len(LEVELS) + 4
NONE = len(LEVELS)
"""The column of records that have no level."""
_UNSEEN = (1 << 63) - 1
_LOUD = 2
"""Levels that people look at one by one: the first two."""

Slots = npt.NDArray[np.int64]


class Numbers:
    """Rows by slot."""

    def __init__(self) -> None:
        self._rows = np.zeros((PAGE, WIDTH), dtype="<i8")
        self._touched: set[int] = set()

    def load(self, pages: Iterable[tuple[bytes, bytes]]) -> None:
        """What the state has."""
        for name, value in pages:
            page = int(name.removeprefix(PREFIX), 16)
            self._reserve((page + 1) * PAGE)
            self._rows[page * PAGE : (page + 1) * PAGE] = np.frombuffer(value, dtype="<i8").reshape(PAGE, WIDTH)

    def save(self, state: State) -> None:
        """The pages that changed; one of which nothing is left goes."""
        for page in sorted(self._touched):
            rows = self._rows[page * PAGE : (page + 1) * PAGE]
            name = PREFIX + b"%08x" % page
            if rows.any():
                state.put(name, rows.tobytes())
            else:
                state.delete(name)
        self._touched.clear()

    def add(self, slots: Slots, levels: npt.NDArray[np.int64], times: npt.NDArray[np.int64]) -> tuple[Slots, Slots]:
        """Count records: of each its slot, the column of its level, and when it happened. The slots that occur, ascending, and for
        each record which of them it has."""
        self._reserve(int(slots.max()) + 1)
        occurring = np.flatnonzero(np.bincount(slots))
        place = np.empty(len(self._rows), dtype=np.int64)
        place[occurring] = np.arange(len(occurring))
        dense = place[slots]
        width = NONE + 1
        by_level = np.bincount(dense * width + levels, minlength=len(occurring) * width).reshape(-1, width)
        first, last = np.full(len(occurring), _UNSEEN), np.zeros(len(occurring), dtype=np.int64)
        np.minimum.at(first, dense, times)
        np.maximum.at(last, dense, times)
        self._put(occurring, by_level, first, last)
        return occurring, dense

    def _put(self, slots: Slots, by_level: npt.NDArray[np.int64], first: Slots, last: Slots) -> None:
        rows = self._rows[slots]
        new = rows[:, ALL] == 0
        rows[:, : NONE + 1] += by_level
        rows[:, ALL] += by_level.sum(axis=1)
        rows[:, FIRST] = np.where(new, first, np.minimum(rows[:, FIRST], first))
        rows[:, LAST] = np.maximum(rows[:, LAST], last)
        self._rows[slots] = rows
        self._touched.update((slots // PAGE).tolist())

    def join(self, slot: int, other: int) -> None:
        """The other's records are the slot's."""
        self._reserve(max(slot, other) + 1)
        one, two = self._rows[slot], self._rows[other]
        if two[ALL]:
            first = min(int(one[FIRST]), int(two[FIRST])) if one[ALL] else int(two[FIRST])
            one[: ALL + 1] += two[: ALL + 1]
            one[FIRST], one[LAST] = first, max(int(one[LAST]), int(two[LAST]))
        self.forget(other)
        self._touched.add(slot // PAGE)

    def forget(self, slot: int) -> None:
        """Nothing is left of a slot."""
        self._reserve(slot + 1)
        self._rows[slot] = 0
        self._touched.add(slot // PAGE)

    def count(self, slot: int) -> int:
        """All records of a slot."""
        return int(self._rows[slot, ALL]) if slot < len(self._rows) else 0

    def counts(self, slots: Slots) -> Slots:
        """All records of each."""
        found: Slots = self._rows[slots, ALL]
        return found

    def of(self, slot: int) -> list[int]:
        """The row of a slot."""
        self._reserve(slot + 1)
        row: list[int] = self._rows[slot].tolist()
        return row

    def is_loud(self, slot: int) -> bool:
        """Whether most of its records are critical or warnings."""
        row = self.of(slot)
        return 2 * sum(row[:_LOUD]) > row[ALL]

    def least_telling(self, slots: Slots) -> Iterator[int]:
        """The slots, those first that tell least: quiet, few, long ago."""
        self._reserve(int(slots.max(initial=0)) + 1)
        rows = self._rows[slots]
        loud = rows[:, :_LOUD].any(axis=1)
        return map(int, slots[np.lexsort((slots, rows[:, LAST], rows[:, ALL], loud))])

    def _reserve(self, slots: int) -> None:
        if slots > len(self._rows):
            size = -(-max(slots, 2 * len(self._rows)) // PAGE) * PAGE
            grown = np.zeros((size, WIDTH), dtype="<i8")
            grown[: len(self._rows)] = self._rows
            self._rows = grown
