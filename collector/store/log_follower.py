"""What is committed to a store's file, as pages, round after round, without a gap, from another process than its writer's.

A reading transaction is held at all times, the next one begun before the last one ends: while it is, SQLite does not begin its log
anew over frames that were not read, and writes no page of the file that the transaction can't see. (A reader to whom all of the log
is in the file lets the log begin anew once; what then stands in it is all new, and no second time, for nobody may copy it back.)

Held like this a busy log would never end, so above `MOST_FRAMES` writers wait for a moment (their write lock is taken), the log is
copied back, and the next transaction stands behind all of it. It is the work that the writer does itself where nobody follows.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from collector.errors import Replaced, StorageError
from collector.named_file import NamedFile
from collector.store.wal import Changes, Place, read_changes

MOST_FRAMES = 8000
"""32 MiB of pages: twice of what the store's own checkpoint waits for."""
_BETWEEN_CHECKPOINTS_SECS = 5.0
_BUSY_SECS = 5.0


class LogFollower:
    """One store, which exists. For one thread at a time.

    Raises:
        StorageError: the file can't be read, or is not in WAL mode.
    """

    def __init__(self, path: Path, most_frames: int = MOST_FRAMES) -> None:
        self.path = path
        self._log = path.with_name(path.name + "-wal")
        self._most_frames = most_frames
        self._name = NamedFile(path)
        self._name.opened()
        self._checkpointed_at = 0.0
        self._place = Place()
        self._reader = self._begin()
        self.take()  # what stands in the log already is in any copy that is made from now on

    def take(self) -> Changes | None:
        """What was committed since the last call; None: nothing.

        Raises:
            Replaced: another file has the name now.
            StorageError: it can't be read.
        """
        if (lost := self._name.lost()) is not None:
            raise Replaced(lost)
        successor = self._begin()
        found = self._read()
        if found is not None:
            self._await_commit()
        self._hold(successor)
        due = time.monotonic() - self._checkpointed_at >= _BETWEEN_CHECKPOINTS_SECS
        if self._place.frames > self._most_frames and due:
            found = joined(found, self._copy_back())
        return found

    def close(self) -> None:
        """Let the log go; safe twice."""
        with contextlib.suppress(sqlite3.Error):
            self._reader.close()

    def _read(self) -> Changes | None:
        found = read_changes(self._log, self._place)
        if found is not None:
            self._place = found.place
        return found

    def _await_commit(self) -> None:
        """Until what was read is there for everybody. A commit stands in the log a moment before readers see it; a copy that began in between
        would lack it, and the stream behind that copy as well. Its writer has the write lock until it is seen."""
        with contextlib.closing(self._connect()) as writer, contextlib.suppress(sqlite3.OperationalError):
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("ROLLBACK")

    def _hold(self, successor: sqlite3.Connection) -> None:
        self._reader.close()
        self._reader = successor

    def _begin(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        except sqlite3.Error as error:
            connection.close()
            raise StorageError(f"{self.path} can't be followed: {error}") from error
        return connection

    def _copy_back(self) -> Changes | None:
        """While nobody writes: read the rest, let go, copy the log into the file, hold again. Later, if others are in the way."""
        self._checkpointed_at = time.monotonic()
        with contextlib.closing(self._connect()) as writer, contextlib.closing(self._connect()) as checkpointer:
            try:
                writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return None
            try:
                found = self._read()
                self._reader.close()
                checkpointer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                self._reader = self._begin()
                writer.execute("ROLLBACK")
        return found

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        try:
            connection = sqlite3.connect(
                uri, uri=True, timeout=_BUSY_SECS, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StorageError(f"{self.path} can't be opened: {error}") from error
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection


def joined(first: Changes | None, then: Changes | None) -> Changes | None:
    """Both as one."""
    if first is None or then is None:
        return first or then
    pages = first.pages | then.pages
    return Changes(then.page_size, then.count, pages, first.frames + then.frames, then.place)
