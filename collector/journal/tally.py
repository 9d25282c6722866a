"""What one domain has in the journal, as running totals: the row that commits with its entries."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from struct import Struct
from typing import Self

_ROW = Struct("<8Q")


@dataclass(slots=True)
class Tally:
    """Totals since the journal was made. `*_in` were appended, `*_out` trimmed; the difference is in the journal.

    `space_bytes` is what the entries count in the domain's share, by `weight_of`.
    """

    last_offset: int = 0
    entries_in: int = 0
    records_in: int = 0
    bytes_in: int = 0
    entries_out: int = 0
    records_out: int = 0
    bytes_out: int = 0
    space_bytes: int = 0

    @classmethod
    def parse(cls, row: bytes) -> Self:
        return cls(*_ROW.unpack(row))

    def settle(self) -> None:
        """Nothing is left: all that came in is out, whatever a damaged entry said of itself."""
        self.records_out, self.bytes_out, self.space_bytes = self.records_in, self.bytes_in, 0

    def row(self) -> bytes:
        return _ROW.pack(*_FIELDS(self))

    def copy(self) -> Tally:
        return Tally(*_FIELDS(self))


_FIELDS = attrgetter(*Tally.__slots__)  # `astuple` copies deeply, 18 µs a row
