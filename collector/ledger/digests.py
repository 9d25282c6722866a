"""The dedup window: which payloads were seen lately, so that a request sent twice is processed once.

A sender that got no answer sends the same bytes again. Both may stand in the journal; the second is a `duplicate` when
it was received within the window of the first, from the same sender (the digest tells: `collector/admission/admission.py`).
Received, not read: a backlog of an hour changes nothing. By a clock that never goes back (`_Clock`): one that was set back
an hour makes nothing look an hour apart. Equal is not the same where a record doesn't say when it was:
three equal requests of a script that sends no times are three, and none of them is ever set aside.

Rows are written in the transaction of the cursor, one or few a commit and domain; all of them are in memory, too. A
row is forgotten once the domain's reading has passed its time by the window; for a domain at rest, once nothing waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import otlp_wire
from collector.disk.environment import Database, Transaction
from collector.journal.entry import Entry
from collector.ledger.tables import U64, key, rows

_DIGEST_BYTES = 20
_PER_ROW = 4080 // _DIGEST_BYTES


@dataclass(frozen=True, slots=True)
class DigestRow:
    """Digests of one domain that were committed together; `received_unix_ms` is the newest of them, by `_Clock`."""

    domain: str
    received_unix_ms: int
    row_key: bytes
    digests: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Clock:
    """When the newest payload of one journal and domain was received: by the wall, and by a clock that goes on where that
    one goes on, and stands still where it goes back."""

    wall_unix_ms: int
    logical_unix_ms: int

    def at(self, wall_unix_ms: int) -> _Clock:
        return _Clock(wall_unix_ms, self.logical_unix_ms + max(0, wall_unix_ms - self.wall_unix_ms))

    @property
    def ahead_ms(self) -> int:
        """By how much the wall's clock was set back."""
        return self.logical_unix_ms - self.wall_unix_ms


@dataclass(slots=True)
class _Seen:
    received: dict[bytes, int] = field(default_factory=dict)
    rows: deque[DigestRow] = field(default_factory=deque)
    clocks: dict[str, _Clock] = field(default_factory=dict)  # by journal
    ahead_ms: int = 0  # of the clock that moved last: what another journal's begins with


class DedupWindow:
    """The window of one pipeline. The worker's thread uses it alone; `advance`, `remember` and `forget` follow a commit."""

    def __init__(self, pipeline: str, window_secs: float) -> None:
        self._pipeline = pipeline
        self._window_ms = int(window_secs * 1000)
        self._domains: dict[str, _Seen] = {}

    def __len__(self) -> int:
        return sum(len(seen.received) for seen in self._domains.values())

    def load(self, txn: Transaction, table: Database, now_unix_ms: int) -> None:
        """What was committed before this start. A row later than now was written before the clock was set back."""
        prefix = key(self._pipeline, b"")
        for row_key, value in rows(txn, table, prefix):
            domain, _, tail = row_key[len(prefix) :].partition(b"\0")
            found = tuple(value[at : at + _DIGEST_BYTES] for at in range(0, len(value), _DIGEST_BYTES))
            self.remember([DigestRow(domain.decode(), U64.unpack(tail[:8])[0], row_key, found)])
        for seen in self._domains.values():
            seen.ahead_ms = max(0, seen.rows[-1].received_unix_ms - now_unix_ms)

    def split(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Fresh entries, and duplicates of earlier ones or of each other."""
        if not self._window_ms:
            return list(entries), []
        fresh: list[Entry] = []
        duplicates: list[Entry] = []
        now: dict[tuple[str, bytes], int] = {}
        behind: set[tuple[str, str, int]] = set()  # duplicates, of which further pieces may follow
        clocks: dict[tuple[str, str], _Clock] = {}
        for entry in entries:
            received = self._tick(clocks, entry)
            if entry.first or entry.damaged:  # what its first piece was, it is; what is damaged is equal to nothing
                (duplicates if _place(entry) in behind else fresh).append(entry)
                continue
            digest = _digest(entry)
            before = self._received(entry.domain, digest, now)
            near = before is not None and abs(received - before) <= self._window_ms
            if near and otlp_wire.tells_times(entry.body):
                duplicates.append(entry)
                behind.add(_place(entry))
            else:
                fresh.append(entry)
                now[entry.domain, digest] = received
        return fresh, duplicates

    def rows_for(self, read_id: bytes, fresh: Sequence[Entry], duplicates: Sequence[Entry]) -> list[DigestRow]:
        """What a commit of these entries has to write: the digests of those that are fresh."""
        if not self._window_ms:
            return []
        received = self._received_at([*fresh, *duplicates])
        by_domain: dict[str, list[tuple[int, Entry]]] = {}
        for entry in fresh:
            if not (entry.first or entry.damaged):  # a payload is seen with its first piece
                by_domain.setdefault(entry.domain, []).append((received[_place(entry)], entry))
        return [
            self._row(read_id, domain, number, group[start : start + _PER_ROW])
            for domain, group in by_domain.items()
            for number, start in enumerate(range(0, len(group), _PER_ROW))
        ]

    def expired(self, entries: Sequence[Entry]) -> list[DigestRow]:
        """Rows that no later entry can be a duplicate of, now that these were read."""
        earliest: dict[str, int] = {}
        for (_, domain, _), received in self._received_at(entries).items():
            earliest[domain] = min(received, earliest.get(domain, received))
        return [row for domain, received in earliest.items() for row in self._outside(domain, received)]

    def expired_at_rest(self, now_unix_ms: int) -> list[DigestRow]:
        """Rows outside the window of any payload that may still come, when no entry waits to be read."""
        return [
            row for domain, seen in self._domains.items() for row in self._outside(domain, now_unix_ms + seen.ahead_ms)
        ]

    def advance(self, entries: Sequence[Entry]) -> None:
        """These were read and committed."""
        clocks: dict[tuple[str, str], _Clock] = {}
        for entry in _in_order(entries):
            self._tick(clocks, entry)
        for (journal, domain), clock in clocks.items():
            seen = self._domains.setdefault(domain, _Seen())
            seen.clocks[journal] = clock
            seen.ahead_ms = clock.ahead_ms

    def remember(self, committed: Sequence[DigestRow]) -> None:
        """These rows are on disk."""
        for row in committed:
            seen = self._domains.setdefault(row.domain, _Seen())
            seen.rows.append(row)
            seen.received.update(dict.fromkeys(row.digests, row.received_unix_ms))

    def forget(self, deleted: Sequence[DigestRow]) -> None:
        """These rows (the oldest of their domains) are gone from disk."""
        for row in deleted:
            seen = self._domains[row.domain]
            seen.rows.popleft()
            for digest in row.digests:
                if seen.received.get(digest) == row.received_unix_ms:
                    del seen.received[digest]

    def _received(self, domain: str, digest: bytes, now: dict[tuple[str, bytes], int]) -> int | None:
        seen = self._domains.get(domain)
        before = seen.received.get(digest) if seen else None
        return now.get((domain, digest), before)

    def _tick(self, clocks: dict[tuple[str, str], _Clock], entry: Entry) -> int:
        """When an entry was received; `clocks` move on to it from those that are committed."""
        name = (entry.journal, entry.domain)
        clock = clocks.get(name)
        if clock is None:
            seen = self._domains.get(entry.domain, _Seen())
            wall = entry.received_unix_ms
            clock = seen.clocks.get(entry.journal) or _Clock(wall, wall + seen.ahead_ms)
        clocks[name] = clock.at(entry.received_unix_ms)
        return clocks[name].logical_unix_ms

    def _received_at(self, entries: Sequence[Entry]) -> dict[tuple[str, str, int], int]:
        clocks: dict[tuple[str, str], _Clock] = {}
        return {_place(entry): self._tick(clocks, entry) for entry in _in_order(entries)}

    def _outside(self, domain: str, received_unix_ms: int) -> list[DigestRow]:
        """The oldest rows, as far as they are older than the window before what is read."""
        earliest = received_unix_ms - self._window_ms
        outside: list[DigestRow] = []
        for row in self._domains.get(domain, _Seen()).rows:
            if earliest <= row.received_unix_ms:
                break
            outside.append(row)
        return outside

    def _row(self, read_id: bytes, domain: str, number: int, group: Sequence[tuple[int, Entry]]) -> DigestRow:
        newest = max(received for received, _ in group)
        row_key = key(self._pipeline, domain, U64.pack(newest) + read_id + number.to_bytes(2, "big"))
        return DigestRow(domain, newest, row_key, tuple(_digest(entry) for _, entry in group))


def write_digests(txn: Transaction, table: Database, added: Sequence[DigestRow], deleted: Sequence[DigestRow]) -> None:
    """Both changes of a commit."""
    for row in deleted:
        txn.delete(row.row_key, db=table)
    for row in added:
        txn.put(row.row_key, b"".join(row.digests), db=table)


def _place(entry: Entry) -> tuple[str, str, int]:
    return entry.journal, entry.domain, entry.offset


def _in_order(entries: Sequence[Entry]) -> list[Entry]:
    """As they came in: fresh ones and duplicates are given apart."""
    return sorted(entries, key=lambda entry: entry.offset)


def _digest(entry: Entry) -> bytes:
    return entry.digest + len(entry.body).to_bytes(4, "big")
