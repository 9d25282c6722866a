"""The local copy of a partition: an LMDB environment that is given what stands in the changelog.

    <path>/data.mdb      the rows, and a mark: how far they have come
    <path>/copy.json     when they are of use: which boot of the machine wrote them (nothing is synced), and of which topics

A copy goes on where it stopped when its process died, and when the partition was elsewhere for a while. It is thrown away and made anew
when the machine was started since, when it is of other topics, when it is so old that the log may have forgotten deletions that it never
saw, or when it can't be read: all of it stands in the log.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from struct import Struct
from typing import Any, Self

import orjson

from collector.cluster.changelog import CHUNKED, FORMAT_KEY, Mark, Places, Row, row, write_part
from collector.cluster.topics import DELETIONS_MS
from collector.disk.compacting import FOLDER
from collector.disk.directory import lock_writer, make_directory
from collector.disk.environment import Environment
from collector.errors import Locked, Lost, NoRoom, StorageError, storage_error
from collector.kafka.wire import Message
from collector.ledger.tables import FORMAT_VERSION, KIND, OLDEST_FORMAT, Tables

OLDEST_COPY_MS = DELETIONS_MS // 2
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_COPY = "copy.json"
_NUMBER = Struct(">Q")
_HEADERS = {"content": "outbox", "dead_content": "dead"}
_FIRST = b"\0\0\0\0"
_BESIDE = ("attempts", "deliveries", "requests")
_log = logging.getLogger("logboom.cluster")


class Follower:
    """The copy of one partition, open for writing.

    `contents`: seq of each outbox content that it has → an offset that is not behind its records. `has_format`: what was read of the
    log said that its rows are of this version's format. Of an older one, or where that was read by a predecessor, whoever writes says it anew.
    """

    def __init__(self, environment: Environment, places: Places) -> None:
        self._places = places
        self._take(environment)

    def _take(self, environment: Environment) -> None:
        self.environment = environment
        self.contents: dict[int, int] = {}
        self.has_format = False
        opened = Tables.of(environment)
        assert opened is not None, "a writer makes the tables"
        self._tables: Mapping[str, Any] = {name: getattr(opened, name) for name in Tables.__dataclass_fields__}

    @classmethod
    def open(cls, path: Path, budget_bytes: int, places: Places, topic_ids: Sequence[str]) -> Self:
        """Take what there is, or begin anew.

        Args:
            topic_ids: what the log is known by; rows of another one are no copy of it.

        Raises:
            Locked: another process of this machine has it.
            StorageError: the files can't be made.
        """
        make_directory(path)
        _settle(path, list(topic_ids))
        try:
            return cls(_environment(path, budget_bytes), places)
        except (Locked, NoRoom):
            raise
        except StorageError as error:
            _log.warning("the local copy %s can't be used and is made anew: %s", path, error)
            _wipe(path)
            _sign(path, list(topic_ids))
            return cls(_environment(path, budget_bytes), places)

    @property
    def mark(self) -> Mark | None:
        """How far it has come; None: it is empty."""
        text = self.environment.mark
        return None if text is None else Mark.unpacked(text)

    def begin_anew(self, budget_bytes: int, topic_ids: Sequence[str]) -> None:
        """Throw it away: an empty one in its place."""
        path = self.environment.path
        self.environment.close()
        _wipe(path)
        _sign(path, list(topic_ids))
        self._take(_environment(path, budget_bytes))

    def apply(self, messages: Sequence[Message], mark: Mark) -> int:
        """Make the rows as these say, in one transaction; how many rows. Contents need their headers before them.

        Raises:
            Lost: the log is of a newer logboom. The rest of this one goes on, until it is replaced as well.
            StorageError: the disk refused.
        """
        rows, parts = self._sorted(messages)
        size = sum(len(value or b"") for changed in rows.values() for value in changed.values())
        self.environment.has_room(size + sum(len(found.value or b"") for found in parts))  # the file grows ahead of it
        with self.environment.replay(mark.packed()) as txn:
            for table, changed in rows.items():
                self._write(txn, table, changed)
            for found in parts:
                if self._belongs(txn, found):
                    write_part(txn, self._tables[found.table], found)
        return sum(map(len, rows.values())) + len(parts)

    def sweep(self) -> int:
        """Delete the contents whose headers are gone; how many."""
        swept = 0
        mark = self.environment.mark
        for table, headers in _HEADERS.items():
            with self.environment.read() as txn:
                there = list(_bases(txn, self._tables[table]))
                gone = [key for key in there if txn.get(key + _FIRST, db=self._tables[headers]) is None]
            if gone and mark is not None:
                with self.environment.replay(mark) as txn:
                    for key in gone:
                        for chunk in list(_chunks(txn, self._tables[table], key)):
                            txn.delete(chunk, db=self._tables[table])
            swept += len(gone)
            if table == "content":
                seqs = {_NUMBER.unpack(key)[0] for key in set(there) - set(gone)}
                self.contents = {seq: self.contents.get(seq, 0) for seq in sorted(seqs)}
        return swept

    def _sorted(self, messages: Iterable[Message]) -> tuple[dict[str, dict[bytes, bytes | None]], list[Row]]:
        """Rows by table, the last value of each; and parts of values, as they come."""
        rows: dict[str, dict[bytes, bytes | None]] = {}
        parts: list[Row] = []
        for message in messages:
            found = row(self._places, message)
            if found is None:
                self._check_format(message)
            elif found.table not in self._tables:
                raise Lost(f"{message.place.topic} has rows of a table that this version does not know: {found.table}")
            elif found.part < 0:
                rows.setdefault(found.table, {})[found.key] = found.value
            else:
                if found.table == "content" and found.part == 0:
                    self.contents[_NUMBER.unpack(found.key)[0]] = message.offset
                parts.append(found)
        return rows, parts

    def _check_format(self, message: Message) -> None:
        if message.key != FORMAT_KEY or message.value is None:
            return
        self.has_format = int(message.value) == FORMAT_VERSION
        if int(message.value) > FORMAT_VERSION:
            raise Lost(
                f"{message.place.topic} was written in format {message.value.decode()}; this version reads formats up to "
                f"{FORMAT_VERSION}: start no older version beside newer ones that have been at work"
            )

    def _write(self, txn: Any, name: str, changed: Mapping[bytes, bytes | None]) -> None:
        assert name not in CHUNKED, "values in chunks come in parts"
        table = self._tables[name]
        txn.cursor(db=table).putmulti(sorted((key, value) for key, value in changed.items() if value is not None))
        for key, value in changed.items():
            if value is None:
                txn.delete(key, db=table)

    def _belongs(self, txn: Any, found: Row) -> bool:
        """Whether it is wanted: of a content whose header is gone nothing need be kept."""
        headers = _HEADERS.get(found.table)
        if headers is None or found.value is None:
            return True
        return txn.get(found.key + _FIRST, db=self._tables[headers]) is not None


def _environment(path: Path, budget_bytes: int) -> Environment:
    return Environment.create(path, budget_bytes, KIND, FORMAT_VERSION, OLDEST_FORMAT, durable=False)


def _settle(path: Path, topic_ids: list[str]) -> None:
    """Throw away what is of no use."""
    lock = lock_writer(path)
    try:
        said = _said(path)
        if said is not None and said["topics"] != topic_ids:
            _clear_beside(path)
        if (path / "data.mdb").exists() and said != _says(topic_ids):
            _log.info("the local copy %s is of another start of the machine, or of other topics: it is made anew", path)
            _clear(path)
        _sign(path, topic_ids)
    finally:
        os.close(lock)


def is_of_use(path: Path) -> bool:
    """Whether the copy there was written since this machine was started: another one can't even be looked at, for nothing of it was synced."""
    said = _said(path)
    return said is not None and said["boot"] == _says([])["boot"]


def too_old(mark: Mark, now_unix_ms: int) -> bool:
    """Whether the log may have forgotten, since then, that rows were deleted."""
    return not 0 <= now_unix_ms - mark.at_unix_ms < OLDEST_COPY_MS


def _wipe(path: Path) -> None:
    lock = lock_writer(path)
    try:
        _clear(path)
    finally:
        os.close(lock)


def _clear(path: Path) -> None:
    try:
        for name in (_COPY, "data.mdb", "lock.mdb"):
            (path / name).unlink(missing_ok=True)
        shutil.rmtree(path / FOLDER, ignore_errors=True)
    except OSError as error:
        raise storage_error(f"{path}: the local copy can't be deleted", error) from error


def _clear_beside(path: Path) -> None:
    """What stands beside a ledger names what is in it, by numbers that mean something else in other topics."""
    for folder in _BESIDE:
        shutil.rmtree(path / folder, ignore_errors=True)


def _says(topic_ids: list[str]) -> dict[str, Any]:
    try:
        boot = _BOOT.read_text().strip()
    except OSError:
        boot = ""  # a system that does not say it: no copy is used again
    return {"boot": boot, "topics": topic_ids}


def _said(path: Path) -> Any:
    try:
        said = orjson.loads((path / _COPY).read_bytes())
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) and said.get("boot") else None


def _sign(path: Path, topic_ids: list[str]) -> None:
    draft = path / f".{_COPY}"
    try:
        draft.write_bytes(orjson.dumps(_says(topic_ids)))
        draft.chmod(0o600)
        draft.rename(path / _COPY)
    except OSError as error:
        raise storage_error(f"{path}: {_COPY} can't be written", error) from error


def _bases(txn: Any, table: Any) -> Iterator[bytes]:
    """The keys of a table's values: a seek for each."""
    cursor = txn.cursor(db=table)
    there = cursor.first()
    while there:
        base = bytes(cursor.key()[:-4])
        yield base
        there = cursor.set_range(base + b"\xff\xff\xff\xff")


def _chunks(txn: Any, table: Any, base: bytes) -> Iterator[bytes]:
    cursor = txn.cursor(db=table)
    there = cursor.set_range(base + _FIRST)
    while there and cursor.key()[:-4] == base:
        yield bytes(cursor.key())
        there = cursor.next()
