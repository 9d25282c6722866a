"""Whether two looks at a journal, with one at the partitions between them, make one moment of all.

The second look has all that the partitions had read; but what they had not, the journal may have trimmed since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collector.disk.environment import Database, Environment, Transaction
from collector.journal.damage import header_at
from collector.journal.layout import DOMAIN_KEY, DOMAINS, ENTRIES, TALLIES, entry_key
from collector.journal.tally import Tally


@dataclass(frozen=True, slots=True)
class Looked:
    """What of a journal is looked at; opened before the looks begin, which know no table that is opened later."""

    environment: Environment
    domains: Database
    tallies: Database
    entries: Database

    @classmethod
    def at(cls, environment: Environment) -> Looked:
        return cls(environment, *environment.dbs((DOMAINS, TALLIES, ENTRIES)).values())

    def holds_all(self, before: Transaction, after: Transaction, marks: Mapping[str, int]) -> bool:
        """Whether nothing was trimmed until `after` but what `before` has up to the marks: of each domain as many entries as
        that are, for they go in their order.

        Args:
            marks: domain → the highest offset that nobody needs any more; a domain that is missing needs all.
        """
        if None in (self.domains, self.tallies, self.entries):
            return True  # its writer is in the middle of its first start
        known = self._tallies(before)
        names = {DOMAIN_KEY.unpack(key)[0]: name.decode() for key, name in after.cursor(db=self.domains)}
        return all(
            tally.entries_out <= self._needless(before, number, known.get(number, Tally()), marks.get(names[number], 0))
            for number, tally in self._tallies(after).items()
        )

    def _tallies(self, txn: Transaction) -> dict[int, Tally]:
        return {DOMAIN_KEY.unpack(key)[0]: Tally.parse(row) for key, row in txn.cursor(db=self.tallies)}

    def _needless(self, txn: Transaction, domain: int, tally: Tally, mark: int) -> int:
        """How many entries a domain ever had up to the mark."""
        cursor = txn.cursor(db=self.entries)
        first = entry_key(domain, mark + 1)
        if cursor.set_range(first) and cursor.key()[: DOMAIN_KEY.size] == first[: DOMAIN_KEY.size]:
            return header_at(cursor, domain, tally).entries_before
        return tally.entries_in
