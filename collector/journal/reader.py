"""Reading a journal from another process (or the same one): what waits, and the next entries, fair over domains.

Every call copies what it needs in one short transaction: a reader that stops inside one would pin the writer's pages.
Not thread-safe: one reader a thread.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any, Self

from collector.disk.environment import Environment, damaged
from collector.encryption import Keys
from collector.errors import Damaged
from collector.journal.accompanied import parted
from collector.journal.damage import header_at, inferred
from collector.journal.entry import Entry
from collector.journal.layout import (
    COUNTS,
    DOMAIN_KEY,
    DOMAINS,
    ENTRIES,
    ENTRY_KEY,
    FORMAT_VERSION,
    KIND,
    NUMBER,
    OLDEST_FORMAT,
    RECEIVER_KEY,
    RECEIVERS,
    STATE,
    TABLES,
    TALLIES,
    EntryHeader,
    PayloadKind,
    entry_key,
    parse_count_key,
)
from collector.journal.limits import Behind, JournalSize
from collector.journal.price import cost_from
from collector.journal.rotation import Rotation, from_within
from collector.journal.sealing import Opening
from collector.journal.tally import Tally
from collector.outcomes import Counts

_MAX_PASSED_OVER = 4096  # entries of other receivers that one read looks at: a snapshot must not be held for long
_IDENTITY_SECS = 1.0  # how often to look whether the directory was wiped and made anew
_TRUST_SECS = 1.0  # what was read is read again after so long, whatever the cheap look says
_KINDS = frozenset(PayloadKind)  # one of a later version can not be read, and is kept


@dataclass(frozen=True, slots=True)
class Head:
    """What a domain has in the journal now; `last_offset` is that of its newest entry ever."""

    last_offset: int
    entries: int
    records: int
    bytes: int


class Taken(list[Entry]):
    """Entries, and how far they reach.

    `through`: domain → offset up to which everything is either in the list or of other receivers. A cursor may move
    there, else entries that are none of the pipeline's would stay for ever.
    `begun`: domain → (offset, records taken so far) of the entry behind `through` that was taken in part.
    `left`: price and records that might have been taken besides.
    `broken`: what could not be found; empty when all was.
    """

    def __init__(self, max_bytes: int, max_records: int) -> None:
        super().__init__()
        self.left = (max_bytes, max_records)
        self.through: dict[str, int] = {}
        self.begun: dict[str, tuple[int, int]] = {}
        self.broken = ""
        self.with_client: set[tuple[str, int]] = set()
        """(domain, offset) of encrypted entries that begin with what came with the request."""

    def open_with(self, keys: Keys | None) -> None:
        """Open what is encrypted, outside of any snapshot. Of a domain whose keys can't be had now, nothing is taken.

        Raises:
            KeysUnavailable: so nothing is left.
        """
        if not any(entry.sealed or entry.damaged for entry in self):
            return
        opening = Opening(keys)
        opened = list(opening.opened(list(self), frozenset(self.with_client)))
        self[:] = [entry for entry in opened if entry.domain not in opening.closed]
        for domain in opening.closed:
            self.through.pop(domain, None)
        for error in opening.closed.values():
            if not self.through:
                raise error

    def note_begun(self) -> None:
        """See which domains' last entry is a piece with more behind it: their cursors stay before it."""
        for entry in {entry.domain: entry for entry in self}.values():
            if entry.rest:
                self.through[entry.domain] = entry.offset - 1
                self.begun[entry.domain] = (entry.offset, entry.first + entry.records)


class JournalReader:
    """The reading end. May be opened before the journal exists: it is empty until then."""

    def __init__(self, path: Path, keys: Keys | None = None) -> None:
        self._path = path
        self._keys = keys
        self._environment: Environment | None = None
        self._looked_at = -_IDENTITY_SECS
        self._rotation = Rotation()
        self._tables: dict[str, Any] = {}
        self._receivers: dict[int, str] = {}
        self._forget()

    @classmethod
    def open(cls, path: Path, keys: Keys | None = None) -> Self:
        """`keys` open bodies that are encrypted.

        Raises:
            StorageError: there is a journal, but of a foreign format.
        """
        reader = cls(path, keys)
        reader._current()
        return reader

    @property
    def path(self) -> Path:
        """The journal's directory: a second reader, for another thread, opens there."""
        return self._path

    @property
    def id(self) -> str | None:
        """The journal's id; None before the first start of its writer."""
        environment = self._current()
        return environment.id if environment else None

    def heads(self) -> Mapping[str, Head]:
        """Every domain that ever had an entry. Cheap to poll: nothing is read until a commit has happened."""
        environment = self._current()
        if environment is not None and self._may_have_changed(environment):
            with self._snapshot(environment):
                pass
        return self._heads

    def counts(self) -> Counts:
        """(domain, component, outcome) → records since the journal was made."""
        environment = self._current()
        if environment is None:
            return Counts()
        with environment.read() as txn:
            rows = [(parse_count_key(key), NUMBER.unpack(row)[0]) for key, row in txn.cursor(db=self._tables[COUNTS])]
            domains = self._names(txn, DOMAINS, DOMAIN_KEY)
        return Counts(
            {(domains[domain], component, outcome): records for (domain, component, outcome), records in rows}
        )

    def size(self) -> JournalSize:
        """How full it is, and how old its oldest entry."""
        environment = self._current()
        if environment is None:
            return JournalSize()
        received = []
        with self._snapshot(environment) as txn:
            cursor = self._cursor(txn)
            for name, number in self._numbers.items():
                first = entry_key(number, 0)
                if cursor.set_range(first) and cursor.key()[:4] == first[:4]:
                    received.append(header_at(cursor, number, self._tally(name)).received_unix_ms)
            entries = sum(head.entries for head in self._heads.values())
        return JournalSize(environment.bytes_in_use(), environment.budget_bytes, entries, min(received, default=0))

    def pending(self, after: Mapping[str, int], domains: Collection[str] | None = None) -> Behind:
        """What waits behind the cursors (domain → last offset done; missing = 0), all receivers together."""
        entries = records = size = 0
        received = []
        for _, tally, header in self._behind(after, domains):
            entries += tally.entries_in - header.entries_before
            records += tally.records_in - header.records_before
            size += tally.bytes_in - header.bytes_before
            received.append(header.received_unix_ms)
        return Behind(entries, records, size, min(received, default=0))

    def unread(self, after: Mapping[str, int]) -> dict[str, int]:
        """Domain → records behind the cursors, of those that have any."""
        return {name: tally.records_in - header.records_before for name, tally, header in self._behind(after)}

    def read(
        self,
        after: Mapping[str, int],
        domains: Collection[str] | None,
        receivers: Collection[str],
        max_bytes: int,
        max_records: int,
        *,
        begun: Mapping[str, tuple[int, int]] | None = None,
        cut: bool = False,
    ) -> Taken:
        """The next entries by deficit round robin over the domains: a domain with a large backlog or large payloads
        gets no more bytes than its neighbours.

        Args:
            after: domain → the last offset done; a missing domain starts at its first entry.
            domains: those to read; None = all.
            receivers: ids whose entries are wanted; others are passed over.
            max_bytes: about how much to take, in the price of entries; one is taken even if it is dearer.
            max_records: as `max_bytes`, in records.
            begun: domain → (offset, records) of an entry that was taken in part: the rest of it is the first to come.
            cut: take large entries in pieces (`rotation.bite`).

        Raises:
            Damaged: entries can't be found, and there is nothing else to read. One that is found, but is not what was
                accepted, is among the others (`Entry.damaged`).
        """
        taken = Taken(max_bytes, max_records)
        heads = self.heads()
        environment = self._environment
        waiting = [
            name
            for name, head in heads.items()
            if head.entries and head.last_offset > after.get(name, 0) and (domains is None or name in domains)
        ]
        if environment is None or not waiting:
            return taken
        with self._snapshot(environment) as txn:
            self._receivers = self._names(txn, RECEIVERS, RECEIVER_KEY)
            streams = {
                name: self._entries(self._cursor(txn), environment.id, name, after.get(name, 0), receivers, taken)
                for name in waiting
            }
            for name, place in (begun or {}).items():
                if name in streams:
                    streams[name] = from_within(streams[name], *place)
            taken.left = self._rotation.take(streams, taken, max_bytes, max_records, cut=cut)
        if taken.broken and not taken.through:  # what else there is goes on
            raise Damaged(damaged(self._path, taken.broken))
        taken.open_with(self._keys)
        taken.note_begun()
        return taken

    def close(self) -> None:
        """Let go of the files; safe twice."""
        if self._environment is not None:
            self._environment.close()
            self._environment = None

    def _entries(
        self, cursor: Any, journal: str, domain: str, after: int, receivers: Collection[str], taken: Taken
    ) -> Iterator[Entry]:
        """A domain's wanted entries behind `after`; whoever asks for one takes it."""
        number, tally = self._numbers[domain], self._tallies[domain]
        found = cursor.set_range(entry_key(number, after + 1))
        passed_over = 0
        while passed_over < _MAX_PASSED_OVER and after < tally.last_offset:
            owner, offset = ENTRY_KEY.unpack_from(cursor.key()) if found else (-1, 0)
            if owner != number or not after < offset <= tally.last_offset:
                taken.broken = f"entries of {domain} behind {after} are not where they were"
                return
            first = cursor.value()
            header = EntryHeader.parse(first, number, offset)
            known = header or inferred(cursor, number, offset, tally)
            receiver = self._receivers.get(known.receiver) or next(iter(self._receivers.values()))
            taken.through[domain] = after = offset
            if receiver in receivers:
                body, whole = _body(cursor, ENTRY_KEY.pack(number, offset), first, known)
                is_sealed = whole and header is not None and header.sealed
                client = provenance = ""
                if whole and header and header.with_client and not is_sealed:
                    body, client, provenance = parted(body)
                if is_sealed and header is not None and header.with_client:
                    taken.with_client.add((domain, offset))
                records = known.records
                yield Entry(
                    journal, offset, domain, receiver, body, records, known.received_unix_ms, known.digest,
                    cost_from(known.length, records, known.dearness),
                    damaged=not (header and whole and header.kind in _KINDS),
                    made=header.kind if header and header.kind != PayloadKind.TEXT else 0,
                    text=header is not None and header.kind == PayloadKind.TEXT,
                    client=client,
                    sealed=is_sealed,
                    provenance=provenance,
                )  # fmt: skip
                found = bool(cursor.key())
            else:
                passed_over += 1
                found = cursor.set_range(entry_key(number, offset + 1))

    def _behind(
        self, after: Mapping[str, int], domains: Collection[str] | None = None
    ) -> Iterator[tuple[str, Tally, EntryHeader]]:
        """Each domain with entries behind its cursor, what it had taken in until now, and until the first of them."""
        environment = self._current()
        if environment is None:
            return
        with self._snapshot(environment) as txn:
            cursor = self._cursor(txn)
            for name, number in self._numbers.items():
                if domains is not None and name not in domains:
                    continue
                first = entry_key(number, after.get(name, 0) + 1)
                if cursor.set_range(first) and cursor.key()[:4] == first[:4]:
                    tally = self._tally(name)
                    yield name, tally, header_at(cursor, number, tally)

    def _current(self) -> Environment | None:
        """The environment, opened when it appears and again when the directory was wiped."""
        now = time.monotonic()
        if self._environment is not None and now - self._looked_at < _IDENTITY_SECS:
            return self._environment
        self._looked_at = now
        if self._environment is not None and not self._environment.is_current():
            self.close()
        if self._environment is None:
            self._open()
        return self._environment

    def _open(self) -> None:
        self._forget()
        environment = Environment.open(self._path, KIND, FORMAT_VERSION, OLDEST_FORMAT)
        if environment is None:
            return
        there = environment.tables
        self._tables = environment.dbs(name for name in TABLES if name != STATE)
        missing = None in self._tables.values()
        if there > len(TABLES) - missing:
            environment.close()
            raise Damaged(damaged(self._path, "a table has lost its name"))
        if missing:  # its writer is in the middle of its first start
            environment.close()
            return
        self._environment = environment

    def _forget(self) -> None:
        self._transaction, self._read_at = -1, 0.0
        self._heads: dict[str, Head] = {}
        self._tallies: dict[str, Tally] = {}
        self._numbers: dict[str, int] = {}

    def _may_have_changed(self, environment: Environment) -> bool:
        """Whether to look: a commit happened, or the last look is too long ago to be trusted."""
        return environment.last_transaction() != self._transaction or time.monotonic() - self._read_at >= _TRUST_SECS

    @contextmanager
    def _snapshot(self, environment: Environment) -> Iterator[Any]:
        """One transaction, with heads and numbers that are its own.

        They are kept under the number of the snapshot that they were read in, never under `last_transaction`, which
        may name a commit that no snapshot shows yet: equal numbers mean that nothing needs to be read again.
        """
        with environment.read() as txn:
            if txn.id() != self._transaction:
                names = self._names(txn, DOMAINS, DOMAIN_KEY)
                rows = {
                    DOMAIN_KEY.unpack(key)[0]: Tally.parse(row) for key, row in txn.cursor(db=self._tables[TALLIES])
                }
                self._numbers = {name: number for number, name in names.items()}
                if rows.keys() - names.keys():
                    raise Damaged(damaged(self._path, "a domain has no name"))
                self._tallies = {names[number]: tally for number, tally in rows.items()}
                self._heads = {name: _head(tally) for name, tally in self._tallies.items()}
                self._transaction = txn.id()
            self._read_at = time.monotonic()
            yield txn

    def _tally(self, domain: str) -> Tally:
        return self._tallies.get(domain, Tally())  # a domain of which nothing was taken in has none

    def _cursor(self, txn: Any) -> Any:
        return txn.cursor(db=self._tables[ENTRIES])

    def _names(self, txn: Any, table: str, key: Struct) -> dict[int, str]:
        return {key.unpack(number)[0]: name.decode() for number, name in txn.cursor(db=self._tables[table])}


def _head(tally: Tally) -> Head:
    return Head(
        last_offset=tally.last_offset,
        entries=tally.entries_in - tally.entries_out,
        records=tally.records_in - tally.records_out,
        bytes=tally.bytes_in - tally.bytes_out,
    )


def _body(cursor: Any, entry: bytes, first: bytes, header: EntryHeader) -> tuple[bytes, bool]:
    """The body of the entry that the cursor stands on, and whether it is what was accepted; the cursor stands behind it.

    Args:
        entry: what the keys of its chunks begin with.
        first: the chunk under the cursor.
    """
    parts = [first]
    while cursor.next() and cursor.key().startswith(entry):
        parts.append(cursor.value())
    begins = sum(map(len, parts)) - header.length
    parts[0] = first[max(0, begins) :]
    body = b"".join(parts)
    return body, begins == header.size and header.is_of(body)
