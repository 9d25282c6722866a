"""Templates of one length as rows of numbers: which match a text, and which differ from it in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from processors.patterns.tokens import WILDCARD, Tokens

Row = npt.NDArray[np.int64]
WILD, HOLE = 0, 1
"""The numbers of the wildcard, and of a row that is gone."""


def row_of(tokens: Tokens) -> Row:
    """A number for each token: its hash in this process, so that no dictionary grows with what senders write."""
    return np.array([WILD if token == WILDCARD else hash(token) | 2 for token in tokens], np.int64)


class Bin:
    """Rows of one length, each with a slot."""

    def __init__(self, width: int) -> None:
        self._rows = np.full((16, width), HOLE, dtype=np.int64)
        self._slots = np.full(16, -1, dtype=np.int64)
        self._place: dict[int, int] = {}
        self._used = 0

    def __len__(self) -> int:
        return len(self._place)

    def put(self, slot: int, row: Row) -> None:
        """A new row, or another one in the place of the slot's."""
        place = self._place.get(slot)
        if place is None:
            if self._used == len(self._slots):
                self._make_room()
            place = self._place[slot] = self._used
            self._used += 1
        self._rows[place], self._slots[place] = row, slot

    def remove(self, slot: int) -> None:
        """Forget the row of a slot."""
        place = self._place.pop(slot)
        self._rows[place], self._slots[place] = HOLE, -1

    def matching(self, row: Row) -> list[int]:
        """Slots of rows that say the same but where they have a wildcard; those with the fewest wildcards first, then the oldest."""
        rows = self._rows[: self._used]
        fits = ((rows == row) | (rows == WILD)).all(axis=1)
        places = np.flatnonzero(fits)
        if not places.size:
            return []
        wild = (rows[places] == WILD).sum(axis=1)
        slots = self._slots[places]
        return [int(slot) for slot in slots[np.lexsort((slots, wild))]]

    def beside(self, slot: int) -> Iterator[tuple[int, list[int]]]:
        """Places, and the slots of the other rows that differ from the slot's there and nowhere else."""
        row = self._rows[self._place[slot]]
        differs = self._rows[: self._used] != row
        one = np.flatnonzero((differs.sum(axis=1) == 1) & (self._slots[: self._used] >= 0))
        if not one.size:
            return
        at = differs[one].argmax(axis=1)
        for place in np.unique(at):
            yield int(place), sorted(int(found) for found in self._slots[one[at == place]])

    def _make_room(self) -> None:
        kept: Sequence[tuple[int, int]] = sorted(self._place.items(), key=lambda item: item[1])
        places = np.fromiter((place for _, place in kept), dtype=np.int64, count=len(kept))
        size = max(16, 2 * len(kept))
        rows = np.full((size, self._rows.shape[1]), HOLE, dtype=np.int64)
        slots = np.full(size, -1, dtype=np.int64)
        rows[: len(kept)], slots[: len(kept)] = self._rows[places], self._slots[places]
        self._rows, self._slots, self._used = rows, slots, len(kept)
        self._place = {slot: place for place, (slot, _) in enumerate(kept)}
