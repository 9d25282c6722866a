"""Counts of partitions that move between machines, as totals that only grow: what was counted while a partition was here."""

from __future__ import annotations

from collections.abc import Mapping

from collector.outcomes import Counts


class MovingCounts:
    """Since the process began. A partition that comes brings what others have counted, which is no growth of ours."""

    def __init__(self) -> None:
        self._last: Mapping[int, Counts] = {}
        self._grown = Counts()

    def look(self, by_partition: Mapping[int, Counts]) -> Counts:
        """Take over what was counted since the last look; the totals."""
        for number, counts in by_partition.items():
            before = self._last.get(number)
            if before is None:
                continue
            for key, records in counts.items():
                if records > before[key]:
                    self._grown[key] += records - before[key]
        self._last = dict(by_partition)
        return Counts(self._grown)
