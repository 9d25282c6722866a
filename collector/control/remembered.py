"""The ids of the records that are in the control journal, the newest of them: one that is sent again, because its answer was lost, is
known and not written twice.

Each id commits with its record, as a position of the receiver (`collector.journal.positions`), in one of so many places in turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

from collector.journal.positions import Position

MOST_IDS = 4096
_PLACE = Struct(">H")
_NUMBER = Struct(">Q")


class Remembered:
    """The ids on disk, and the next place.

    Args:
        positions: of the receiver, as the journal has them at its opening.
    """

    def __init__(self, positions: Mapping[bytes, bytes]) -> None:
        rows = sorted((_NUMBER.unpack(row[:8])[0], row[8:].decode()) for row in positions.values() if len(row) > 8)
        self._places = {id_: number % MOST_IDS for number, id_ in rows}
        self._held = {place: id_ for id_, place in self._places.items()}
        self._next = rows[-1][0] + 1 if rows else 0

    def __contains__(self, id_: str) -> bool:
        return id_ in self._places

    def position(self, id_: str) -> Position:
        """What commits with the record of that id; the place's former one is forgotten."""
        number, self._next = self._next, self._next + 1
        return Position(_PLACE.pack(number % MOST_IDS), _NUMBER.pack(number) + id_.encode())

    def keep(self, id_: str, position: Position) -> None:
        """It is on disk."""
        (place,) = _PLACE.unpack(position.source)
        self._places.pop(self._held.get(place, ""), None)
        self._held[place], self._places[id_] = id_, place
