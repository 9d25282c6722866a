"""Whom a commit concerns: the partitions of the domains that sent something, so that the others are not stepped for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from collector.disk.environment import Environment
from collector.journal.layout import DOMAINS, TALLIES
from collector.journal.tally import Tally
from collector.ledger.sources import partition_of

MOST_DOMAINS = 256
"""Of more it is not asked which of them sent: that would cost more than the steps that it spares."""


class Seen(NamedTuple):
    """What a look saw: the number of its snapshot, and the partitions that may find something new there."""

    snapshot: int
    partitions: Collection[int]


class Anything:
    """Every commit concerns all that are asked for."""

    def __init__(self, partitions: Collection[int]) -> None:
        self.partitions = frozenset(partitions)

    def look(self, environment: Environment) -> Seen:
        """What was committed since the last look."""
        with environment.read() as txn:
            return Seen(txn.id(), self.partitions)


class Arrivals(Anything):
    """Of a journal: the partitions of the domains of which something arrived. What is trimmed concerns nobody.

    Args:
        of: how many partitions there are in all.
    """

    def __init__(self, partitions: Collection[int], of: int) -> None:
        super().__init__(partitions)
        self._of = of
        self._journal = ""
        self._last: dict[bytes, int] = {}

    def look(self, environment: Environment) -> Seen:
        """See `Anything.look`."""
        tables = environment.dbs((TALLIES, DOMAINS))
        if None in tables.values():  # in the middle of its first start
            return super().look(environment)
        if environment.id != self._journal:  # made anew
            self._journal, self._last = environment.id, {}
        with environment.read() as txn:
            if txn.stat(tables[TALLIES])["entries"] > MOST_DOMAINS:
                return Seen(txn.id(), self.partitions)
            came = self._new(txn.cursor(db=tables[TALLIES]))
            names = [txn.get(key, db=tables[DOMAINS]).decode() for key in came]
            return Seen(txn.id(), self.partitions & {partition_of(name, self._of) for name in names})

    def _new(self, tallies: Iterable[tuple[bytes, bytes]]) -> Collection[bytes]:
        found = {bytes(key): Tally.parse(row).last_offset for key, row in tallies}
        came = [key for key, last in found.items() if self._last.get(key) != last]
        self._last = found
        return came
