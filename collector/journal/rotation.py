"""Deficit round robin: work from many domains, so that a large backlog delays nobody else.

Each turn a domain is credited a quantum of the price of entries and gives entries while it has credit. The last entry may
overdraw; the debt is paid in later turns (Shreedhar and Varghese 1995, in the variant that need not know the next size).

Where entries may be cut, one gives at most half of what is taken at once, so that whoever takes is bounded, and others
have their turn beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import chain

from collector.journal.entry import Entry

QUANTUM_BYTES = 64 << 10


def bite(entry: Entry, max_bytes: int, max_records: int) -> int:
    """How many records of an entry to take at once where that much may be taken: within half of it, but never less than a
    quantum. A damaged one is not worked on, and so not cut."""
    if entry.damaged or entry.cost <= QUANTUM_BYTES:
        return entry.records
    within_bytes = entry.records * max(QUANTUM_BYTES, max_bytes // 2) // entry.cost
    within_records = max(entry.records * QUANTUM_BYTES // entry.cost, max_records // 2)
    return min(entry.records, max(1, min(within_bytes, within_records)))


def from_within(stream: Iterator[Entry], offset: int, done: int) -> Iterator[Entry]:
    """The same entries, without the first `done` records of the one at `offset`."""
    for entry in stream:
        yield entry.piece(done, entry.records) if entry.offset == offset and done < entry.records else entry


class Rotation:
    """Whose turn it is, and each domain's credit, from one read to the next."""

    def __init__(self) -> None:
        self._order: deque[str] = deque()
        self._credit: dict[str, int] = {}

    def take(
        self,
        streams: Mapping[str, Iterator[Entry]],
        into: list[Entry],
        max_bytes: int,
        max_records: int,
        *,
        cut: bool = False,
    ) -> tuple[int, int]:
        """Append entries of `streams` (domain → its next entries) until about `max_bytes` of price or `max_records`;
        what of both is left.

        `cut`: pieces of those that are too large (`bite`).
        """
        self._enrol(streams)
        waiting = dict(streams)
        left_bytes, left_records = max_bytes, max_records
        while self._order and left_bytes > 0 and left_records > 0:
            domain = self._order[0]
            if self._credit[domain] <= 0:
                self._credit[domain] += QUANTUM_BYTES
            while self._credit[domain] > 0 and left_bytes > 0 and left_records > 0:
                entry = next(waiting[domain], None)
                if entry is None:
                    self._leave(domain)
                    break
                if cut and (records := bite(entry, max_bytes, max_records)) < entry.records:
                    waiting[domain] = chain((entry.piece(records, entry.records),), waiting[domain])
                    entry = entry.piece(0, records)
                into.append(entry)
                cost = entry.cost + 1  # an empty body is not free
                self._credit[domain] -= cost
                left_bytes -= cost
                left_records -= entry.records
            else:
                if self._credit[domain] <= 0:
                    self._order.rotate(-1)
        return left_bytes, left_records

    def _enrol(self, streams: Mapping[str, Iterator[Entry]]) -> None:
        for domain in [domain for domain in self._order if domain not in streams]:
            self._leave(domain)
        for domain in streams:
            if domain not in self._credit:
                self._order.append(domain)
                self._credit[domain] = 0

    def _leave(self, domain: str) -> None:
        # Without a backlog there is no credit to save up, and no debt to remember.
        self._order.remove(domain)
        del self._credit[domain]
