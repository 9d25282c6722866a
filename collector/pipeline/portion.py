"""How much a step takes: less while a commit has no room for what became of it."""

from __future__ import annotations

from collector.ledger.interface import Read


class Portion:
    """Of one pipeline: `max_bytes` and `max_records`, or a half, a quarter … of it."""

    def __init__(self, max_bytes: int, max_records: int) -> None:
        self._most = (max_bytes, max_records)
        self._halvings = 0

    @property
    def now(self) -> tuple[int, int]:
        """What the next read may take."""
        max_bytes, max_records = self._most
        return max(1, max_bytes >> self._halvings), max(1, max_records >> self._halvings)

    def halve(self, read: Read) -> bool:
        """What became of this was too large for one commit. False: it is one record, nothing smaller can be taken."""
        records = sum(entry.records for entry in read.entries)
        if records < 2:
            return False
        while self.now[1] >= records:
            self._halvings += 1
        return True

    def grow(self) -> None:
        """A commit had room: the next may take twice as much again."""
        self._halvings = max(0, self._halvings - 1)
