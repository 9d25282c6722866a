"""The transactions of a journal: entries in, entries that nobody needs any more out, and the counts of both."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from collector.disk.chunks import CHUNK_BYTES
from collector.disk.environment import Environment, damaged
from collector.disk.freelist import PAGE_BYTES
from collector.errors import Damaged, StorageError, Unavailable
from collector.journal.book import Book, Draft
from collector.journal.damage import header_at
from collector.journal.entry import Payload
from collector.journal.layout import ENTRIES, STATE, TABLES, entry_key
from collector.journal.positions import positions

LowWatermarks = Callable[[], Mapping[str, int]]
"""domain → the highest offset that no pipeline needs any more. Called from the journal's thread."""

_log = logging.getLogger(__name__)
_WATERMARK_SECS = 0.1
_SELDOM_SECS = 0.5
_WATERMARK_SHARE = 64  # so long as less than this part of the budget came since, nobody waits for what could be trimmed
_READER_CHECK_SECS = 60.0
_READER_CHECK_WHEN_FULL_SECS = 1.0
_TRIM_SHARE = (
    32  # one commit frees at most this part of the budget: the map's reserve must hold it until it serves again
)
_MAX_TRIM_CHUNKS = 4096


class Committer:
    """Owns the environment and its books; used by the journal's thread alone, except where noted."""

    def __init__(self, environment: Environment, low_watermarks: LowWatermarks) -> None:
        self.environment = environment
        self.trimmed_entries = 0
        self._low_watermarks = low_watermarks
        self._low: Mapping[str, int] = {}
        self._low_read_at = self._readers_checked_at = -_READER_CHECK_SECS
        self._came_bytes = 0  # since the watermarks were read
        self._tables = environment.dbs(TABLES)
        if environment.tables > len(TABLES):  # one was there, and was not found
            raise Damaged(damaged(environment.path, "a table has lost its name"))
        self._refresh_low(time.monotonic())
        self.book = Book.load(environment, max(self._low.values(), default=0))

    @property
    def max_trim_chunks(self) -> int:
        return min(_MAX_TRIM_CHUNKS, self.environment.limit_bytes // PAGE_BYTES // _TRIM_SHARE)

    def look_round(self, now: float) -> None:
        """Ask for the watermarks and clear dead readers, when it is time."""
        much = self._came_bytes > self.environment.limit_bytes // _WATERMARK_SHARE
        if now - self._low_read_at >= (_WATERMARK_SECS if much else _SELDOM_SECS):
            self.environment.check_current()
            if not self.book.empty:
                self._refresh_low(now)
        unchecked = now - self._readers_checked_at
        if unchecked >= _READER_CHECK_SECS or (unchecked >= _READER_CHECK_WHEN_FULL_SECS and self._is_pinned()):
            self._check_readers(now)

    def _is_pinned(self) -> bool:
        """Something could go, but pages that a reader holds leave no room to delete it: the reader may be dead."""
        return bool(self.book.trimmable(self._low)) and not self._may_delete(self.max_trim_chunks)

    def has_trimmable(self) -> bool:
        return bool(self.book.trimmable(self._low)) and self._may_delete(self.max_trim_chunks)

    def commit(
        self, payloads: Sequence[Payload], refused: Mapping[tuple[str, str, str], int], trim_chunks: int
    ) -> None:
        """Make it all durable, trimming at most about `trim_chunks` chunks.

        Raises:
            CommitError: the disk refused; nothing was kept.
            Unavailable: stopped readers pin so many pages that not even counts may be written.
        """
        draft = Draft(self.book)
        for payload in payloads:
            draft.add(payload)
        for (domain, component, outcome), records in refused.items():
            draft.count(domain, component, outcome, records)
        may_delete = self._may_delete(trim_chunks)
        if not payloads and not may_delete:
            raise Unavailable("a stopped reader pins the journal's pages")
        with self.environment.write() as txn:
            if may_delete:
                draft.trim(txn, self._tables[ENTRIES], self._low, trim_chunks)
            draft.write(txn, self._tables)
        self.environment.check_current()  # before anybody is told that it is kept
        self.trimmed_entries += draft.trimmed_entries
        self._came_bytes += len(draft.chunks) * CHUNK_BYTES
        self.book.adopt(draft)

    def make_room(self, now: float) -> int:
        """Near the budget: let nothing stand that could go. Returns the bytes that the next commit may add."""
        if now - self._readers_checked_at >= _READER_CHECK_WHEN_FULL_SECS:
            self._check_readers(now)
        self._refresh_low(now)
        if self.has_trimmable():
            self.commit((), {}, self.max_trim_chunks)
        return self.environment.room_bytes()

    def oldest_age_secs(self) -> float:
        """How long the oldest entry has been waiting. Any thread."""
        oldest = []
        with self.environment.read() as txn:
            cursor = txn.cursor(db=self._tables[ENTRIES])
            for domain, tally in list(self.book.tallies.items()):
                first = entry_key(domain, 0)
                if cursor.set_range(first) and cursor.key()[:4] == first[:4]:
                    header = header_at(cursor, domain, tally)
                    oldest.append(header.received_unix_ms)
        return max(0.0, time.time() - min(oldest) / 1000) if oldest else 0.0

    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """Source → position, as of the last commit. Any thread."""
        number = self.book.receivers.get(receiver)
        if number is None:
            return {}
        with self.environment.read() as txn:
            return positions(txn, self._tables[STATE], number)

    def _may_delete(self, chunks: int) -> bool:
        # Deleting copies the leaves that name the chunks before it frees anything: up to 8 small chunks stand in one.
        return self.environment.has_room(chunks * CHUNK_BYTES // 8, reserve=True)

    def _refresh_low(self, now: float) -> None:
        self._low_read_at, self._came_bytes = now, 0
        try:
            self._low = dict(self._low_watermarks())
        except StorageError as error:
            _log.warning("journal: nothing is trimmed for now: %s", error)

    def _check_readers(self, now: float) -> None:
        self._readers_checked_at = now
        dead = self.environment.reader_check()
        if dead:
            _log.info("journal: cleared %d dead readers", dead)
