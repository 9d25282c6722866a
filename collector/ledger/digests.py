"""The dedup window: which payloads were seen lately, so that a request sent twice is processed once.

A sender that got no answer sends the same bytes again. Both may stand in the journal; the second is a `duplicate` when
it was received within the window of the first, from the same sender (the digest tells: `collector/admission/admission.py`).
Received, not read: a backlog of an hour changes nothing. By a clock that never goes back (`_Clock`): one that was set back
an hour makes nothing look an hour apart, nor do the clocks of machines that write one journal, where there are several (`Sources.skew_ms`). Equal is not the same where a record doesn't say when it was:
three equal requests of a script that sends no times are three, and none of them is ever set aside.

What was read from a log that somebody else keeps (`collector.journal.provenance`) is known by its places there, message by message: of each
source how far it was read is remembered, and of a payload that begins before that only the rest is fresh. Its reader goes on in order, and
only behind what is durable, so what is before the furthest place was taken, whoever read it.

Rows are written in the transaction of the cursor, one or few a commit and domain; all of them are in memory, too. A
row is forgotten once the domain's reading has passed its time by the window; for a domain at rest, once nothing waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from struct import Struct

import otlp_wire
from collector.disk.environment import Database, Transaction
from collector.journal.entry import Entry
from collector.journal.provenance import provenance_of
from collector.ledger.tables import U64, key, rows

_DIGEST_BYTES = 20
_PER_ROW = 4080 // _DIGEST_BYTES
_PLACE = Struct(">QQ4s")
_NO_LENGTH = b"\xff" * 4
"""Behind a source and how far it was read, where other digests have the length of the body."""
_OFFSET = attrgetter("offset")


@dataclass(frozen=True, slots=True)
class DigestRow:
    """Digests of one domain that were committed together; `received_unix_ms` is the newest of them, by `_Clock`."""

    domain: str
    received_unix_ms: int
    row_key: bytes
    digests: tuple[bytes, ...]


@dataclass(slots=True)
class _Clock:
    """When the newest payload of one journal and domain was received: by the wall, and by a clock that goes on where that
    one goes on, and stands still where it goes back."""

    wall_unix_ms: int
    logical_unix_ms: int

    def tick(self, wall_unix_ms: int, skew_ms: int) -> int:
        """Move on to the next payload; when it was received. `skew_ms`: by so much clocks of writers may differ."""
        if wall_unix_ms > self.wall_unix_ms:
            self.logical_unix_ms += wall_unix_ms - self.wall_unix_ms
        elif self.wall_unix_ms - wall_unix_ms <= skew_ms:
            # Of a machine whose clock is behind: else each change between the two would count as time.
            return self.logical_unix_ms
        self.wall_unix_ms = wall_unix_ms
        return self.logical_unix_ms

    @property
    def ahead_ms(self) -> int:
        """By how much the wall's clock was set back."""
        return self.logical_unix_ms - self.wall_unix_ms


@dataclass(slots=True)
class _Seen:
    received: dict[bytes, int] = field(default_factory=dict)
    rows: deque[DigestRow] = field(default_factory=deque)
    clocks: dict[str, _Clock] = field(default_factory=dict)  # by journal
    sources: dict[int, tuple[int, int]] = field(
        default_factory=dict
    )  # how far each was read, and when that was received
    ahead_ms: int = 0  # of the clock that moved last: what another journal's begins with


class DedupWindow:
    """The window of one pipeline. The worker's thread uses it alone; `advance`, `remember` and `forget` follow a commit.

    Args:
        whole: its payloads go on as they are, so that one of which a part is fresh is fresh.
        skew_ms: clocks of those who write a journal may differ by so much; one that is set back by less stands still as long.
    """

    def __init__(self, pipeline: str, window_secs: float, *, whole: bool = False, skew_ms: int = 0) -> None:
        self._pipeline = pipeline
        self._window_ms = int(window_secs * 1000)
        self._whole, self._skew_ms = whole, skew_ms
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
        reached: dict[tuple[str, int], int] = {}
        for entry in entries:
            received = (clocks.get((entry.journal, entry.domain)) or self._clock(clocks, entry)).tick(
                entry.received_unix_ms, self._skew_ms
            )
            if entry.provenance and not entry.damaged:
                self._by_place(entry, reached, fresh, duplicates)
                continue
            if entry.first or entry.damaged:  # what its first piece was, it is; what is damaged is equal to nothing
                (duplicates if _place(entry) in behind else fresh).append(entry)
                continue
            digest = _digest(entry)
            before = self._received(entry.domain, digest, now)
            near = before is not None and abs(received - before) <= self._window_ms
            if near and (entry.text or otlp_wire.tells_times(entry.body)):  # text says from where it was read
                duplicates.append(entry)
                behind.add(_place(entry))
            else:
                fresh.append(entry)
                now[entry.domain, digest] = received
        return fresh, duplicates

    def _by_place(
        self, entry: Entry, reached: dict[tuple[str, int], int], fresh: list[Entry], duplicates: list[Entry]
    ) -> None:
        """Records up to where the source was read are duplicates, the rest is fresh."""
        source, behind = _reaches(entry)
        seen = self._domains.get(entry.domain)
        known = reached.get((entry.domain, source), seen.sources.get(source, (0, 0))[0] if seen else 0)
        again = min(entry.records, max(0, provenance_of(entry.provenance).rows_before(known) - entry.first))
        if self._whole and again < entry.records:
            again = 0
        if again:
            duplicates.append(entry.piece(0, again) if again < entry.records else entry)
        if again < entry.records:
            fresh.append(entry.piece(again, entry.records - again) if again else entry)
        reached[entry.domain, source] = max(known, behind)

    def changes(
        self, read_id: bytes, fresh: Sequence[Entry], duplicates: Sequence[Entry]
    ) -> tuple[list[DigestRow], list[DigestRow]]:
        """What a commit of these entries has to write and to delete: the digests of those that are fresh, and rows that no later
        entry can be a duplicate of, now that these were read."""
        received = self._received_at([*fresh, *duplicates])
        added = self._rows(read_id, fresh, received) if self._window_ms else []
        earliest: dict[str, int] = {}
        for (_, domain, _), at in received.items():
            earliest[domain] = min(at, earliest.get(domain, at))
        return added, [row for domain, at in earliest.items() for row in self._outside(domain, at)]

    def _rows(
        self, read_id: bytes, fresh: Sequence[Entry], received: Mapping[tuple[str, str, int], int]
    ) -> list[DigestRow]:
        by_domain: dict[str, list[tuple[int, Entry]]] = {}
        for entry in fresh:
            if not entry.damaged and (entry.provenance or not entry.first):  # others are seen with their first piece
                by_domain.setdefault(entry.domain, []).append((received[_place(entry)], entry))
        return [
            self._row(read_id, domain, number, group[start : start + _PER_ROW])
            for domain, group in by_domain.items()
            for number, start in enumerate(range(0, len(group), _PER_ROW))
        ]

    def expired_at_rest(self, now_unix_ms: int) -> list[DigestRow]:
        """Rows outside the window of any payload that may still come, when no entry waits to be read."""
        return [
            row for domain, seen in self._domains.items() for row in self._outside(domain, now_unix_ms + seen.ahead_ms)
        ]

    def advance(self, entries: Sequence[Entry]) -> None:
        """These were read and committed."""
        clocks: dict[tuple[str, str], _Clock] = {}
        self._received_at(entries, clocks)
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
            for source, behind in _sources(row.digests):
                seen.sources[source] = max(seen.sources.get(source, (0, 0)), (behind, row.received_unix_ms))

    def forget(self, deleted: Sequence[DigestRow]) -> None:
        """These rows (the oldest of their domains) are gone from disk."""
        for row in deleted:
            seen = self._domains[row.domain]
            seen.rows.popleft()
            for digest in row.digests:
                if seen.received.get(digest) == row.received_unix_ms:
                    del seen.received[digest]
            for source, behind in _sources(row.digests):
                if seen.sources.get(source) == (behind, row.received_unix_ms):
                    del seen.sources[source]

    def _received(self, domain: str, digest: bytes, now: dict[tuple[str, bytes], int]) -> int | None:
        seen = self._domains.get(domain)
        before = seen.received.get(digest) if seen else None
        return now.get((domain, digest), before)

    def _clock(self, clocks: dict[tuple[str, str], _Clock], entry: Entry) -> _Clock:
        """The clock of an entry's journal and domain, from now on in `clocks`; it goes on from what is committed."""
        seen = self._domains.get(entry.domain) or _Seen()
        wall = entry.received_unix_ms
        clock = seen.clocks.get(entry.journal)
        moving = (
            _Clock(wall, wall + seen.ahead_ms) if clock is None else _Clock(clock.wall_unix_ms, clock.logical_unix_ms)
        )
        clocks[entry.journal, entry.domain] = moving
        return moving

    def _received_at(
        self, entries: Sequence[Entry], clocks: dict[tuple[str, str], _Clock] | None = None
    ) -> dict[tuple[str, str, int], int]:
        """When each was received; `clocks` move on to the last of them."""
        clocks = {} if clocks is None else clocks
        received = {}
        for entry in sorted(entries, key=_OFFSET):  # as they came in: fresh ones and duplicates are given apart
            journal, domain = entry.journal, entry.domain
            clock = clocks.get((journal, domain)) or self._clock(clocks, entry)
            received[journal, domain, entry.offset] = clock.tick(entry.received_unix_ms, self._skew_ms)
        return received

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


def _reaches(entry: Entry) -> tuple[int, int]:
    """The source of an entry that tells its places, and the offset behind the last message that it holds to its end."""
    provenance = provenance_of(entry.provenance)
    return int(provenance.source, 16), provenance.behind(entry.first + entry.records)


def _sources(digests: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    for digest in digests:
        if digest.endswith(_NO_LENGTH):
            source, behind, _ = _PLACE.unpack(digest)
            yield source, behind


def _digest(entry: Entry) -> bytes:
    if entry.provenance:
        return _PLACE.pack(*_reaches(entry), _NO_LENGTH)
    return entry.digest + len(entry.body).to_bytes(4, "big")
