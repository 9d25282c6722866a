"""The rows of a partition as records of three topics, and back.

    topic     key                                value
    ledger    table ␀ row key                    the row; null: none
              table ␀ row key ▒ part             of a table whose values stand in chunks: a part of the value
              "format"                           of which format the rows are (`collector.ledger.tables`)
    outbox    seq ▒ part                         a part of an outbox content
    dead      number ▒ part                      a part of a dead letter's content

▒ part: u32, big endian. A part is a run of chunks, 900 KB at most, so that one record holds most values and none is larger than brokers take
unasked. Ledger and dead are compacted. Outbox is not, for the cleaner would write all of it again and again: what nobody waits for is deleted
from its beginning (`Changelog.trim`), and a content without a header of its own is none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

import orjson

from collector.disk.changes import Changes
from collector.disk.chunks import CHUNK_BYTES
from collector.disk.environment import CommitError
from collector.errors import Lost
from collector.kafka.wire import Admin, Fenced, Message, NewRecord, Place, Refused, Unresolved, Writer
from collector.ledger.tables import FORMAT_VERSION

CHUNKED = frozenset({"outbox", "content", "dead", "dead_content", "blobs"})
"""The tables whose values stand in chunks."""
PART_CHUNKS = 220
PART_BYTES = PART_CHUNKS * CHUNK_BYTES
FORMAT_KEY = b"format"
COMMIT_SECS = 8.0
"""What a commit may take: less than the silence after which a process is taken for dead, and than a transaction lives."""
_U32 = Struct(">I")
_U64 = Struct(">Q")


class Places(NamedTuple):
    """Where the rows of one partition stand."""

    ledger: Place
    outbox: Place
    dead: Place

    @classmethod
    def of(cls, prefix: str, number: int) -> Places:
        """Those of partition `number`, in the topics of a prefix."""
        return cls(*(Place(f"{prefix}.{name}", number) for name in cls._fields))


class Mark(NamedTuple):
    """How far a copy has come: for each place, the offset behind what it has; and when that was true."""

    offsets: Mapping[Place, int]
    at_unix_ms: int

    def packed(self) -> bytes:
        """As an environment keeps it: a short text."""
        offsets = {f"{place.topic}/{place.partition}": offset for place, offset in self.offsets.items()}
        return orjson.dumps({"offsets": offsets, "at_unix_ms": self.at_unix_ms})

    @classmethod
    def unpacked(cls, text: bytes) -> Mark:
        """What `packed` made."""
        told = orjson.loads(text)
        offsets = {}
        for name, offset in told["offsets"].items():
            topic, _, number = name.rpartition("/")
            offsets[Place(topic, int(number))] = int(offset)
        return cls(offsets, int(told["at_unix_ms"]))


class Row(NamedTuple):
    """A row, or a part of a value in chunks (`part` ≥ 0), as a record says it."""

    table: str
    key: bytes
    part: int
    value: bytes | None


def records(places: Places, changes: Changes) -> Iterator[NewRecord]:
    """What a transaction changed, as records. That a content is gone is not said: its header says it."""
    parts: dict[tuple[str, bytes, int], dict[int, bytes | None]] = {}
    for (table, key), value in changes.items():
        if table in CHUNKED:
            number = _U32.unpack(key[-4:])[0]
            parts.setdefault((table, key[:-4], number // PART_CHUNKS), {})[number] = value
        else:
            yield NewRecord(places.ledger, table.encode() + b"\0" + key, value)
    for (table, base, part), chunks in parts.items():
        value = _joined(part, chunks)
        key = base + _U32.pack(part)
        if table == "content":
            if value is not None or (part and _lives(parts, table, base)):
                yield NewRecord(places.outbox, key, value)
        elif table == "dead_content":
            yield NewRecord(places.dead, key, value)
        else:
            yield NewRecord(places.ledger, table.encode() + b"\0" + key, value)


def row(places: Places, message: Message) -> Row | None:
    """What a record says; None for what is no row."""
    assert message.key is not None, "every record of a changelog has a key"
    if message.place == places.outbox:
        return Row("content", message.key[:-4], _U32.unpack(message.key[-4:])[0], message.value)
    if message.place == places.dead:
        return Row("dead_content", message.key[:-4], _U32.unpack(message.key[-4:])[0], message.value)
    name, between, key = message.key.partition(b"\0")
    if not between:
        return None
    table = name.decode()
    if table in CHUNKED:
        return Row(table, key[:-4], _U32.unpack(key[-4:])[0], message.value)
    return Row(table, key, -1, message.value)


def write_part(txn: Any, table: Any, found: Row) -> None:
    """Put a part of a value in the place of what stands there."""
    first, last = found.part * PART_CHUNKS, (found.part + 1) * PART_CHUNKS - 1
    cursor = txn.cursor(db=table)
    there = cursor.set_range(found.key + _U32.pack(first))
    while there and found.key + _U32.pack(last) >= cursor.key() > b"":
        there = cursor.delete() and bool(cursor.key())
    if found.value is not None:
        cursor.putmulti(_cut(found.key, first, found.value))


def _cut(key: bytes, first: int, value: bytes) -> Iterator[tuple[bytes, bytes]]:
    for number, start in enumerate(range(0, len(value) or 1, CHUNK_BYTES), first):
        yield key + _U32.pack(number), value[start : start + CHUNK_BYTES]


def _joined(part: int, chunks: Mapping[int, bytes | None]) -> bytes | None:
    """A value is written whole: what is there of it in this part, from the part's beginning on."""
    there = [(number, value) for number, value in sorted(chunks.items()) if value is not None]
    first = part * PART_CHUNKS
    assert [number for number, _ in there] == list(range(first, first + len(there))), "a value was written in part"
    return b"".join(value for _, value in there) if there else None


def _lives(parts: Mapping[tuple[str, bytes, int], Mapping[int, bytes | None]], table: str, base: bytes) -> bool:
    return any(value is not None for value in parts.get((table, base, 0), {}).values())


def unix_ms() -> int:
    """Now, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Changelog:
    """What the owner of a partition publishes: the `Log` of its environment. `publish` is called under LMDB's writer lock, `trim` by anybody.

    Args:
        path: of the environment, for what is said of it.
        writer: which has claimed the partition.
        mark: how far the environment has come.
        contents: seq of each outbox content that stands in the environment → an offset that is not behind its records.
        has_format: whether the topic says that its rows are of this version's format; else the first commit does.
    """

    def __init__(
        self,
        path: Path,
        writer: Writer,
        places: Places,
        mark: Mark,
        contents: Mapping[int, int],
        *,
        has_format: bool,
        commit_secs: float = COMMIT_SECS,
        now_unix_ms: Callable[[], int] = unix_ms,
    ) -> None:
        self.places = places
        self._path = path
        self._writer = writer
        self._offsets = dict(mark.offsets)
        self._contents = dict(contents)
        self._trimmed = 0
        self._has_format = has_format
        self._commit_secs = commit_secs
        self._now_unix_ms = now_unix_ms
        self._lock = threading.Lock()

    def publish(self, changes: Changes) -> bytes:
        """See `Log.publish`."""
        put = list(records(self.places, changes))
        if not self._has_format:
            put.append(NewRecord(self.places.ledger, FORMAT_KEY, b"%d" % FORMAT_VERSION))
        ends = self._commit(put) if put else {}
        self._has_format = True
        with self._lock:
            self._note_contents(changes)
            self._offsets.update(ends)
            return Mark(self._offsets, self._now_unix_ms()).packed()

    def waits_from(self) -> int | None:
        """The offset of the outbox topic from which on something waits; None: nothing does."""
        with self._lock:
            return min(self._contents.values(), default=None)

    def trim(self, admin: Admin) -> int:
        """Delete the beginning of the outbox topic that no queue holds; up to which offset. To be called each 30 s, of no step's thread: it
        may take seconds. Raises `Unreachable`."""
        with self._lock:
            floor = min(self._contents.values(), default=self._offsets.get(self.places.outbox, 0))
        if floor > self._trimmed:
            admin.delete_before({self.places.outbox: floor})
            self._trimmed = floor
        return floor

    def close(self) -> None:
        """See `Log.close`."""
        self._writer.close()

    def _commit(self, put: Sequence[NewRecord]) -> Mapping[Place, int]:
        try:
            return self._writer.commit(put, self._commit_secs)
        except Refused as refused:
            raise CommitError(self._path, refused) from refused
        except Fenced as fenced:
            raise Lost(f"{self._path}: another owner has taken the partition: {fenced}") from fenced
        except Unresolved as unknown:
            raise Lost(f"{self._path}: nobody knows whether the last commit counts: {unknown}") from unknown

    def _note_contents(self, changes: Changes) -> None:
        """What is put now stands at the offset at which the topic ended before, or behind it."""
        begins = self._offsets.get(self.places.outbox, 0)
        for seq, there in content_changes(changes):
            if there:
                self._contents[seq] = begins
            else:
                self._contents.pop(seq, None)


def content_changes(changes: Changes) -> Iterable[tuple[int, bool]]:
    """seq of each outbox content that was put or deleted, and whether it is there now."""
    for (table, key), value in changes.items():
        if table == "content" and key.endswith(b"\0\0\0\0"):
            yield _U64.unpack(key[:8])[0], value is not None
