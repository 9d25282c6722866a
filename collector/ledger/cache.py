"""The batches that were just committed, so that delivery in the same process need not decode the outbox again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.ledger.codec import EMPTY

Content = LogBatch | Sequence[Entry]


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """How full the cache is, and how often it spared a decode."""

    used_bytes: int
    max_bytes: int
    entries: int
    hits: int
    misses: int


class ContentCache:
    """Outbox contents by `seq`, the oldest given up beyond `max_bytes`. Safe from any thread."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[int, tuple[Content, int]] = OrderedDict()
        self._used = self._hits = self._misses = 0
        self._lock = Lock()

    def put(self, seq: int, content: Content) -> None:
        """Remember `content`; one larger than the whole cache is not kept."""
        size = memory_bytes(content)
        if size > self._max_bytes:
            return
        with self._lock:
            self._forget(seq)
            self._held[seq] = (content, size)
            self._used += size
            while self._used > self._max_bytes:
                self._forget(next(iter(self._held)))

    def get(self, seq: int) -> Content | None:
        """The content, if it is still here."""
        with self._lock:
            held = self._held.get(seq)
            self._hits += held is not None
            self._misses += held is None
            return None if held is None else held[0]

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._held.clear()
            self._used = 0

    def discard(self, seq: int) -> None:
        """Forget the content of an entry that every exporter is done with."""
        with self._lock:
            self._forget(seq)

    def statistics(self) -> CacheStatistics:
        """Fill and hits since the start."""
        with self._lock:
            return CacheStatistics(self._used, self._max_bytes, len(self._held), self._hits, self._misses)

    def _forget(self, seq: int) -> None:
        _, size = self._held.pop(seq, (None, 0))
        self._used -= size


def memory_bytes(content: Content) -> int:
    """About how much memory a content holds."""
    if isinstance(content, LogBatch):
        held = 0 if content.sent is None else content.sent.size_bytes
        return held + int(sum(getattr(content, table).estimated_size() for table in EMPTY))
    return sum(len(entry.body) for entry in content)
