"""The dedup window: which payloads were seen lately, so that a request sent twice is processed once.

A sender that got no answer sends the same bytes again. Both may stand in the journal; the second is a `duplicate` when
it was received within the window of the first, from the same sender (the digest tells: `collector/admission.py`).
Received, not read: a backlog of an hour changes nothing. Equal is not the same where a record doesn't say when it was:
three equal requests of a script that sends no times are three, and none of them is ever set aside.

Rows are written in the transaction of the cursor, one or few a commit and domain; all of them are in memory, too. A
row is forgotten once the domain's reading has passed its time by the window; for a domain at rest, once nothing waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import otlp_wire
from collector.journal.entry import Entry
from collector.journal.environment import Database, Transaction
from collector.ledger.tables import U64, key, rows

_DIGEST_BYTES = 20
_PER_ROW = 4080 // _DIGEST_BYTES


@dataclass(frozen=True, slots=True)
class DigestRow:
    """Digests of one domain that were committed together; `received_unix_ms` is the newest of them."""

    domain: str
    received_unix_ms: int
    row_key: bytes
    digests: tuple[bytes, ...]


@dataclass(slots=True)
class _Seen:
    received: dict[bytes, int] = field(default_factory=dict)
    rows: deque[DigestRow] = field(default_factory=deque)


class DedupWindow:
    """The window of one pipeline. The worker's thread uses it alone; `remember` and `forget` follow a commit."""

    def __init__(self, pipeline: str, window_secs: float) -> None:
        self._pipeline = pipeline
        self._window_ms = int(window_secs * 1000)
        self._domains: dict[str, _Seen] = {}

    def __len__(self) -> int:
        return sum(len(seen.received) for seen in self._domains.values())

    def load(self, txn: Transaction, table: Database) -> None:
        """What was committed before this start."""
        prefix = key(self._pipeline, b"")
        for row_key, value in rows(txn, table, prefix):
            domain, _, tail = row_key[len(prefix) :].partition(b"\0")
            found = tuple(value[at : at + _DIGEST_BYTES] for at in range(0, len(value), _DIGEST_BYTES))
            self.remember([DigestRow(domain.decode(), U64.unpack(tail[:8])[0], row_key, found)])

    def split(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Fresh entries, and duplicates of earlier ones or of each other."""
        if not self._window_ms:
            return list(entries), []
        fresh: list[Entry] = []
        duplicates: list[Entry] = []
        now: dict[tuple[str, bytes], int] = {}
        behind: set[tuple[str, str, int]] = set()  # duplicates, of which further pieces may follow
        for entry in entries:
            if entry.first:  # what its first piece was, it is
                (duplicates if _place(entry) in behind else fresh).append(entry)
                continue
            digest = _digest(entry)
            before = self._received(entry.domain, digest, now)
            near = before is not None and abs(entry.received_unix_ms - before) <= self._window_ms
            if near and otlp_wire.tells_times(entry.body):
                duplicates.append(entry)
                behind.add(_place(entry))
            else:
                fresh.append(entry)
                now[entry.domain, digest] = entry.received_unix_ms
        return fresh, duplicates

    def rows_for(self, read_id: bytes, entries: Sequence[Entry]) -> list[DigestRow]:
        """What a commit of these fresh entries has to write."""
        if not self._window_ms:
            return []
        by_domain: dict[str, list[Entry]] = {}
        for entry in entries:
            if not entry.first:  # a payload is seen with its first piece
                by_domain.setdefault(entry.domain, []).append(entry)
        return [
            self._row(read_id, domain, number, group[start : start + _PER_ROW])
            for domain, group in by_domain.items()
            for number, start in enumerate(range(0, len(group), _PER_ROW))
        ]

    def expired(self, entries: Sequence[Entry], now_unix_ms: int) -> list[DigestRow]:
        """Rows that no later entry can be a duplicate of, now that these were read."""
        clocks: dict[str, int] = {}
        for entry in entries:
            clocks[entry.domain] = min(entry.received_unix_ms, clocks.get(entry.domain, entry.received_unix_ms))
        return [row for domain, clock in clocks.items() for row in self._outside(domain, clock, now_unix_ms)]

    def expired_at_rest(self, now_unix_ms: int) -> list[DigestRow]:
        """Rows outside the window of any payload that may still come, when no entry waits to be read."""
        return [row for domain in self._domains for row in self._outside(domain, now_unix_ms, now_unix_ms)]

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

    def _outside(self, domain: str, read_unix_ms: int, now_unix_ms: int) -> list[DigestRow]:
        """The oldest rows, as far as they are older than the window before what is read, or later than it after now.

        Those were written before the clock was set back, and would keep all behind them.
        """
        earliest, latest = read_unix_ms - self._window_ms, now_unix_ms + self._window_ms
        outside: list[DigestRow] = []
        for row in self._domains.get(domain, _Seen()).rows:
            if earliest <= row.received_unix_ms <= latest:
                break
            outside.append(row)
        return outside

    def _row(self, read_id: bytes, domain: str, number: int, group: Sequence[Entry]) -> DigestRow:
        newest = max(entry.received_unix_ms for entry in group)
        row_key = key(self._pipeline, domain, U64.pack(newest) + read_id + number.to_bytes(2, "big"))
        return DigestRow(domain, newest, row_key, tuple(_digest(entry) for entry in group))


def write_digests(txn: Transaction, table: Database, added: Sequence[DigestRow], deleted: Sequence[DigestRow]) -> None:
    """Both changes of a commit."""
    for row in deleted:
        txn.delete(row.row_key, db=table)
    for row in added:
        txn.put(row.row_key, b"".join(row.digests), db=table)


def _place(entry: Entry) -> tuple[str, str, int]:
    return entry.journal, entry.domain, entry.offset


def _digest(entry: Entry) -> bytes:
    return entry.digest + len(entry.body).to_bytes(4, "big")
